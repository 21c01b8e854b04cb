"""Fills an empty database with a large made-up catalogue, by COPY on PostgreSQL and in one transaction on SQLite.

Rows only: what they name in storage is not there. Indexes are taken away meanwhile, which is several times faster.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.utils.text import slugify

from accounts.models import User
from benchmarks.catalogue.bulk_rows import Ids, Row, Rows, without_indexes
from benchmarks.catalogue.vocabulary import GENRES, Vocabulary
from catalog.models import (
    Album,
    Artist,
    AudioFile,
    Change,
    Credit,
    ImportedFile,
    Like,
    Notice,
    Report,
    Setlist,
    SetlistEntry,
    Track,
    Upload,
    Wish,
    WishVoice,
)
from catalog.normalization import fold, initial, sort_key, sort_name
from catalog.search.reindex import unindexed
from separation.engines import modelspec
from separation.models import Separation, SeparationRequest, Stem, TrackSeparation

CHUNK = 20_000
PEOPLE = 300
DAYS = 1_000
START = datetime.now(UTC) - timedelta(days=DAYS)

Add = dict[str, Callable[[Row], None]]


class Place(NamedTuple):
    """Where a song stands on a record, or nowhere."""

    album: str | None = None
    number: int | None = None
    year: int | None = None


class Draw(NamedTuple):
    """What chance gave a song."""

    moment: float
    seconds: float
    plays: int
    chance: list[float]


class Crowd:
    """A catalogue of so many tracks, with a tenth as many artists, some of them with thousands of songs."""

    def __init__(self, tracks: int, seed: int = 7) -> None:
        self.tracks = tracks
        self.rng = np.random.default_rng(seed)
        self.words = Vocabulary(self.rng)
        self.new_id = Ids(self.rng, 16)
        self.digest = Ids(self.rng, 32)
        self.rows = Rows()
        self.people: list[str] = []
        self.artists: list[str] = []
        self.ids: list[str] = []
        self.audio: list[str] = []

    def fill(self) -> None:
        """Into a database that has been migrated and holds no tracks."""
        self._accounts()
        with unindexed(), without_indexes():
            self._artists(max(self.tracks // 10, 1))
            self._songs()
            self._people()
            self.rows.write()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)" if connection.vendor == "postgresql" else "ANALYZE")

    def _accounts(self) -> None:
        users = [
            User(email=f"person{number}@example.org", display_name=name, password="!")  # noqa: S106  # none
            for number, (name, _key) in enumerate(self.words.artists(PEOPLE))
        ]
        self.people = [user.id.hex for user in User.objects.bulk_create(users)]

    def _artists(self, count: int) -> None:
        add = self.rows.of(
            Artist, "id", "created_at", "name", "sort_name", "key", "sort_key", "initial", "slug"
        )
        slugs: set[str] = set()
        for name, key in self.words.artists(count):
            pk, sorted_as = self.new_id(), sort_name(name)
            slug = slugify(key)[:70] or "artist"
            slug = f"{slug}-{pk[:8]}" if slug in slugs else slug
            slugs.add(slug)
            place = sort_key(sorted_as)
            add((pk, str(START)[:19], name, sorted_as, key, place, initial(place), slug))
            self.artists.append(pk)
        self.rows.write()

    def _songs(self) -> None:
        """Tracks with all that hangs on them. Every artist has one; how many more goes by a power of the rank."""
        count, rng = self.tracks, self.rng
        weights = (np.arange(len(self.artists)) + 6.0) ** -0.75
        of = rng.choice(len(self.artists), count, p=weights / weights.sum())
        of[: len(self.artists)] = np.arange(len(self.artists))
        albums = self._albums(of)
        chance = rng.random((count, 6)).tolist()
        moments = (np.sort(rng.random(count)) * DAYS * 86_400).tolist()
        lengths = np.clip(rng.normal(225, 60, count), 20, 3_000).round(2).tolist()
        plays = rng.pareto(0.9, count).clip(0, 2_000_000).astype(int).tolist()
        writers = self._writers()
        for number, performer in enumerate(rng.permutation(of).tolist()):
            place = albums[performer].pop() if albums[performer] else Place()
            self._song(
                writers,
                performer,
                place,
                Draw(moments[number], lengths[number], plays[number], chance[number]),
            )
            if number % CHUNK == CHUNK - 1:
                self.rows.write()
        self.rows.write()

    def _albums(self, of: "np.ndarray[Any, Any]") -> dict[int, list[Place]]:
        """Places on records for four of five songs of each artist."""
        names = (
            "id",
            "created_at",
            "title",
            "key",
            "sort_key",
            "initial",
            "artist",
            "year",
            "compilation",
            "cover",
        )
        add = self.rows.of(Album, *names)
        places: dict[int, list[Place]] = defaultdict(list)
        for performer, songs in enumerate(np.bincount(of, minlength=len(self.artists)).tolist()):
            left, keys = songs * 4 // 5, set[str]()
            while left:
                title = self.words.title()
                key = fold(title)
                if key in keys:
                    title, key = f"{title} {len(keys)}", f"{key} {len(keys)}"
                keys.add(key)
                size = min(left, 4 + int(self.rng.integers(0, 12)))
                pk, year = self.new_id(), 1955 + int(self.rng.integers(0, 70))
                cover = f"covers/{pk}.jpg" if year % 2 else ""
                place, artist = sort_key(sort_name(title)), self.artists[performer]
                add((pk, _moment(0), title, key, place, initial(place), artist, year, 0, cover))
                places[performer] += [Place(pk, number, year) for number in range(size, 0, -1)]
                left -= size
        self.rows.write()
        return places

    def _writers(self) -> Add:
        of = self.rows.of
        return {
            "audio": of(
                AudioFile,
                *("id", "created_at", "audio_digest", "checksum", "size", "key", "container", "codec"),
                *("lossless", "sample_rate", "channels", "samples", "frames", "duration", "peak"),
            ),
            "track": of(
                Track,
                *(
                    "id",
                    "created_at",
                    "title",
                    "artist",
                    "album",
                    "track_number",
                    "genre",
                    "genre_key",
                    "year",
                ),
                *("audio", "owner", "visibility", "plays", "separated_at", "title_key"),
            ),
            "upload": of(
                Upload,
                *("id", "created_at", "user", "track", "audio", "filename", "checksum", "size", "charged"),
            ),
            "separation": of(
                Separation,
                *("id", "created_at", "mixture", "model", "revision", "status", "progress", "attempts"),
                *("queued_at", "started_at", "finished_at", "error_code"),
            ),
            "request": of(SeparationRequest, "id", "created_at", "separation", "user", "track"),
            "shown": of(TrackSeparation, "id", "created_at", "separation", "track"),
            "stem": of(Stem, "id", "created_at", "separation", "name", "position", "audio", "peaks"),
            "credit": of(Credit, "track", "artist", "position", "brought_at"),
        }

    def _song(self, add: Add, performer: int, place: Place, draw: Draw) -> None:
        pk, artist = self.new_id(), self.artists[performer]
        chance, seconds = draw.chance, draw.seconds
        title, brought, ended = (
            self.words.title(),
            _moment(draw.moment),
            _moment(draw.moment + 30 + seconds / 10),
        )
        title_key = sort_key(title)
        genre = GENRES[int(len(GENRES) * chance[0] ** 2)] if chance[0] < 0.97 else ""
        owner = self.people[int(PEOPLE * chance[1] ** 3)]
        audio, checksum, size = self._audio(add, brought, seconds, "mp3", int(seconds * 40_000))
        state = "succeeded" if chance[2] < 0.995 else "failed" if chance[2] < 0.9999 else "queued"
        shared, done = "private" if chance[3] < 0.02 else "shared", ended if state == "succeeded" else None
        place_and_kind = (place.album, place.number, genre, fold(genre), place.year)
        row = (
            pk,
            brought,
            title,
            artist,
            *place_and_kind,
            audio,
            owner,
            shared,
            draw.plays,
            done,
            title_key,
        )
        add["track"](row)
        add["upload"](
            (self.new_id(), brought, owner, pk, audio, f"{title_key[:200]}.mp3", checksum, size, size)
        )
        self.ids.append(pk)
        separation, begun = self.new_id(), _moment(draw.moment + 30)
        times = (begun, None, None) if state == "queued" else (begun, begun, ended)
        what = (_MODEL.slug, _MODEL.revision, state, float(state == "succeeded"), 1)
        add["separation"]((separation, brought, audio, *what, *times, "crashed" if state == "failed" else ""))
        add["request"]((self.new_id(), brought, separation, owner, pk))
        add["shown"]((self.new_id(), brought, separation, pk))
        for position, name in enumerate(_MODEL.stems if done else ()):
            stem, _checksum, _size = self._audio(add, ended, seconds, "flac", int(seconds * 60_000))
            add["stem"]((self.new_id(), ended, separation, name, position, stem, b"\x10\x20\x30\x40"))
        other = int(len(self.artists) * chance[5] ** 3)
        if chance[4] < 0.15 and other != performer:
            add["credit"]((pk, self.artists[other], 0, brought))

    def _audio(self, add: Add, brought: str, seconds: float, codec: str, size: int) -> tuple[str, str, int]:
        """A stored file's row: its id, the checksum and the size."""
        pk, checksum, samples = self.new_id(), self.digest(), int(seconds * 44_100)
        file = (self.digest(), checksum, size, f"audio/{checksum[:2]}/{checksum}.{codec}", codec, codec)
        sound = (int(codec == "flac"), 44_100, 2, samples, samples, seconds, 0.9)
        add["audio"]((pk, brought, *file, *sound))
        return pk, checksum, size

    def _people(self) -> None:
        """Likes, wishes, setlists, notices, what was changed and reported, files that were imported."""
        of, new_id, rng = self.rows.of, self.new_id, self.rng
        like = of(Like, "id", "created_at", "user", "track")
        notice = of(Notice, "id", "created_at", "user", "kind", "track", "text", "seen_at")
        change = of(Change, "id", "created_at", "actor", "kind", "target", "target_id", "label")
        imported = of(
            ImportedFile, "id", "created_at", "owner", "path", "size", "modified", "outcome", "track"
        )
        report = of(Report, "id", "created_at", "track", "label", "user", "reason", "text", "outcome")
        setlist = of(Setlist, "id", "created_at", "owner", "title", "link", "by_link", "changed_at")
        entry = of(SetlistEntry, "id", "created_at", "setlist", "track", "position")
        wish = of(Wish, "id", "created_at", "artist", "title", "key")
        voice = of(WishVoice, "id", "created_at", "wish", "user")
        share = max(self.tracks // PEOPLE // 3, 1)
        for person in self.people:
            for at in set(rng.integers(0, self.tracks, share).tolist()):
                when, track = _moment(float(rng.random()) * DAYS * 86_400), self.ids[at]
                like((new_id(), when, person, track))
                notice((new_id(), when, person, "separated", track, "", when if at % 20 else None))
                path = f"/music/{person}/{track}.mp3"
                imported((new_id(), when, person, path, 9_000_000, 1.7e9, "new", track))
                if at % 5 == 0:
                    change((new_id(), when, person, "edit", "track", track, "Name"))
            pk = new_id()
            setlist((pk, _moment(0), person, self.words.title()[:120], pk, 0, _moment(0)))
            for position in range(30):
                track = self.ids[int(rng.integers(0, self.tracks))]
                entry((new_id(), _moment(0), pk, track, position))
                wanted, name = new_id(), (self.words.title()[:100], self.words.title()[:100])
                wish((wanted, _moment(0), *name, f"{wanted}/{sort_key(name[1])}"))
                voice((new_id(), _moment(0), wanted, person))
                report(
                    (
                        new_id(),
                        _moment(0),
                        track,
                        name[1],
                        person,
                        "names",
                        "",
                        "open" if position else "done",
                    )
                )


_MODEL = modelspec.get("compact:2stems")


def _moment(seconds: float) -> str:
    """A time as both databases take it, in UTC."""
    return str(START + timedelta(seconds=seconds))[:19]
