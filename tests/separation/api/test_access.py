"""Who may do what: every route that names a row, for everybody, on something shared and something private."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tokens import pair_for
from catalog.curation.editing import edit
from catalog.models import Change, Track, Visibility, Wish
from catalog.social import setlists
from config import api_urls
from practice.models import Loop
from tests.factories import make_separation, make_track

PEOPLE = ("visitor", "closed", "owner", "other", "staff")

# What is answered to: a visitor, a closed account's token, the owner, another account, staff.
Answers = dict[str, tuple[int, int, int, int, int]]
READ: Answers = {"shared": (200, 401, 200, 200, 200), "private": (404, 401, 200, 404, 404)}
ACCOUNT: Answers = {"shared": (401, 401, 200, 200, 200), "private": (401, 401, 200, 404, 404)}
CURATE: Answers = {"shared": (401, 401, 200, 403, 200), "private": (401, 401, 200, 404, 404)}
REMOVE: Answers = {"shared": (401, 401, 204, 403, 204), "private": (401, 401, 204, 404, 404)}
WITHDRAW: Answers = {"shared": (401, 401, 204, 403, 403), "private": (401, 401, 204, 404, 404)}
LIKE: Answers = {"shared": (401, 401, 204, 204, 204), "private": (401, 401, 204, 404, 404)}
CREATE: Answers = {"shared": (401, 401, 201, 201, 201), "private": (401, 401, 201, 404, 404)}
JOIN: Answers = dict.fromkeys(("shared", "private"), (401, 401, 200, 200, 200))
LEAVE: Answers = dict.fromkeys(("shared", "private"), (401, 401, 204, 204, 204))
FULFIL: Answers = {"shared": (401, 401, 200, 403, 200), "private": (401, 401, 409, 404, 404)}
CHANGE: Answers = {"shared": (401, 401, 403, 403, 200), "private": (401, 401, 403, 404, 404)}
MERGE: Answers = {"shared": (401, 401, 403, 403, 400), "private": (401, 401, 403, 404, 404)}
REPORT: Answers = {"shared": (401, 401, 201, 201, 201), "private": (401, 401, 409, 404, 404)}
# No model is installed that takes it.
FURTHER: Answers = {"shared": (401, 401, 409, 409, 409), "private": (401, 401, 409, 404, 404)}
OWN: Answers = dict.fromkeys(("shared", "private"), (401, 401, 200, 404, 404))
OWN_ADD: Answers = dict.fromkeys(("shared", "private"), (401, 401, 201, 404, 404))
OWN_REMOVE: Answers = dict.fromkeys(("shared", "private"), (401, 401, 204, 404, 404))
BY_LINK: Answers = dict.fromkeys(("shared", "private"), (200, 401, 200, 200, 200))

KINDS = ("artist", "album", "track")

ROUTES: list[tuple[str, str, dict[str, Any], Answers]] = [
    ("get", "artists/{artist}/", {}, READ),
    ("get", "albums/{album}/", {}, READ),
    ("get", "tracks/{track}/", {}, READ),
    ("patch", "tracks/{track}/", {"title": "Another"}, CURATE),
    ("delete", "tracks/{track}/", {}, REMOVE),
    ("post", "tracks/{track}/plays/", {}, READ),
    ("post", "tracks/{track}/separations/", {"model": "compact:2stems"}, ACCOUNT),
    ("patch", "artists/{artist}/", {"sort_name": "Another"}, CHANGE),
    ("patch", "albums/{album}/", {"year": "1999"}, CHANGE),
    *(("post", f"{kind}s/{{{kind}}}/merge/", {"into": f"{{{kind}}}"}, MERGE) for kind in KINDS),
    *(("get", f"{kind}s/{{{kind}}}/history/", {}, ACCOUNT) for kind in KINDS),
    ("post", "changes/{change}/undo/", {}, CURATE),
    ("post", "tracks/{track}/reports/", {"reason": "other"}, REPORT),
    ("put", "tracks/{track}/like/", {}, LIKE),
    ("delete", "tracks/{track}/like/", {}, LIKE),
    ("get", "tracks/{track}/practice/", {}, READ),
    ("get", "tracks/{track}/beats/", {}, READ),
    ("put", "tracks/{track}/beats/", {"revision": 0, "anchors": [], "bars": []}, CURATE),
    ("get", "tracks/{track}/beats/history/", {}, ACCOUNT),
    ("get", "tracks/{track}/loops/", {}, ACCOUNT),
    ("post", "tracks/{track}/loops/", {"name": "Solo", "from": "0", "to": "0.1"}, CREATE),
    ("patch", "tracks/{track}/loops/{loop}/", {"name": "Bridge"}, OWN),
    ("delete", "tracks/{track}/loops/{loop}/", {}, OWN_REMOVE),
    ("put", "tracks/{track}/preset/", {"speed": "0.8"}, ACCOUNT),
    ("delete", "tracks/{track}/preset/", {}, LIKE),
    ("post", "wishes/{wish}/voice/", {}, JOIN),
    ("delete", "wishes/{wish}/voice/", {}, LEAVE),
    ("post", "wishes/{wish}/fulfil/", {"track": "{track}"}, FULFIL),
    ("get", "setlists/{setlist}/", {}, OWN),
    ("patch", "setlists/{setlist}/", {"title": "Another"}, OWN),
    ("delete", "setlists/{setlist}/", {}, OWN_REMOVE),
    ("post", "setlists/{setlist}/entries/", {"track": "{track}"}, OWN_ADD),
    ("patch", "setlists/{setlist}/entries/{entry}/", {"note": "in D"}, OWN),
    ("delete", "setlists/{setlist}/entries/{entry}/", {}, OWN_REMOVE),
    ("get", "setlists/shared/{link}/", {}, BY_LINK),
    ("post", "lookups/", {"checksum": "{checksum}"}, ACCOUNT),
    ("get", "separations/{separation}/", {}, READ),
    ("delete", "separations/{separation}/", {}, WITHDRAW),
    ("get", "separations/{separation}/archive/", {}, ACCOUNT),
    ("get", "separations/{separation}/mix/?vocals=0", {}, ACCOUNT),
    ("get", "separations/{separation}/rating/", {}, READ),
    ("put", "separations/{separation}/rating/", {"score": "4"}, ACCOUNT),
    ("delete", "separations/{separation}/rating/", {}, LIKE),
    ("get", "stems/{stem}/audio/?codec=mp3", {}, READ),
    ("get", "stems/{stem}/separations/", {}, READ),
    ("post", "stems/{stem}/separations/", {}, FURTHER),
    ("get", "stems/{stem}/peaks/", {}, READ),
    ("get", "stems/{stem}/segments/0/", {}, READ),
]


def signed_in(who: str, owner: User) -> APIClient:
    """A client with a real token, or none."""
    client = APIClient()
    if who == "visitor":
        return client
    person = owner
    if who != "owner":
        person = User.objects.create_user(f"{who}@example.org", "a long enough one")
        person.is_staff = person.is_superuser = who == "staff"
        person.save()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair_for(person)['access']}")
    if who == "closed":
        User.objects.filter(pk=person.pk).update(is_active=False)
    return client


def call(client: APIClient, method: str, route: str, body: dict[str, Any], names: dict[str, Any]) -> Any:
    sent = {key: value.format(**names) if isinstance(value, str) else value for key, value in body.items()}
    answer = getattr(client, method)(f"/api/v1/{route.format(**names)}", sent if method != "get" else None)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer


def own(track: Track, number: int) -> dict[str, Any]:
    """A wish of nobody; of the track's owner a setlist with it, a loop in it and a change of it."""
    assert track.owner is not None
    edit(track, track.owner, {"genre": "Folk"})
    setlist = setlists.make(track.owner, "Friday")
    setlists.share(setlist, by_link=True)
    return {
        "change": Change.objects.get(target_id=track.pk).pk,
        "wish": Wish.objects.create(title=f"Wish {number}").pk,
        "setlist": setlist.pk,
        "entry": setlists.add(setlist, track).pk,
        "link": setlist.link,
        "loop": Loop.objects.create(user=track.owner, track=track, name="Solo", start=0, stop=0.1).pk,
    }


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("visibility", Visibility)
def test_status_of_every_route_for_everybody(user: User, visibility: Visibility, who: str) -> None:
    client = signed_in(who, user)
    found, wanted = {}, {}
    for number, (method, route, body, answers) in enumerate(ROUTES):
        track = make_track(
            user, artist=f"Artist {number}", album="Orilla", visibility=visibility, seconds=0.1
        )
        separation = make_separation(track, asked_by=user, stored=True)
        stem = separation.stems.get(name="vocals")
        names = {
            "artist": track.artist_id,
            "album": track.album_id,
            "track": track.pk,
            "separation": separation.pk,
            "stem": stem.pk,
            "checksum": track.audio.checksum,
            **own(track, number),
        }
        answer = call(client, method, route, body, names)
        key = f"{method} {route}"
        found[key], wanted[key] = answer.status_code, answers[visibility][PEOPLE.index(who)]
        if answer.status_code == 404:
            unknown: dict[str, Any] = {name: uuid.uuid4() for name in names} | {"checksum": "0" * 64}
            assert answer.content == call(client, method, route, body, unknown).content
    assert found == wanted


def test_every_route_with_an_id_is_covered() -> None:
    tested = {route.partition("?")[0].replace("/0/", "/{n}/") for _method, route, _body, _answers in ROUTES}
    there = set()
    for pattern in api_urls.urlpatterns:
        path = str(pattern.pattern)
        if "<" in path:
            kind = path.partition("s/")[0].replace("wishe", "wish")
            path = path.replace("<str:pk>", f"{{{kind}}}").replace("<int:number>", "{n}")
            path = path.replace("<str:loop>", "{loop}")
            there.add(path.replace("<str:entry>", "{entry}").replace("<slug:link>", "{link}"))
    assert there == tested - {"lookups/"}
