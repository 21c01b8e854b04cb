"""The separator process: what it makes, and that nothing it does or suffers harms its parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audio.decoding.decode import decode
from audio.errors import AudioError
from separation.engines.descriptors import ModelUnavailable
from separation.separator.client import Separator
from separation.separator.protocol import (
    SeparatedSet,
    SeparatorCrashed,
    SeparatorInterrupted,
    SeparatorStalled,
    SeparatorTooBig,
)
from tests.songs import RATE, loud, write_song
from tests.songs import song as make_song

ROOT = Path(__file__).resolve().parents[3]
MODEL = "compact:2stems"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("separator")


@pytest.fixture(scope="module")
def song(folder: Path) -> Path:
    return write_song(folder / "song.wav", 3)


@pytest.fixture
def separator(folder: Path) -> Iterator[Separator]:
    with Separator(models_dir=folder / "models", threads=1) as separator:
        yield separator


def ignore(fraction: float) -> None:
    """Progress that nobody follows."""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(*pids: int) -> None:
    deadline = time.monotonic() + 20
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "still alive"
        time.sleep(0.02)


def test_a_song_becomes_stems_in_a_process_that_stays_warm(
    separator: Separator, song: Path, tmp_path: Path
) -> None:
    progress: list[float] = []
    result = separator.separate(
        song, MODEL, tmp_path / "a", on_progress=progress.append, expected_samples=3 * 44_100
    )
    assert [stem.name for stem in result.stems] == ["vocals", "accompaniment"]
    assert progress == [0.0, 1.0]
    mixture, _ = soundfile.read(song)
    stems = [soundfile.read(stem.path)[0] for stem in result.stems]
    np.testing.assert_allclose(sum(stems) / result.gain, mixture, rtol=0, atol=2 / 32768)
    assert (result.samples, result.sample_rate) == (len(mixture), 44_100)

    pid = separator.pid
    again = separator.separate(song, MODEL, tmp_path / "b", on_progress=progress.append)
    assert separator.pid == pid
    assert [stem.audio_digest for stem in again.stems] == [stem.audio_digest for stem in result.stems]
    assert 0 < progress[-1] < 1  # of a song of unknown length


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "ogg"])
@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(lambda: loud(make_song(14)), id="limited"),
        pytest.param(lambda: np.clip(8 * make_song(2), -1, 1), id="hard clipped"),
        pytest.param(lambda: np.random.default_rng(1).choice([-1.0, 1.0], (RATE, 2)), id="full-scale noise"),
        pytest.param(lambda: loud(make_song(1))[:, :1], id="mono"),
        pytest.param(lambda: np.clip(8 * make_song(2), -1, 1)[20_000:21_000], id="shorter than a frame"),
        pytest.param(lambda: np.ones((1, 2)), id="one sample"),
    ],
)
def test_a_loud_song_is_separated(separator: Separator, tmp_path: Path, sound: Any, form: str) -> None:
    """What an MP3 of it decodes to lies above full scale."""
    path = tmp_path / f"loud.{form}"
    soundfile.write(path, sound(), RATE)
    mixture = np.concatenate(list(decode(path)), axis=1).T
    result = separator.separate(path, MODEL, tmp_path / "stems", on_progress=ignore)
    stems = [soundfile.read(stem.path, always_2d=True)[0] for stem in result.stems]
    assert max(np.abs(stem).max() for stem in stems) < 1
    tolerance = 4 / 32768 / result.gain
    np.testing.assert_allclose(sum(stems) / result.gain, mixture, rtol=1e-5, atol=tolerance)


def test_errors_of_the_song_or_the_model_leave_the_process_warm(
    separator: Separator, song: Path, tmp_path: Path
) -> None:
    (tmp_path / "song.mp3").write_text("no music")
    with pytest.raises(AudioError) as caught:
        separator.separate(tmp_path / "song.mp3", MODEL, tmp_path / "a", on_progress=ignore)
    assert caught.value.code == "unsupported"
    pid = separator.pid
    for slug in ("spleeter:5stems", "spleeter:nothing"):
        with pytest.raises(ModelUnavailable, match=slug):
            separator.separate(song, slug, tmp_path / "b", on_progress=ignore)
    separator.separate(song, MODEL, tmp_path / "c", on_progress=ignore)
    assert separator.pid == pid is not None


def test_a_killed_process_is_a_crash_and_the_next_call_works(
    separator: Separator, song: Path, tmp_path: Path
) -> None:
    def kill(fraction: float) -> None:
        os.kill(separator.pid or 0, signal.SIGKILL)

    with pytest.raises(SeparatorCrashed, match="SIGKILL"):
        separator.separate(song, MODEL, tmp_path / "a", on_progress=kill)
    assert separator.pid is None
    separator.separate(song, MODEL, tmp_path / "b", on_progress=ignore)


def test_death_between_songs_goes_unnoticed(separator: Separator, song: Path, tmp_path: Path) -> None:
    separator.separate(song, MODEL, tmp_path / "a", on_progress=ignore)
    os.kill(separator.pid or 0, signal.SIGKILL)
    separator.separate(song, MODEL, tmp_path / "b", on_progress=ignore)


def test_what_progress_raises_kills_the_process(separator: Separator, song: Path, tmp_path: Path) -> None:
    pids: list[int] = []

    def cancel(fraction: float) -> None:
        pids.append(separator.pid or 0)
        raise LookupError("nobody wants it any more")

    with pytest.raises(LookupError, match="nobody wants it"):
        separator.separate(song, MODEL, tmp_path / "a", on_progress=cancel)
    assert separator.pid is None
    assert not is_alive(pids[0])


def test_a_short_song_is_done_between_the_chunks_of_a_long_one(
    separator: Separator, song: Path, folder: Path, tmp_path: Path
) -> None:
    """On the same network, in the same process, and without changing a sample of either."""
    long = write_song(folder / "long.wav", 61, seed=2)
    alone = [
        separator.separate(path, MODEL, tmp_path / path.stem, on_progress=ignore) for path in (long, song)
    ]
    pid = separator.pid
    between: list[SeparatedSet] = []
    seen: list[float] = []

    def interrupt(fraction: float) -> None:
        seen.append(fraction)
        if 0 < fraction < 1 and not between:
            between.append(separator.separate(song, MODEL, tmp_path / "between", on_progress=ignore))

    result = separator.separate(
        long, MODEL, tmp_path / "interrupted", on_progress=interrupt, expected_samples=61 * 44_100
    )
    assert separator.pid == pid
    assert seen == sorted(set(seen))
    assert seen[-1] == 1
    for one, other in zip([result, *between], alone, strict=True):
        assert [stem.audio_digest for stem in one.stems] == [stem.audio_digest for stem in other.stems]


def test_what_is_wrong_with_a_song_in_between_is_not_the_other_ones_fault(
    separator: Separator, folder: Path, tmp_path: Path
) -> None:
    long = write_song(folder / "long.wav", 61, seed=2)
    (tmp_path / "song.mp3").write_text("no music")
    ended: list[str] = []

    def interrupt(fraction: float) -> None:
        if 0 < fraction < 1 and not ended:
            with pytest.raises(AudioError) as caught:
                separator.separate(tmp_path / "song.mp3", MODEL, tmp_path / "a", on_progress=ignore)
            ended.append(caught.value.code)

    result = separator.separate(long, MODEL, tmp_path / "b", on_progress=interrupt)
    assert (ended, result.samples) == (["unsupported"], 61 * 44_100)


def test_a_song_in_between_is_stopped_without_the_other_one(
    separator: Separator, song: Path, folder: Path, tmp_path: Path
) -> None:
    long = write_song(folder / "long.wav", 61, seed=2)
    stopped: list[float] = []

    def cancel(fraction: float) -> None:
        stopped.append(fraction)
        raise LookupError("nobody wants it any more")

    def interrupt(fraction: float) -> None:
        if 0 < fraction < 1 and not stopped:
            with pytest.raises(LookupError, match="nobody wants it"):
                separator.separate(long, MODEL, tmp_path / "a", on_progress=cancel)
        if fraction > 0.5 and len(stopped) == 1:
            separator.separate(song, MODEL, tmp_path / "c", on_progress=stopped.append)

    result = separator.separate(
        long, MODEL, tmp_path / "b", on_progress=interrupt, expected_samples=61 * 44_100
    )
    assert result.samples == 61 * 44_100
    assert len(stopped) > 1


def test_a_crash_in_between_ends_the_other_one_and_says_whose_it_was(
    separator: Separator, song: Path, folder: Path, tmp_path: Path
) -> None:
    long = write_song(folder / "long.wav", 61, seed=2)

    def kill(fraction: float) -> None:
        os.kill(separator.pid or 0, signal.SIGKILL)

    def interrupt(fraction: float) -> None:
        with pytest.raises(SeparatorCrashed, match="SIGKILL"):
            separator.separate(song, MODEL, tmp_path / "a", on_progress=kill)

    with pytest.raises(SeparatorInterrupted):
        separator.separate(long, MODEL, tmp_path / "b", on_progress=interrupt)
    separator.separate(song, MODEL, tmp_path / "c", on_progress=ignore)


def test_a_stopped_process_ticks_and_then_counts_as_stalled(folder: Path, song: Path, tmp_path: Path) -> None:
    ticks: list[float] = []

    def stop(fraction: float) -> None:
        ticks.append(fraction)
        os.kill(impatient.pid or 0, signal.SIGSTOP)

    with (
        Separator(models_dir=folder, stall_seconds=1) as impatient,
        pytest.raises(SeparatorStalled, match="no progress"),
    ):
        impatient.separate(song, MODEL, tmp_path, on_progress=stop, tick_seconds=0.05)
    assert len(ticks) > 2
    assert impatient.pid is None


def test_a_deadline_ends_it(separator: Separator, song: Path, tmp_path: Path) -> None:
    with pytest.raises(SeparatorStalled, match="too long"):
        separator.separate(song, MODEL, tmp_path, on_progress=ignore, deadline_seconds=0)


def test_a_model_that_does_not_fit_is_refused(folder: Path, song: Path, tmp_path: Path) -> None:
    with (
        Separator(models_dir=folder, memory_limit=50_000_000) as small,
        pytest.raises(SeparatorTooBig, match=r"needs 1\d\d MB of memory and 50 MB are available") as caught,
    ):
        small.separate(song, MODEL, tmp_path, on_progress=ignore)
    assert caught.value.permanent
    assert not list(tmp_path.iterdir())


def test_a_process_that_takes_more_memory_than_it_may_is_killed(
    folder: Path, song: Path, tmp_path: Path
) -> None:
    with Separator(models_dir=folder, memory_limit=50 << 20) as small:
        small._options["memory_limit"] = None  # nothing warned it
        with pytest.raises(SeparatorTooBig, match="50 MiB"):
            small.separate(song, MODEL, tmp_path, on_progress=ignore)
        assert small.pid is None


def test_it_dies_with_its_parent_and_takes_the_decoder_along(tmp_path: Path) -> None:
    write_song(tmp_path / "song.wav", 120)
    program = """
import os, signal, sys
from pathlib import Path
from separation.separator.client import Separator

folder = Path(sys.argv[1])
separator = Separator(models_dir=folder, threads=1)

def die(fraction):
    if fraction > 0:
        pid = separator.pid
        decoders = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        print(pid, *decoders, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

separator.separate(folder / "song.wav", "compact:2stems", folder / "stems", on_progress=die)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2
    wait_until_gone(*pids)
