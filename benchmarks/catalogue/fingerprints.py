"""Does another encoding lead to the recording, does nothing else, how long does it take among 100,000 tracks, and
what do fingerprints cost: ``python -m benchmarks fingerprints``.

Fills the database that STEMOTECA_DATABASE names, or an SQLite file of its own under the cache folder; one that was
filled before is taken as it is.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from audio.decoding.decode import decode
from audio.encoding.encode import encode
from audio.fingerprint import chromaprint, matching
from audio.probe import probe
from audio.types import Probe
from benchmarks.catalogue.tunes import tune
from benchmarks.measure import table

if TYPE_CHECKING:
    from accounts.models import User
    from catalog.models import Track

Spent = tuple[float, float]  # ms on the clock, ms of this process's CPU

RECORDINGS = 12
OTHERS = 500
RATE = 44_100
_LOW = 11_025  # Hz, what Chromaprint goes down to anyway
_CHUNK = 5_000
_FAMILIAR = 0.3  # of the made-up fingerprints' terms are those of tunes: some numbers are common in all music


def compare(tracks: int, folder: Path | None, cache: Path) -> None:
    """Print the table. ``folder`` holds recordings that take part beside the tunes."""
    if not chromaprint.version():
        sys.exit("Chromaprint is not installed.")
    user = _prepared(tracks, cache)
    recall, false, asked, taken = _recognised(folder, user)
    strangers, more = _strangers(user)
    wall, cpu = (sorted(column) for column in zip(*taken, *more, strict=True))
    table(
        ["", "measured"],
        [
            ["encodings that lead to their recording", f"{recall} of {asked} ({recall / asked:.1%})"],
            ["false matches of those", str(false)],
            [f"false matches of {OTHERS} other songs among each other", str(strangers)],
            [f"look-up among {tracks:,} tracks, ms: p50, p95, most", _spread(wall)],
            ["... CPU of this process", _spread(cpu)],
            ["CPU for each minute of sound (the first three), ms", f"{1e3 * _cost():.0f}"],
        ],
    )


def _spread(times: list[float]) -> str:
    return f"{median(times):.0f}, {times[int(0.95 * len(times))]:.0f}, {times[-1]:.0f}"


def _recognised(folder: Path | None, user: "User") -> tuple[int, int, int, list[Spent]]:
    """Encodings that found their recording, false matches, encodings in all, and the times of looking, in ms."""
    found = false = asked = 0
    taken: list[Spent] = []
    for name, sound in _recordings(folder):
        with TemporaryDirectory() as place:
            original = _kept(probe(_flac(Path(place) / "original.flac", sound)), name, user)
            for kind, path in _encodings(Path(place), sound):
                heard = probe(path)
                assert heard.audio_digest != original.audio.audio_digest, kind
                seen, spent = _asked(heard, user)
                taken.append(spent)
                asked += 1
                found += original in seen
                false += len(set(seen) - {original})
                if original not in seen:
                    print(f"not recognised: {name}, {kind}", file=sys.stderr)
        original.delete()
        original.audio.delete()
    return found, false, asked, taken


def _recordings(folder: Path | None) -> Iterator[tuple[str, NDArray[np.float32]]]:
    files = (
        sorted(path for path in folder.iterdir() if path.is_file() and path.suffix != ".md") if folder else []
    )
    for path in files[:RECORDINGS]:
        yield path.name, np.concatenate(list(decode(path)), axis=1)
    for seed in range(RECORDINGS - len(files)):
        yield f"tune {seed}", tune(seed, (60, 90, 150, 240)[seed % 4])


def _flac(path: Path, sound: NDArray[np.float32], rate: int = RATE) -> Path:
    soundfile.write(path, sound.T, rate, subtype="PCM_16")
    return path


def _encodings(place: Path, sound: NDArray[np.float32]) -> Iterator[tuple[str, Path]]:
    """Eight others than the original's."""
    lossy = [("mp3", 128), ("mp3", 320), ("ogg", 128), ("opus", 96), ("m4a", 128)]
    for codec, bitrate in lossy:
        path = place / f"{bitrate}.{codec}"
        encode([sound], path, codec, bitrate)
        yield f"{codec} {bitrate}", path
    yield (
        "48 kHz",
        _flac(place / "48.flac", resample_poly(sound, 160, 147, axis=1).astype(np.float32), 48_000),
    )
    yield "mono", _flac(place / "mono.flac", sound.mean(axis=0, keepdims=True))
    late = place / "late.mp3"
    encode([np.zeros((2, 3 * RATE), np.float32), sound], late, "mp3", 128)
    yield "3 s later, mp3 128", late


def _strangers(user: "User") -> tuple[int, list[Spent]]:
    """How many of the other songs were taken for one another."""
    from catalog.models import Track  # noqa: PLC0415  # after `django.setup`

    false = 0
    taken: list[Spent] = []
    for track in Track.objects.filter(title__startswith="tune ").select_related("audio").order_by("title"):
        seen, spent = _timed(track, user)
        taken.append(spent)
        false += len(seen)
    return false, taken


def _asked(heard: Probe, user: "User") -> "tuple[list[Track], Spent]":
    """What a file that was just brought is offered; it leaves nothing behind."""
    from django.db import transaction  # noqa: PLC0415  # after `django.setup`

    with transaction.atomic():
        answer = _timed(_kept(heard, "brought", user), user)
        transaction.set_rollback(True)
    return answer


def _timed(track: "Track", user: "User") -> "tuple[list[Track], Spent]":
    from catalog.fingerprints import similar  # noqa: PLC0415  # after `django.setup`

    started, busy = time.perf_counter(), time.process_time()
    found = similar(track, user)
    spent = 1e3 * (time.perf_counter() - started), 1e3 * (time.process_time() - busy)
    return [each.track for each in found], spent


