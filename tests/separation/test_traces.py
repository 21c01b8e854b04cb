"""Nobody sees that somebody else keeps a song privately: a world with it looks like one without.

Everything that others can reach is fetched in both worlds, as two people and a visitor, and compared byte for byte.
Only what is random in each world (ids, tokens) is replaced by its place of first appearance.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from accounts.models import User
from audio.encoding.encode import encode
from catalog.models import Like, Track, Visibility
from catalog.uploads.ingest import Ingested, ingest
from catalog.uploads.private_names import update_all_names
from separation.models import Rating, Separation, Statistics, Status, Stem
from separation.queue.requests import ask
from tests import factories
from tests.catalog.conftest import TAGS, picture
from tests.factories import make_audio
from tests.songs import song

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MODEL = "compact:2stems"
PATHS = [
    *("/", "/artists/", "/albums/", "/songs/", "/songs/?order=separated", "/songs/?order=played", "/genres/"),
    *(
        "/changes/",
        "/wishes/",
        "/statistics/",
        "/library/",
        "/library/asked/",
        "/library/liked/",
        "/notices/",
    ),
    *("/setlists/", "/upload/", "/accounts/profile/", "/artists/?letter=a", "/albums/?letter=o"),
    *("/artists/ana-rios/", "/artists/quillwright/", "/genres/secretwave/", "/genres/folk/"),
    *(f"/api/v1/{path}/" for path in ("artists", "albums", "tracks", "statistics", "models", "wishes")),
    *("/api/v1/me/", "/api/v1/me/library/", "/api/v1/me/library/?kind=asked", "/api/v1/notices/"),
    *(f"/api/v1/tracks/?ordering={name}" for name in ("created_at", "title", "artist", "album", "year")),
    *(f"/api/v1/tracks/?model={MODEL}", "/api/v1/tracks/?artist=ana-rios", "/api/v1/artists/ana-rios/"),
    *("/api/v1/tracks/?decade=1911", "/api/v1/tracks/?genre=secretwave"),
]
WORDS = (
    "ana rios",
    "orilla",
    "canción",
    "quillwright",
    "quilwright",
    "guest",
    "secretwave",
    "an",
    "zanzibar",
)
RANDOM = [
    re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
    re.compile(r"(?<=ana-rios-)[0-9a-f]{8}"),
    re.compile(r"(?<=quillwright-)[0-9a-f]{8}"),
    re.compile(r"(?<=guest-)[0-9a-f]{8}"),
    re.compile(r'(?<=csrfmiddlewaretoken" value=")[^"]+'),
    re.compile(r'(?<=nonce=")[^"]+'),
    re.compile(r"(?<='nonce-)[^']+"),
    re.compile(r"(?<=/listen/)[^/]+"),
]
DRAWN = re.compile(r'<path class="\w+" d="[^"]*"/>')  # pictures made from an id
LINK = re.compile(
    r'(?:href|action|src|data-[a-z]+)="(/[^"#]*)|"(?:http://testserver)?(/(?:api/v1|covers|tracks|artists|albums)/[^"]*)"'
)
LEFT_OUT = re.compile(r"^/(static|admin|accounts|api/docs|api/schema)|logout|/listen/")


class World:
    """One of the two: ``secret`` tells whether Ana keeps a song in it that nobody should know of."""

    def __init__(self, folder: Path, people: dict[str, User], *, secret: bool) -> None:
        self.folder, self.people, self.secret = folder, people, secret
        self.kept: Track | None = None

    def bring(
        self,
        name: str,
        by: User,
        visibility: Visibility = Visibility.SHARED,
        *,
        seed: int = 1,
        cover: bytes | None = None,
        **tags: Any,
    ) -> Ingested:
        """``by`` brings a tagged song of half a second."""
        path = self.folder / name
        encode([song(0.5, seed=seed).T], path, path.suffix[1:], None, replace(TAGS, **tags), cover)
        return ingest(path, filename=name, user=by, visibility=visibility)

    def keep(self) -> None:
        """Ana brings a song privately, has it separated, plays, likes and rates it."""
        ana = self.people["ana"]
        taken = self.bring(
            "secret.flac",
            ana,
            Visibility.PRIVATE,
            artist="ANA RIOS feat. Guest",
            album="ORILLA",
            genre="SECRETWAVE",
            year=1911,
            title="CANCION zanzibar",
            cover=picture("red"),
        )
        self.kept = taken.track
        self.separate(taken.track, ana, START + timedelta(days=1))
        separation = taken.track.track_separations.get().separation
        Client_of(ana).put(
            f"/api/v1/separations/{separation.pk}/rating/", {"score": 1}, content_type="application/json"
        )
        Like.objects.create(user=ana, track=taken.track)
        Track.objects.filter(pk=taken.track.pk).update(plays=9)

    @staticmethod
    def separate(track: Track, user: User, finished: datetime) -> Separation:
        """Ask, and do the work if it was not done before."""
        separation = ask(track, MODEL, user).separation
        if separation.status != Status.SUCCEEDED:
            done = {
                "status": Status.SUCCEEDED,
                "progress": 1.0,
                "finished_at": finished,
                "started_at": finished,
            }
            Separation.objects.filter(pk=separation.pk).update(**done)
            for position, name in enumerate(("vocals", "accompaniment")):
                audio = make_audio(track.audio.duration, stored=True)
                Stem.objects.create(
                    separation=separation, name=name, position=position, audio=audio, peaks=b"\x01"
                )
        Track.objects.filter(pk=track.pk).update(separated_at=finished)
        return separation


def Client_of(user: User | None) -> Client:  # noqa: N802  # makes one
    client = Client(headers={"Accept-Language": "en"})
    if user is not None:
        client.force_login(user)
    return client


def written(text: str) -> str:
    """``text`` with each random value replaced by the number of its first appearance."""
    text = DRAWN.sub("", text)
    for pattern in RANDOM:
        seen: dict[str, str] = {}
        text = pattern.sub(lambda found, seen=seen: seen.setdefault(found[0], f"<{len(seen)}>"), text)  # type: ignore[misc]  # a default binds it
    return text


def crawl(client: Client) -> list[tuple[str, str]]:
    """Everything that can be reached: address and answer, in the order of a walk."""
    waiting = [
        *PATHS,
        *(f"{path}?q={w}" for w in WORDS for path in ("/", "/api/v1/search/", "/api/v1/artists/")),
    ]
    known = set(waiting)
    found: list[tuple[str, str]] = []
    while waiting and len(found) < 600:
        path = waiting.pop(0)
        answer: Any = client.get(path)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        kind = answer.headers.get("Content-Type", "")
        readable = any(word in kind for word in ("html", "json", "mpegurl"))
        text = body.decode() if readable else body.hex()
        headers = {
            n: v for n, v in answer.headers.items() if n not in {"Set-Cookie", "Date", "Content-Length"}
        }
        found.append((written(path), written(f"{answer.status_code} {sorted(headers.items())} {text}")))
        for link in LINK.finditer(text) if readable else ():
            address = (link[1] or link[2]).replace("&amp;", "&")
            if address not in known and not LEFT_OUT.search(address):
                known.add(address)
                waiting.append(address)
    return found


@contextmanager
def undone() -> Iterator[None]:
    """Undo what is done to the database, and forget what is cached."""
    cache.clear()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()


@pytest.fixture
def people(db: None) -> dict[str, User]:
    with time_machine.travel(START, tick=False):
        return {
            name: User.objects.create_user(f"{name}@example.org", display_name=name)
            for name in ("ana", "ben", "cleo")
        }


def lives(world: World, then: Any) -> dict[str, list[tuple[str, str]]]:
    """What each person sees at the end of a life of ``world``."""
    with undone(), patch.object(factories, "numbers", count(1)):  # the same stems in both
        Statistics.objects.all().delete()
        with time_machine.travel(START, tick=False):
            if world.secret:
                world.keep()
        with time_machine.travel(START + timedelta(days=30), tick=False):
            then(world)
            update_all_names()
            cache.clear()
            seen = {name: crawl(Client_of(world.people[name])) for name in ("ben", "cleo")}
            seen["visitor"] = crawl(Client_of(None))
        return seen


def the_same_audio_privately(world: World) -> None:
    """Ben brings the same audio privately, with names as he writes them."""
    ben = world.people["ben"]
    taken = world.bring("other.flac", ben, Visibility.PRIVATE, title="Canción")
    assert taken.created
    separation = world.separate(taken.track, ben, START + timedelta(days=30))
    assert Rating.objects.filter(separation=separation, user=ben).count() == 0


def the_same_audio_shared(world: World) -> None:
    """Cleo brings it for everybody, and nobody has it separated but Ana."""
    assert world.bring("other.flac", world.people["cleo"]).created


def the_same_audio_shared_and_separated(world: World) -> None:
    cleo = world.people["cleo"]
    taken = world.bring("other.flac", cleo)
    world.separate(taken.track, cleo, START + timedelta(days=30))


def another_song_of_these_names(world: World) -> None:
    """Cleo brings another song of the same artist and album, Ben one of his own for himself."""
    world.bring("another.flac", world.people["cleo"], seed=2)
    own: dict[str, Any] = {
        "title": "Third",
        "artist": "Quillwright",
        "album": "Zeta",
        "year": 1999,
    }  # equal ones have no order
    with time_machine.travel(START + timedelta(days=29), tick=False):
        world.bring("third.flac", world.people["ben"], Visibility.PRIVATE, seed=3, **own)


def nothing(world: World) -> None:
    """Nobody else does anything."""


@pytest.mark.parametrize(
    "then",
    [
        the_same_audio_privately,
        the_same_audio_shared,
        the_same_audio_shared_and_separated,
        another_song_of_these_names,
        nothing,
    ],
)
def test_a_world_with_a_private_song_looks_like_one_without(
    tmp_path: Path,
    people: dict[str, User],
    then: Any,
) -> None:
    without = lives(World(tmp_path, people, secret=False), then)
    within = lives(World(tmp_path, people, secret=True), then)
    assert without.keys() == within.keys()
    told = []
    for name, pages in without.items():
        for (path, answer), (_path, other) in zip(pages, within[name], strict=False):
            if answer != other:
                told.append((name, path, *difference(answer, other)))
        assert [path for path, _answer in within[name]] == [path for path, _answer in pages], told
    assert not told, "\n".join(map(str, told))


def difference(one: str, two: str) -> tuple[str, str]:
    """Where two texts begin to differ."""
    at = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return one[max(0, at - 60) : at + 60], two[max(0, at - 60) : at + 60]
