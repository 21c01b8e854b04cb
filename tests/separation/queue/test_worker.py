import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from django.db import OperationalError
from django.db.models.functions import Now
from django_q.models import OrmQ

from accounts.models import User
from catalog.storage import backend
from catalog.uploads.ingest import ingest
from separation import lifecycle
from separation.lifecycle import Lease, cancel
from separation.models import Separation, Status
from separation.queue import heartbeat, recovery, worker
from separation.queue.log_context import separation_id
from separation.queue.publish import store
from separation.queue.requests import ask
from separation.queue.separator_holder import holder
from tests.separation.queue.conftest import Asker, after
from tests.songs import RATE, loud, song

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("separator"),
    pytest.mark.usefixtures("warm"),
]


def test_separate_publishes_stems(asked: Asker, settings: Any) -> None:
    separation = asked()
    seen: list[float] = []
    assert worker.separate(separation.pk, seen.append)
    assert after(separation, settings) == (Status.SUCCEEDED, 1, "")
    assert [stem.name for stem in separation.stems.all()] == ["vocals", "accompaniment"]
    for stem in separation.stems.select_related("audio"):
        assert stem.audio.frames == separation.mixture.frames
        assert len(stem.peaks) == -(-stem.audio.frames // 4096)
        assert backend.size(stem.audio.key) == stem.audio.size
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert not worker.separate(separation.pk), "it is done"


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.zeros((50_000, 2)), id="silence"),
        pytest.param(np.full((1, 2), 0.5), id="one sample"),
        pytest.param(loud(song(14)), id="loud"),
        pytest.param(np.random.default_rng(1).choice([-1.0, 1.0], (RATE, 2)), id="full-scale noise"),
    ],
)
def test_separate_extreme_audio_publishes_stems(
    user: User, tmp_path: Path, settings: Any, sound: npt.NDArray[np.float64]
) -> None:
    settings.WORK_DIR = tmp_path / "work"
    settings.WORK_DIR.mkdir()
    settings.DISK_FLOOR_BYTES = 0
    soundfile.write(tmp_path / "song.wav", sound, RATE)
    track = ingest(tmp_path / "song.wav", filename="song.wav", user=user).track
    separation = ask(track, "compact:2stems", user).separation
    worker.separate(separation.pk)
    assert after(separation, settings) == (Status.SUCCEEDED, 1, "")
    stems = separation.stems.select_related("audio")
    parts = [soundfile.read(backend.local_path(stem.audio.key), always_2d=True)[0] for stem in stems]
    assert len(parts) == 2
    mixture = soundfile.read(tmp_path / "song.wav", always_2d=True)[0]
    np.testing.assert_allclose(
        sum(parts) / separation.gain, mixture, rtol=0, atol=4 / 32768 / separation.gain
    )


def test_run_works_on_whatever_comes_next(asked: Asker) -> None:
    first, second = asked(seed=1), asked(seed=2)
    worker.run(str(second.pk))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (Status.SUCCEEDED, Status.QUEUED)
    worker.run(str(first.pk))
    worker.run(str(first.pk))  # one task too many does no harm
    second.refresh_from_db()
    assert (second.status, second.attempts) == (Status.SUCCEEDED, 1)


def test_missing_file_fails_without_retry(asked: Asker, settings: Any) -> None:
    separation = asked()
    backend.delete(separation.mixture.key)
    worker.separate(separation.pk)
    assert after(separation, settings) == (Status.FAILED, 1, "file_missing")


def test_damaged_file_fails_without_retry(asked: Asker, settings: Any) -> None:
    separation = asked()
    backend.local_path(separation.mixture.key).write_bytes(b"not audio at all" * 1000)
    worker.separate(separation.pk)
    status, attempts, code = after(separation, settings)
    assert (status, attempts) == (Status.FAILED, 1)
    assert code in {"unsupported", "damaged", "no_audio"}


def test_missing_model_fails_without_retry(asked: Asker, settings: Any) -> None:
    separation = asked()
    Separation.objects.update(model="spleeter:5stems")
    worker.separate(separation.pk)
    assert after(separation, settings) == (Status.FAILED, 1, "model_unavailable")


def test_cancelled_work_is_killed(asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "MIN_INTERVAL_SECONDS", 0.0)
    separation = asked()

    def cancel_meanwhile(_progress: float) -> None:
        cancel(separation)

    worker.separate(separation.pk, cancel_meanwhile)
    assert after(separation, settings) == (Status.CANCELLED, 1, "")
    assert not separation.stems.exists()
    assert holder.separator is not None
    assert holder.separator.pid is None, "the separator was killed in the middle"


def kill_separator(_progress: float) -> None:
    holder.kill()


def test_crash_is_retried_until_the_third(asked: Asker, settings: Any) -> None:
    separation = asked()
    OrmQ.objects.all().delete()
    for attempt in (1, 2):
        worker.separate(separation.pk, kill_separator)
        assert after(separation, settings) == (Status.QUEUED, attempt, "crashed")
        assert OrmQ.objects.count() == attempt
    worker.separate(separation.pk, kill_separator)
    assert after(separation, settings) == (Status.FAILED, 3, "crashed")
    assert "SIGKILL" in separation.error_detail


