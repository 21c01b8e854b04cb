"""A Chromium that is spoken to by the DevTools protocol, and nothing else.

Playwright switches on the network agent of every page, which keeps what was fetched in the page's own process. Here it
runs only where it is asked for, and keeps nothing.
"""

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from benchmarks.measure import resident_mb

PROGRAM = "/usr/bin/chromium"
_SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--window-size=1280,800",
    "--remote-debugging-pipe",
)
_READS, _WRITES = 3, 4  # descriptors from which it reads commands, and into which it writes answers
_OWN_PAGES = "--top-chrome-webui"
_PATIENCE = 120.0  # seconds
_BYTES = 1 << 20  # that are read at a time


class Chromium:
    """One page, in a browser of its own. Events are handed to ``on_event``, while something is waited for."""

    def __init__(self) -> None:
        self.on_event: Callable[[str, dict[str, Any]], None] = lambda _name, _details: None
        self._number = 0
        self._unread = b""

    def __enter__(self) -> Self:
        self._profile = tempfile.TemporaryDirectory(prefix="stemoteca-bench-", ignore_cleanup_errors=True)
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        program = f'exec "$@" {_READS}<&{commands} {_WRITES}>&{answers}'
        folder = f"--user-data-dir={self._profile.name}"
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", program, "bash", PROGRAM, *_SWITCHES, folder, "about:blank"],
            pass_fds=(commands, answers),
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        pages: list[dict[str, Any]] = []
        while not pages:
            targets = self._send(None, "Target.getTargets")["targetInfos"]
            pages = [target for target in targets if target["type"] == "page"]
        attached = self._send(None, "Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)
        self._session: str = attached["sessionId"]
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)
        self._profile.cleanup()

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command to the page; returns the answer."""
        return self._send(self._session, method, **parameters)

    def send_browser(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command to the browser; returns the answer."""
        return self._send(None, method, **parameters)

    @property
    def tab_pid(self) -> int:
        """Of the process that shows the page: the largest of its kind, as the browser keeps an empty one ready.

        Its own buttons are pages, too, in a process that its command line tells from the others.
        """
        told = self.send_browser("SystemInfo.getProcessInfo")["processInfo"]
        pids = (int(process["id"]) for process in told if process["type"] == "renderer")
        return max((pid for pid in pids if _OWN_PAGES not in _command(pid)), key=resident_mb)

    def evaluate(self, expression: str) -> Any:
        """Return what an expression is in the page, or what it resolves to."""
        answer = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def wait_until(self, expression: str, seconds: float = _PATIENCE) -> None:
        """Wait until an expression is true in the page."""
        end = time.monotonic() + seconds
        while not self.evaluate(expression):
            if time.monotonic() > end:
                raise TimeoutError(expression)
            self.wait(0.05)

    def wait(self, seconds: float) -> None:
        """Let time pass, and take events."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    def _send(self, session: str | None, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        command = {"id": number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        message = json.dumps(command).encode() + b"\0"
        while message:
            message = message[os.write(self._commands, message) :]
        end = time.monotonic() + _PATIENCE
        while (left := end - time.monotonic()) > 0:
            for answer in self._read(left):
                if answer["id"] != number:
                    continue
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
        raise TimeoutError(method)

    def _read(self, seconds: float) -> list[dict[str, Any]]:
        """Hand events on, and return the answers that came."""
        if not select.select([self._answers], [], [], seconds)[0]:
            return []
        data = os.read(self._answers, _BYTES)
        if not data:
            raise RuntimeError("Chromium ended")
        *messages, self._unread = (self._unread + data).split(b"\0")
        answers = []
        for message in map(json.loads, messages):
            if "id" in message:
                answers.append(message)
            else:
                self.on_event(message["method"], message.get("params", {}))
        return answers


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()
