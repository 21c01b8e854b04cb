import hashlib
from pathlib import Path

import pytest
import soundfile

from accounts.models import User
from catalog.models import AudioFile, Notice, Track
from catalog.storage import backend
from separation.lifecycle import Lease, cancel, claim, requeue
from separation.models import Separation, Status, Stem
from separation.queue.publish import publish, store
from separation.separator.protocol import SeparatedSet, SeparatedStem
from tests.factories import make_queued
from tests.songs import RATE, song


@pytest.fixture
def waiting(user: User) -> Separation:
    return make_queued(user, model="compact:2stems")


def taken(separation: Separation) -> Lease:
    lease = claim(separation.pk)
    assert lease is not None
    return lease


def separated(folder: Path, **seeds: int) -> SeparatedSet:
    """A result with one short stem per name; equal seeds are equal audio."""
    stems = []
    for name, seed in seeds.items():
        path = folder / f"{name}.flac"
        soundfile.write(path, song(0.2, seed=seed), RATE, subtype="PCM_16")
        content = path.read_bytes()
        digest = hashlib.sha256(str(seed).encode()).hexdigest()
        checksum = hashlib.sha256(content).hexdigest()
        stems.append(SeparatedStem(name, path, len(content), checksum, digest, 8820, 0.9, bytes(3)))
    return SeparatedSet(samples=8820, sample_rate=RATE, gain=0.5, stems=stems)


def test_publish_writes_stems_and_status_together(waiting: Separation, tmp_path: Path) -> None:
    lease = taken(waiting)
    result = separated(tmp_path, vocals=1, accompaniment=2)
    store(result)
    assert publish(lease, result)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.progress, waiting.gain) == (Status.SUCCEEDED, 1.0, 0.5)
    assert (waiting.owner, waiting.lease_until) == ("", None)
    assert [stem.name for stem in waiting.stems.all()] == ["vocals", "accompaniment"]
    notice = Notice.objects.get()
    assert (notice.user, notice.kind, notice.track) == (
        waiting.requests.get().user,
        "separated",
        Track.objects.get(),
    )
    assert Track.objects.get().separated_at is not None
    for stem, made in zip(waiting.stems.select_related("audio"), result.stems, strict=True):
        assert (stem.audio.codec, stem.audio.samples, stem.audio.frames) == ("flac", 8820, 8820)
        with backend.local_copy(stem.audio.key) as path:
            assert hashlib.sha256(path.read_bytes()).hexdigest() == stem.audio.checksum == made.checksum
        assert not made.path.exists()


def test_publish_with_lost_lease_changes_nothing(waiting: Separation, tmp_path: Path) -> None:
    lease = taken(waiting)
    result = separated(tmp_path, vocals=1, accompaniment=2)
    store(result)
    cancel(waiting)
    assert not publish(lease, result)
    waiting.refresh_from_db()
    assert waiting.status == Status.CANCELLED
    assert not Stem.objects.exists()
    assert not Notice.objects.exists()
    assert AudioFile.objects.get() == waiting.mixture


def test_publish_stores_equal_stems_once(waiting: Separation, tmp_path: Path) -> None:
    """Both are silent, for instance."""
    lease = taken(waiting)
    result = separated(tmp_path, vocals=1, accompaniment=1)
    store(result)
    assert publish(lease, result)
    first, second = waiting.stems.all()
    assert first.audio == second.audio


def test_publish_again_keeps_stem_ids_and_repairs_files(waiting: Separation, tmp_path: Path) -> None:
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        lease = taken(waiting)
        result = separated(folder, vocals=1, accompaniment=2)
        store(result)
        assert publish(lease, result)
        stems = {stem.name: stem.pk for stem in waiting.stems.all()}
        torn = backend.local_path(waiting.stems.all()[0].audio.key)
        assert torn.stat().st_size == result.stems[0].size
        torn.write_bytes(b"torn")
        assert requeue(waiting)
        assert Stem.objects.count() == 2, "they stay until they are replaced"
        assert {stem.name: stem.pk for stem in waiting.stems.all()} == stems
