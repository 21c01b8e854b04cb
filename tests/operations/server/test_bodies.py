"""Bodies: which are read, how far, and what is left of them."""

import hashlib
import json
import os
import socket
from pathlib import Path

import pytest

from operations.server.body import CHECK_EVERY_BYTES
from operations.server.leftovers import remove_leftovers
from tests.operations.server.conftest import LIMIT, Application, Running, eventually, received

SONG = os.urandom(3_000_000)


def head(path: str, length: int | None, *more: str) -> bytes:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", size, *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunked(data: bytes, step: int = 100_000) -> bytes:
    parts = [data[start : start + step] for start in range(0, len(data), step)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def until_head(one: socket.socket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = one.recv(1)
        assert part, answer
        answer += part
    return answer


def open_files(folder: Path) -> list[str]:
    """The nameless files of this process that lie in ``folder``."""
    names = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            names.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    return [name for name in names if name.startswith(str(folder))]


@pytest.mark.parametrize("length", [len(SONG), None])
def test_admitted_body_arrives_and_leaves_no_file(
    running: Running, tmp_path: Path, length: int | None
) -> None:
    body = SONG if length else chunked(SONG)
    answer = running.ask(head("/upload", length, "Connection: close") + body)
    said = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (said["size"], said["length"]) == (len(SONG), str(len(SONG)))
    assert said["sha256"] == hashlib.sha256(SONG).hexdigest()
    assert running.application.asked == [0]
    eventually(lambda: not open_files(tmp_path / "incoming"))
    assert list((tmp_path / "incoming").iterdir()) == []


def test_small_body_is_not_checked(running: Running) -> None:
    assert b'"size": 9000' in running.ask(head("/", 9000, "Connection: close") + bytes(9000))
    assert running.application.asked == []


@pytest.mark.parametrize("length", [300_000_000, None])
def test_refused_body_is_not_read_and_response_arrives(
    running: Running, tmp_path: Path, length: int | None
) -> None:
    one = running.connect(head("/nothing", length))
    for _ in range(50):  # a client that looks at the answer only when it has sent everything
        one.sendall(bytes(1_000_000))
    one.shutdown(socket.SHUT_WR)
    answer = received(one)
    assert answer.startswith(b"HTTP/1.1 413")
    assert answer.endswith(b"too large")
    assert b"Connection: close" in answer
    assert open_files(tmp_path / "incoming") == []


def test_expect_continue_is_answered_after_admission(running: Running) -> None:
    one = running.connect(head("/nothing", 300_000_000, "Expect: 100-continue"))
    assert until_head(one).startswith(b"HTTP/1.1 413")
    other = running.connect(head("/upload", len(SONG), "Expect: 100-continue", "Connection: close"))
    assert until_head(other) == b"HTTP/1.1 100 Continue\r\n\r\n"
    other.sendall(SONG)
    assert hashlib.sha256(SONG).hexdigest().encode() in received(other)
    small = running.connect(head("/", 3, "Expect: 100-continue", "Connection: close"))
    assert until_head(small) == b"HTTP/1.1 100 Continue\r\n\r\n"
    small.sendall(b"abc")
    assert b'"size": 3' in received(small)


def test_admission_is_checked_again_while_body_arrives(running: Running, tmp_path: Path) -> None:
    running.application.refuse_after = CHECK_EVERY_BYTES
    one = running.connect(head("/upload", 19_000_000) + bytes(19_000_000))
    answer = received(one)
    assert answer.startswith(b"HTTP/1.1 413")
    first, again = running.application.asked
    assert first == 0
    assert CHECK_EVERY_BYTES < again < CHECK_EVERY_BYTES + 1_000_000
    eventually(lambda: not open_files(tmp_path / "incoming"))


def test_chunked_body_is_cut_at_limit(running: Running) -> None:
    one = running.connect(head("/upload", None))
    one.sendall(chunked(bytes(LIMIT + 2_000_000)))
    assert received(one).startswith(b"HTTP/1.1 413")
    assert LIMIT < running.application.asked[-1] < LIMIT + 1_000_000


def test_chunks_of_one_byte_are_accepted(running: Running) -> None:
    answer = running.ask(head("/upload", None, "Connection: close") + chunked(SONG[:40_000], 1))
    assert hashlib.sha256(SONG[:40_000]).hexdigest().encode() in answer


@pytest.mark.parametrize("frame", [b"1;" + b"a" * 100_000, b"0\r\n" + b"X-Long: a\r\n" * 10_000])
def test_chunk_frame_size_is_limited(running: Running, frame: bytes) -> None:
    assert received(running.connect(head("/upload", None) + frame)).startswith(b"HTTP/1.1 400")


def test_uploads_are_counted_until_they_end(running: Running, tmp_path: Path) -> None:
    begun = head("/upload", 1_000_000, "X-Person: ana") + bytes(500_000)
    sending = [running.connect(begun) for _ in range(2)]
    eventually(lambda: len(open_files(tmp_path / "incoming")) == 2)
    assert b" 429 " in received(running.connect(begun))
    other = running.ask(head("/upload", 20_000, "X-Person: ben", "Connection: close") + bytes(20_000))
    assert b'"size": 20000' in other
    for one in sending:
        one.close()
    eventually(lambda: not open_files(tmp_path / "incoming"))
    last = running.ask(head("/upload", 20_000, "X-Person: ana", "Connection: close") + bytes(20_000))
    assert b'"size": 20000' in last


def test_pipelined_request_waits_for_upload(running: Running) -> None:
    one = running.connect(
        head("/a", 3)
        + b"abc"
        + head("/upload", 50_000)
        + bytes(50_000)
        + head("/b", 1, "Connection: close")
        + b"d"
    )
    answer = received(one)
    sizes = [part.split(b",")[0] for part in answer.split(b'"size": ')[1:]]
    assert sizes == [b"3", b"50000", b"1"]


def test_full_disk_is_answered(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    admission = Application._admission

    def noticing(self: Application, environ: object, body: object, start_response: object) -> list[bytes]:
        asked.append(body.disk_full)  # type: ignore[attr-defined]
        if body.disk_full:  # type: ignore[attr-defined]
            start_response("507 Insufficient Storage", [("Content-Length", "4")])  # type: ignore[operator]
            return [b"full"]
        return admission(self, environ, body, start_response)  # type: ignore[arg-type]

    monkeypatch.setattr(Application, "_admission", noticing)
    with Path("/dev/full").open("r+b", buffering=0) as full:
        monkeypatch.setattr("waitress.buffers.TempfileBasedBuffer.newfile", lambda _self: full)
        one = running.connect(head("/upload", 100_000) + bytes(100_000))
        assert received(one).startswith(b"HTTP/1.1 507")
    assert asked == [False, True]


def test_leftover_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    gone, mine, living, other = (
        tmp_path / name
        for name in (f"{2**22 + 1}-a.upload", f"{os.getpid()}-b.upload", "1-c.upload", "notes")
    )
    for path in (gone, mine, living, other):
        path.touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1-c.upload", "notes"]