def _kept(heard: Probe, title: str, user: "User") -> "Track":
    from catalog import fingerprints  # noqa: PLC0415  # after `django.setup`
    from catalog.models import Artist, AudioFile, Track  # noqa: PLC0415

    same = ("audio_digest", "checksum", "size", "container", "codec", "lossless", "sample_rate", "channels")
    sound = {
        "samples": heard.samples,
        "frames": heard.samples_44k,
        "duration": heard.duration,
        "peak": heard.peak,
    }
    fields = {name: getattr(heard, name) for name in same} | sound
    audio = AudioFile.objects.create(key=f"benchmark/{heard.checksum}", **fields)
    fingerprints.store(audio, heard.fingerprint or b"")
    artist = Artist.objects.get_or_create_by_name("Somebody")
    return Track.objects.create(title=title, artist=artist, audio=audio, owner=user)


def _cost() -> float:
    """CPU seconds for a minute."""
    library = chromaprint.load()
    assert library is not None
    sound, spent = tune(1, 180), []
    for _ in range(3):
        started = time.process_time()
        fingerprinter = chromaprint.Fingerprinter(library, RATE)
        for at in range(0, sound.shape[1], 65_536):
            fingerprinter.push(sound[:, at : at + 65_536])
        fingerprinter.finish()
        spent.append((time.process_time() - started) / 3)
    return median(spent)


def _prepared(tracks: int, cache: Path) -> "User":
    """Django, tables and rows, and somebody who brings songs."""
    folder = cache / (f"fingerprints-{tracks}" if "STEMOTECA_DATABASE" not in os.environ else "fingerprints")
    os.environ.setdefault("STEMOTECA_DATA", str(folder.absolute()))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "STEMOTECA_LOG_LEVEL": "WARNING"}
    import django  # noqa: PLC0415  # the environment comes first

    django.setup()
    from accounts.models import User  # noqa: PLC0415
    from catalog.management.database import migrate_database  # noqa: PLC0415
    from catalog.models import Fingerprint, Track  # noqa: PLC0415

    migrate_database()
    user, created = User.objects.get_or_create(email="listener@example.org")
    if created:
        if Track.objects.exists():
            sys.exit("This database holds another catalogue; name an empty one.")
        started = time.monotonic()
        _fill(tracks, user)
        print(f"{tracks} tracks written in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    if Fingerprint.objects.count() != tracks:
        sys.exit(
            "This database was filled with another number of tracks, or not to the end; name an empty one."
        )
    return user


def _fill(tracks: int, user: "User") -> None:
    from benchmarks.catalogue.bulk_rows import Ids, Rows, without_indexes  # noqa: PLC0415  # after `django.setup`
    from catalog.models import Artist, AudioFile, Fingerprint, FingerprintTerm, Track  # noqa: PLC0415

    tunes = [_low(seed) for seed in range(1_000, 1_000 + min(OTHERS, tracks))]
    familiar = np.array([term for values, _length in tunes for term in matching.terms(values)], np.uint32)
    rng = np.random.default_rng(3)
    new_id, digest, rows = Ids(rng, 16), Ids(rng, 32), Rows()
    artist, moment = Artist.objects.get_or_create_by_name("Somebody"), "2026-01-01 00:00:00"
    sound = ("id", "created_at", "audio_digest", "checksum", "size", "key", "container", "codec", "lossless")
    add_audio = rows.of(AudioFile, *sound, "sample_rate", "channels", "samples", "frames", "duration", "peak")
    add_track = rows.of(
        Track, "id", "created_at", "title", "title_key", "artist", "audio", "owner", "visibility"
    )
    add_print = rows.of(Fingerprint, "id", "created_at", "audio", "values", "duration")
    add_term = rows.of(FingerprintTerm, "fingerprint", "term", "position")
    with without_indexes():
        for number in range(tracks):
            if number < len(tunes):
                values, length = tunes[number]
                terms = matching.terms(values)
            else:
                values, terms, length = _made_up(rng, familiar)
            audio, name, pk = new_id(), digest(), new_id()
            title = f"{'tune' if number < len(tunes) else 'song'} {number}"
            facts = (44_100, 2, int(length * 44_100), int(length * 44_100), length, 0.9)
            add_audio((audio, moment, name, name, 9, f"audio/{name}", "mp3", "mp3", 0, *facts))
            add_track((new_id(), moment, title, title, artist.pk.hex, audio, user.pk.hex, "shared"))
            add_print((pk, moment, audio, values.tobytes(), length))
            for term, position in terms.items():
                add_term((pk, term, position))
            if number % _CHUNK == _CHUNK - 1:
                rows.write()
        rows.write()


def _low(seed: int) -> tuple[matching.Values, float]:
    """The fingerprint of a tune, and its length."""
    library = chromaprint.load()
    assert library is not None
    length = (60, 75, 90, 120)[seed % 4]
    fingerprinter = chromaprint.Fingerprinter(library, _LOW)
    fingerprinter.push(tune(seed, length, _LOW))
    return matching.parse_values(fingerprinter.finish()), float(length)


def _made_up(rng: Any, familiar: matching.Values) -> tuple[matching.Values, dict[int, int], float]:
    """A fingerprint of two or three minutes that no song has, with terms of which some are those of songs."""
    length = float(rng.uniform(120, 240))
    count = int(min(length, chromaprint.SECONDS) / chromaprint.ITEM_SECONDS) - 21
    values = rng.integers(0, 1 << 32, count, np.uint32)
    places = rng.choice(count, matching.TERMS, replace=False)
    known = places[: int(_FAMILIAR * matching.TERMS)]
    values[known] = rng.choice(familiar, len(known))
    return values, {int(values[place]): int(place) for place in places}, length
