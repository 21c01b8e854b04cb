"""No page shows that somebody else has a private song: an installation with it looks like one without.

Everything that others can reach is fetched from both, as two people and a visitor, and compared byte for byte.
Only what is random in each (ids, tokens) is replaced by its place of first appearance.
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
GENERATED_PICTURE = re.compile(r'<path class="\w+" d="[^"]*"/>')  # pictures made from an id
LINK = re.compile(
    r'(?:href|action|src|data-[a-z]+)="(/[^"#]*)|"(?:http://testserver)?(/(?:api/v1|covers|tracks|artists|albums)/[^"]*)"'
)
SKIPPED = re.compile(r"^/(static|admin|accounts|api/docs|api/schema)|logout|/listen/")


class Installation:
    """One of the two; with ``has_private_song``, Ana keeps a song there that nobody else may notice."""

    def __init__(self, folder: Path, people: dict[str, User], *, has_private_song: bool) -> None:
        self.folder, self.people, self.has_private_song = folder, people, has_private_song
        self.private_track: Track | None = None

    def ingest_song(
        self,
        name: str,
        by: User,
        visibility: Visibility = Visibility.SHARED,
        *,
        seed: int = 1,
        cover: bytes | None = None,
        **tags: Any,
    ) -> Ingested:
        """Ingest a tagged song of half a second for ``by``."""
        path = self.folder / name
        encode([song(0.5, seed=seed).T], path, path.suffix[1:], None, replace(TAGS, **tags), cover)
        return ingest(path, filename=name, user=by, visibility=visibility)

    def add_private_song(self) -> None:
        """Add a private song of Ana's; separate, play, like and rate it for her."""
        ana = self.people["ana"]
        ingested = self.ingest_song(
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
        self.private_track = ingested.track
        self.separate(ingested.track, ana, START + timedelta(days=1))
        separation = ingested.track.track_separations.get().separation
        client_for(ana).put(
            f"/api/v1/separations/{separation.pk}/rating/", {"score": 1}, content_type="application/json"
        )
        Like.objects.create(user=ana, track=ingested.track)
        Track.objects.filter(pk=ingested.track.pk).update(plays=9)

    @staticmethod
    def separate(track: Track, user: User, finished: datetime) -> Separation:
        """Request a separation, and finish it unless it was finished before."""
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


def client_for(user: User | None) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    if user is not None:
        client.force_login(user)
    return client


def without_random_values(text: str) -> str:
    """Return ``text`` with each random value replaced by the number of its first appearance."""
    text = GENERATED_PICTURE.sub("", text)
    for pattern in RANDOM:
        seen: dict[str, str] = {}
        text = pattern.sub(lambda found, seen=seen: seen.setdefault(found[0], f"<{len(seen)}>"), text)  # type: ignore[misc]  # a default binds it
    return text


def crawl(client: Client) -> list[tuple[str, str]]:
    """Follow every link; return addresses and responses in that order."""
    queue = [
        *PATHS,
        *(f"{path}?q={w}" for w in WORDS for path in ("/", "/api/v1/search/", "/api/v1/artists/")),
    ]
    known = set(queue)
    found: list[tuple[str, str]] = []
    while queue and len(found) < 600:
        path = queue.pop(0)
        answer: Any = client.get(path)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        kind = answer.headers.get("Content-Type", "")
        readable = any(word in kind for word in ("html", "json", "mpegurl"))
        text = body.decode() if readable else body.hex()
        headers = {
            n: v
            for n, v in answer.headers.items()
            if n not in {"Set-Cookie", "Date", "Content-Length", "X-Request-ID"}
        }
        found.append(
            (
                without_random_values(path),
                without_random_values(f"{answer.status_code} {sorted(headers.items())} {text}"),
            )
        )
        for link in LINK.finditer(text) if readable else ():
            address = (link[1] or link[2]).replace("&amp;", "&")
            if address not in known and not SKIPPED.search(address):
                known.add(address)
                queue.append(address)
    return found


@contextmanager
def rolled_back() -> Iterator[None]:
    """Roll back what the block does to the database, and clear the cache."""
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


def pages_seen(installation: Installation, scenario: Any) -> dict[str, list[tuple[str, str]]]:
    """Return what each person sees after ``scenario``."""
    with rolled_back(), patch.object(factories, "numbers", count(1)):  # the same stems in both
        Statistics.objects.all().delete()
        with time_machine.travel(START, tick=False):
            if installation.has_private_song:
                installation.add_private_song()
        with time_machine.travel(START + timedelta(days=30), tick=False):
            scenario(installation)
            update_all_names()
            cache.clear()
            seen = {name: crawl(client_for(installation.people[name])) for name in ("ben", "cleo")}
            seen["visitor"] = crawl(client_for(None))
        return seen


def ben_adds_same_audio_privately(installation: Installation) -> None:
    """Add the same audio for Ben, privately and with other names."""
    ben = installation.people["ben"]
    ingested = installation.ingest_song("other.flac", ben, Visibility.PRIVATE, title="Canción")
    assert ingested.created
    separation = installation.separate(ingested.track, ben, START + timedelta(days=30))
    assert Rating.objects.filter(separation=separation, user=ben).count() == 0


def cleo_shares_same_audio(installation: Installation) -> None:
    """Add the same audio for Cleo, shared; only Ana has it separated."""
    assert installation.ingest_song("other.flac", installation.people["cleo"]).created


def cleo_shares_and_separates_same_audio(installation: Installation) -> None:
    cleo = installation.people["cleo"]
    ingested = installation.ingest_song("other.flac", cleo)
    installation.separate(ingested.track, cleo, START + timedelta(days=30))


def others_add_songs_of_same_names(installation: Installation) -> None:
    """Add another song of the same artist and album for Cleo, and a private one of another artist for Ben."""
    installation.ingest_song("another.flac", installation.people["cleo"], seed=2)
    own: dict[str, Any] = {
        "title": "Third",
        "artist": "Quillwright",
        "album": "Zeta",
        "year": 1999,
    }  # equal ones have no order
    with time_machine.travel(START + timedelta(days=29), tick=False):
        installation.ingest_song("third.flac", installation.people["ben"], Visibility.PRIVATE, seed=3, **own)


def others_do_nothing(installation: Installation) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    "scenario",
    [
        ben_adds_same_audio_privately,
        cleo_shares_same_audio,
        cleo_shares_and_separates_same_audio,
        others_add_songs_of_same_names,
        others_do_nothing,
    ],
)
def test_private_song_changes_no_page_of_others(
    tmp_path: Path,
    people: dict[str, User],
    scenario: Any,
) -> None:
    pages_without_song = pages_seen(Installation(tmp_path, people, has_private_song=False), scenario)
    pages_with_song = pages_seen(Installation(tmp_path, people, has_private_song=True), scenario)
    assert pages_without_song.keys() == pages_with_song.keys()
    differences = []
    for name, pages in pages_without_song.items():
        for (path, answer), (_path, other) in zip(pages, pages_with_song[name], strict=False):
            if answer != other:
                differences.append((name, path, *difference(answer, other)))
        assert [path for path, _answer in pages_with_song[name]] == [path for path, _answer in pages], (
            differences
        )
    assert not differences, "\n".join(map(str, differences))


def difference(one: str, two: str) -> tuple[str, str]:
    """Return both texts around the place where they begin to differ."""
    at = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return one[max(0, at - 60) : at + 60], two[max(0, at - 60) : at + 60]
