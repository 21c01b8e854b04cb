"""Progress of a command, as one line that is written over, where somebody watches."""

import sys
import time

_SECONDS = 0.2


class Progress:
    """``Progress("Copying")(3, 10)`` shows ``Copying 3 of 10``; nothing where the output is no terminal."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._shown = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and (done == total or now - self._shown > _SECONDS):
            self._shown = now
            end = "\n" if done == total else ""
            sys.stderr.write(f"\r{self._word} {done} of {total}{end}")
            sys.stderr.flush()
