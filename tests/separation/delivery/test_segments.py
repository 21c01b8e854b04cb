"""The pieces that players fetch, cut from stored stems of every origin."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from accounts.models import User
from audio.flac import SEGMENT_SAMPLES, FromSndfile, SegmentedFile
from catalog.errors import CatalogError
from catalog.models import AudioFile, Upload
from catalog.storage import backend
from separation.delivery.segments import segment, segment_count
from separation.models import Stem
from tests.factories import make_audio, make_separation, make_track
from tests.songs import RATE, song

SECONDS = 2.2 * SEGMENT_SAMPLES / RATE


def decoded(content: bytes) -> Any:
    samples, rate = soundfile.read(io.BytesIO(content), dtype="int16")
    assert rate == RATE
    return samples


def keep(audio: AudioFile, path: Path) -> None:
    """Make the file at ``path`` the one that ``audio`` names."""
    AudioFile.objects.filter(pk=audio.pk).update(size=path.stat().st_size)
    backend.store(path, audio.key)
    audio.refresh_from_db()


@pytest.fixture
def stem(user: User, tmp_path: Path) -> Stem:
    """A stem of three segments, stored as the separator stores stems; its set was made quieter."""
    separation = make_separation(make_track(user))
    separation.gain = 0.5
    separation.save()
    audio = make_audio(SECONDS)
    file = FromSndfile(SegmentedFile(tmp_path / "stem.flac", 3, 0.5))
    with soundfile.SoundFile(file, "w", RATE, 2, "PCM_16", format="FLAC") as sound:
        sound.write(song(SECONDS, seed=20))
    file.close()
    keep(audio, tmp_path / "stem.flac")
    return Stem.objects.create(separation=separation, name="other", position=2, audio=audio, peaks=b"")


@pytest.mark.parametrize("origin", ["ours", "other", "brought"])
def test_segments_join_to_the_stem_bit_for_bit(stem: Stem, tmp_path: Path, origin: str) -> None:
    audio = stem.audio
    with backend.local_copy(audio.key) as path:
        whole = decoded(path.read_bytes())
    if origin == "other":  # says nothing about segments
        backend.delete(audio.key)
        soundfile.write(tmp_path / "other.flac", whole, RATE, "PCM_16")
        keep(audio, tmp_path / "other.flac")
    if origin == "brought":  # not our file but somebody's: it is read in the sandbox
        track = stem.separation.mixture.tracks.get()
        Upload.objects.create(
            track=track, audio=audio, filename="x", checksum=audio.checksum, size=audio.size
        )
    assert segment_count(audio.frames) == 3
    parts = [segment(stem, n) for n in range(3)]
    assert {part.gain for part in parts} == {0.5}
    joined = [decoded(part.data) for part in parts]
    assert [len(part) for part in joined[:2]] == [SEGMENT_SAMPLES] * 2
    assert np.array_equal(np.concatenate(joined), whole)


@pytest.mark.parametrize("n", [3, -1, 10**12])
def test_segment_beyond_the_end_is_404(stem: Stem, n: int) -> None:
    with pytest.raises(CatalogError) as refused:
        segment(stem, n)
    assert (refused.value.code, refused.value.status) == ("no_segment", 404)


@pytest.mark.parametrize("known", [False, True], ids=["unread", "read before"])
@pytest.mark.parametrize("damage", ["gone", "short", "other"])
def test_segment_of_a_damaged_stem_is_file_missing(stem: Stem, damage: str, known: bool) -> None:
    if known:
        segment(stem, 1)
    path = backend.local_path(stem.audio.key)
    match damage:
        case "gone":
            path.unlink()
        case "short":
            path.write_bytes(path.read_bytes()[:-1])
        case "other":
            path.write_bytes(bytes(stem.audio.size))
    with pytest.raises(CatalogError, match="file_missing"):
        segment(stem, 1)
