"""The child can do nothing but compute, and does not outlive anybody."""

import logging
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from audio.decoding.decode import decode
from audio.errors import AudioError, ProbeFailed
from audio.probe import probe, self_test
from audio.sandbox import seccomp
from audio.sandbox.fork_server import ROOT, ForkedChild, fork_server
from audio.sandbox.process import Child
from audio.types import Limits
from tests.audio.making import RATE, noise, with_sndfile

PARENT = """
import sys, time
from pathlib import Path
from audio.types import Limits
from audio.sandbox.process import Child
with open(sys.argv[1], "rb") as source:
    child = Child("decode", source, Limits())
    child.wait_until_ready(time.monotonic() + 60)
    print(child.pid, flush=True)
    time.sleep(60)
"""
FORKING = """
import os, sys
from pathlib import Path
from audio.probe import probe
song = Path(sys.argv[1])
probe(song)
pid = os.fork()
print(probe(song).samples, flush=True)
if pid:
    sys.exit(os.waitpid(pid, 0)[1])
"""


def alive(pid: int) -> bool:
    """Whether ``pid`` runs (a zombie that nobody has reaped yet does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def gone_soon(pid: int) -> bool:
    for _ in range(500):
        if not alive(pid):
            return True
        time.sleep(0.01)
    return False


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def children(pid: int) -> set[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {int(child) for task in tasks for child in (task / "children").read_text().split()}


def is_fork_server(pid: int) -> bool:
    return b"audio.sandbox.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.fixture
def long_song(tmp_path: Path) -> Path:
    """More than fits into a pipe."""
    return with_sndfile(tmp_path / "long.wav", noise(20 * RATE), "PCM_16", "WAV")


def test_self_test_passes() -> None:
    found = self_test()
    assert all(found[name] for name in ("ffconcat", "open_file", "write_file", "socket"))
    if found["seccomp"]:
        assert all(found.values())


def test_resource_limits_alone_refuse_files_and_sockets() -> None:
    """Where the kernel has no filter, no descriptor can be added all the same."""
    attempt = """
import socket
from audio.sandbox import process as sandbox, seccomp
seccomp.install = lambda: False
assert sandbox.seal() is False
for work in (lambda: open("/etc/hostname"), socket.socket):
    try:
        work()
    except OSError:
        continue
    raise SystemExit(1)
"""
    assert subprocess.run([sys.executable, "-c", attempt], cwd=ROOT, check=False).returncode == 0


def test_unknown_machines_have_no_filter() -> None:
    assert seccomp.program_for("vax") is None
    assert seccomp.program_for("aarch64") is not None


def test_memory_limit(songs: Path) -> None:
    with pytest.raises(ProbeFailed):
        probe(songs / "song.mp3", Limits(memory_bytes=64 << 20))


def test_cpu_limit(long_song: Path) -> None:
    with long_song.open("rb") as source, Child("decode", source, Limits()) as child:
        child.wait_until_ready(time.monotonic() + 60)
        os.kill(child.pid, signal.SIGXCPU)  # what the kernel sends when the limit is reached
        with pytest.raises(ProbeFailed):
            child.read(1 << 24, time.monotonic() + 60)


def test_stopped_child_times_out(long_song: Path) -> None:
    with long_song.open("rb") as source, Child("decode", source, Limits()) as child:
        child.wait_until_ready(time.monotonic() + 60)
        os.kill(child.pid, signal.SIGSTOP)
        with pytest.raises(ProbeFailed):
            child.read(1 << 24, time.monotonic() + 0.1)
    assert not alive(child.pid)


def test_failed_start_is_reported(songs: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(ProbeFailed, match="server"):
        probe(songs / "song.mp3", Limits(memory_bytes=1 << 20))
    assert "cannot start" in caplog.text


def test_closing_the_decoder_kills_the_child(long_song: Path) -> None:
    self_test()  # so that there is a fork server
    (parent,) = (pid for pid in children(os.getpid()) if is_fork_server(pid))
    before = children(parent)
    blocks = decode(long_song)
    next(blocks)
    (pid,) = children(parent) - before
    blocks.close()
    assert not alive(pid)


def test_child_dies_with_its_parent(long_song: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(long_song)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        between = parent_of(pid)
        assert is_fork_server(between)
        parent.kill()
    assert gone_soon(pid)
    assert gone_soon(between)


def test_child_is_the_first_oom_victim(long_song: Path) -> None:
    with long_song.open("rb") as source, Child("decode", source, Limits()) as child:
        child.wait_until_ready(time.monotonic() + 60)
        assert Path(f"/proc/{child.pid}/oom_score_adj").read_text().strip() == "1000"
        status = Path(f"/proc/{child.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert os.getsid(child.pid) == child.pid
        assert "DJANGO" not in Path(f"/proc/{child.pid}/environ").read_text()


def test_answers_of_a_compromised_child_are_checked(songs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the pipe says, the parent ends in an ``AudioError``."""
    lies = [
        b"R" + b"\xff" * 64,
        b"R\x02\0\0\0\0\0\0\0{}",
        b'R\x09\0\0\0\0\0\0\0{"ok":{}}',
        b"R\x04\0\0\0\0\0\0\0oops",
        b"R\x04\0\0\0\0\0\0\0null",
        b"R",
    ]
    for lie in lies:
        pipe, writable = os.pipe()
        os.write(writable, lie)
        os.close(writable)
        liar = ForkedChild(pid=0, pipe=pipe, parent=-1)
        monkeypatch.setattr(fork_server, "spawn", lambda *_, liar=liar: liar)
        with pytest.raises(AudioError):
            probe(songs / "song.wav")


