"""What a child process prints as errors is logged, within limits."""

import subprocess
import sys

import pytest

from separation.separator.line_reader import LineReader

CHILD = "import sys; sys.stderr.write({errors!r} * {times}); sys.stderr.flush(); print('answer')"


def read(errors: str, times: int = 1) -> LineReader:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(errors=errors, times=times)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    reader = LineReader(process.stdout, process.stderr)
    assert reader.read(60) == b"answer"
    process.wait(60)
    return reader


def test_lines_of_errors_are_logged_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "separation.separator.line_reader")
    reader = read("first ñ\n\nsecond\nunfinished")
    assert reader.last_errors().endswith("unfinished")
    reader.close()
    assert caplog.messages == ["separator process: first ñ", "separator process: second"]


def test_a_flood_of_errors_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "separation.separator.line_reader")
    reader = read(f"{'x' * 600}\n", 300)
    reader.last_errors()
    reader.close()
    assert len(caplog.messages) == 200
    assert {len(message) for message in caplog.messages} == {len("separator process: ") + 500}
