"""Output of commands that print file names to any terminal or pipe."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper

PIPE_CLOSED = 141  # as shells report a process that SIGPIPE has ended


@contextmanager
def printing_any_name() -> Iterator[None]:
    """Escape characters that the output's encoding lacks; exit quietly when the reader of a pipe is gone."""
    streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, TextIOWrapper)]
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Python would try again to write what is left, and complain.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in streams:
            os.dup2(nowhere, stream.fileno())
        sys.exit(PIPE_CLOSED)