def test_fork_server_is_replaced_after_kill(songs: Path, long_song: Path) -> None:
    with long_song.open("rb") as source, Child("decode", source, Limits()) as child:
        child.wait_until_ready(time.monotonic() + 60)
        os.kill(parent_of(child.pid), signal.SIGKILL)
        assert gone_soon(child.pid)
        assert probe(songs / "song.wav").samples > 0
        with pytest.raises(ProbeFailed):
            child.read(1 << 24, time.monotonic() + 60)
    assert probe(songs / "song.wav").samples > 0


def test_stuck_fork_server_is_replaced(songs: Path, long_song: Path) -> None:
    """A stopped one answers nothing for ever: uploads must neither wait for it nor for one another."""
    with long_song.open("rb") as source, Child("decode", source, Limits()) as child:
        child.wait_until_ready(time.monotonic() + 60)
        stuck = parent_of(child.pid)
        os.kill(stuck, signal.SIGSTOP)
        assert fork_server._process
        fork_server._process._socket.settimeout(2)  # its successor may be slow to start
        with ThreadPoolExecutor(4) as pool:
            lengths = set(pool.map(lambda _: probe(songs / "song.wav").samples, range(4)))
        assert len(lengths) == 1
        assert gone_soon(stuck)
        assert gone_soon(child.pid)


def test_fork_of_the_process_starts_its_own_fork_server(songs: Path) -> None:
    """And both end: nothing keeps the output of this command open."""
    command = [sys.executable, "-c", FORKING, str(songs / "song.wav")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    counts = done.stdout.split()
    assert len(counts) == 2
    assert len(set(counts)) == 1


def test_threads_share_the_fork_server(songs: Path) -> None:
    names = ["song.wav", "song.mp3"] * 8
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda name: probe(songs / name).audio_digest, names))
    assert len(set(found)) == 2
    assert found[:2] * 8 == found


def test_decoding_has_no_thread_or_network(long_song: Path) -> None:
    with long_song.open("rb") as source, Child("decode", source, Limits()) as child:
        child.wait_until_ready(time.monotonic() + 60)
        assert len(list(Path(f"/proc/{child.pid}/task").iterdir())) == 1
        descriptors = sorted(int(entry.name) for entry in Path(f"/proc/{child.pid}/fd").iterdir())
        assert descriptors == [0, 1, 2]


def test_blocks_arrive_complete(long_song: Path) -> None:
    decoded = np.concatenate(list(decode(long_song)), axis=1)
    assert decoded.shape == (2, 20 * RATE)
    assert np.abs(decoded - noise(20 * RATE)).max() < 1e-4