def test_death_of_decoder_process_is_retried(asked: Asker, settings: Any) -> None:
    """The separator's own child, which decodes; it is the song's attempt, but not its end."""
    separation = asked(120.0)

    def kill_readers(progress: float) -> None:
        if progress > 0 and holder.separator and (pid := holder.separator.pid):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)

    worker.separate(separation.pk, kill_readers)
    assert after(separation, settings) == (Status.QUEUED, 1, "probe_failed")
    assert separation.crashes == 1
    worker.separate(separation.pk)
    assert after(separation, settings) == (Status.SUCCEEDED, 2, "")


def test_separator_that_does_not_start_is_no_crash(
    asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.close()
    separation = asked()
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/bin/false")
        worker.separate(separation.pk)
    assert after(separation, settings) == (Status.QUEUED, 1, "interrupted")
    assert separation.crashes == 0
    worker.separate(separation.pk)
    assert after(separation, settings) == (Status.SUCCEEDED, 2, "")


def test_drained_worker_hands_its_song_back(
    asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holder, "draining", False)
    separation = asked()
    worker.separate(separation.pk, lambda _progress: worker.drain())
    assert after(separation, settings) == (Status.QUEUED, 0, "")
    worker.run(str(separation.pk))
    assert after(separation, settings) == (Status.QUEUED, 0, ""), "and takes no other"


def test_lost_lease_publishes_nothing(asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this worker had been paused between its last heartbeat and the publication."""
    separation = asked()

    def store_and_pause(result: Any) -> None:
        store(result)
        Separation.objects.update(owner="somebody else", attempts=2)

    monkeypatch.setattr(worker, "store", store_and_pause)
    worker.separate(separation.pk)
    assert after(separation, settings) == (Status.RUNNING, 2, "")
    assert not separation.stems.exists()


def test_full_disk_costs_no_attempt(asked: Asker, settings: Any) -> None:
    separation = asked()
    settings.DISK_FLOOR_BYTES = 1 << 60
    worker.run(str(separation.pk))
    assert after(separation, settings) == (Status.QUEUED, 0, "")
    settings.DISK_FLOOR_BYTES = 0
    worker.run(str(separation.pk))  # pauses first
    assert after(separation, settings) == (Status.QUEUED, 0, "")
    assert recovery.wake_workers(0.0) == 0
    assert Separation.objects.filter(
        retry_at__gt=lifecycle.from_now(seconds=10), retry_at__lte=lifecycle.from_now(seconds=15)
    ).exists()
    Separation.objects.update(retry_at=Now())
    worker.run(str(separation.pk))
    assert after(separation, settings) == (Status.SUCCEEDED, 1, "")


def test_short_outage_of_database_costs_nothing(
    asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "MIN_INTERVAL_SECONDS", 0.0)
    calls: list[float] = []

    def away_twice(lease: Lease, progress: float, segments: int) -> bool:
        calls.append(progress)
        if len(calls) <= 2:
            raise OperationalError("database is locked")
        return extend(lease, progress, segments)

    extend = lifecycle.extend
    monkeypatch.setattr(lifecycle, "extend", away_twice)
    separation = asked(30.0)
    worker.separate(separation.pk)
    assert len(calls) > 2
    assert after(separation, settings) == (Status.SUCCEEDED, 1, "")


def test_separator_is_killed_before_its_lease_ends(
    asked: Asker, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database hangs; the separator must be dead before another worker may start."""
    settings.LEASE_SECONDS = heartbeat.MARGIN_SECONDS  # so the time to stop is now
    separation = asked(30.0)
    killed = threading.Event()
    kill = holder.kill

    def noted_kill() -> None:
        kill()
        killed.set()

    def slowly(_progress: float) -> None:
        """However fast the machine is, the song is still in work when the guard looks at the clock."""
        killed.wait(10)

    monkeypatch.setattr(holder, "kill", noted_kill)
    worker.separate(separation.pk, slowly)
    assert killed.is_set()
    assert after(separation, settings) == (Status.QUEUED, 0, "")


def test_ctrl_c_hands_the_song_back(asked: Asker, settings: Any) -> None:
    separation = asked()

    def interrupt(_progress: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker.separate(separation.pk, interrupt)
    assert after(separation, settings) == (Status.QUEUED, 0, "")


def test_missing_file_is_logged_under_the_separation(asked: Asker, settings: Any) -> None:
    lines: list[tuple[str, str]] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append((separation_id.get(), record.getMessage()))  # type: ignore[method-assign]
    worker.log.addHandler(handler)
    separation = asked()
    backend.delete(separation.mixture.key)
    try:
        worker.separate(separation.pk)
    finally:
        worker.log.removeHandler(handler)
    assert [name for name, _message in lines] == [str(separation.pk)] * 2
    assert "the file of the mixture is missing" in lines[-1][1]
    assert not separation_id.get()
