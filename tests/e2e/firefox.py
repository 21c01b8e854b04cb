"""A stock Firefox, driven over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), with a sound device of its own.

Playwright drives a Firefox that was built for it; people have another one. Without any sound device, the clock of
Firefox's audio contexts stands still, so PulseAudio plays into a pipe, and what comes out is kept.
"""

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.sync.client import ClientConnection, connect

RATE = 44_100
PREFERENCES = {
    "media.autoplay.default": 0,
    "network.dns.localDomains": "stemoteca.lan",  # is this machine, and no secure context
    "intl.accept_languages": "en",
    "app.normandy.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
}
KEYS = {"Space": " "}


class Firefox:
    """One tab. ``errors`` are those of its scripts, ``downloads`` the folder of what it saved."""

    def __init__(self, connection: ClientConnection, sound: bytearray, downloads: Path) -> None:
        self.downloads = downloads
        self._connection = connection
        self._sound = sound
        self._calls = 0
        self.errors: list[str] = []
        self._send("session.new", capabilities={})
        self._send("session.subscribe", events=["log.entryAdded"])
        self._tab = self._send("browsingContext.create", type="tab")["context"]

    def goto(self, address: str) -> None:
        self._send("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, awaited, by way of JSON."""
        made = self._send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._tab},
            awaitPromise=True,
            userActivation=True,
        )
        assert made["type"] == "success", made
        return json.loads(made["result"].get("value", "null"))

    def choose(self, selector: str, file: Path) -> None:
        """Choose a file in a field."""
        found = self._send(
            "script.evaluate",
            expression=f"document.querySelector({json.dumps(selector)})",
            target={"context": self._tab},
            awaitPromise=False,
        )["result"]
        element = {"sharedId": found["sharedId"]}
        self._send("input.setFiles", context=self._tab, element=element, files=[str(file)])

    def press(self, key: str) -> None:
        value = KEYS.get(key, key)
        actions = [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self._send(
            "input.performActions",
            context=self._tab,
            actions=[{"type": "key", "id": "keyboard", "actions": actions}],
        )

    def heard(self, seconds: float) -> NDArray[np.float32]:
        """Return what has been played in the last ``seconds``, ``[2, n]``."""
        frames = bytes(self._sound[: len(self._sound) // 4 * 4])[-4 * int(seconds * RATE) :]
        return np.frombuffer(frames, np.int16).reshape(-1, 2).T / np.float32(32_768)

    def wait_for(self, expression: str, wanted: object, seconds: float = 60) -> None:
        """Wait until a JavaScript expression has the value ``wanted``."""
        deadline = time.monotonic() + seconds
        while (found := self.evaluate(expression)) != wanted:
            assert time.monotonic() < deadline, f"{expression} is {found!r}, not {wanted!r}"
            time.sleep(0.05)

    def _send(self, method: str, **parameters: Any) -> Any:
        self._calls += 1
        self._connection.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=120))
            if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                self.errors.append(message["params"]["text"])
            if message.get("id") == self._calls:
                assert message["type"] == "success", message
                return message["result"]


@contextmanager
def launched(folder: Path) -> Iterator[Firefox]:
    """Start Firefox and its sound device; their files are in ``folder``."""
    folder.chmod(0o700)  # PulseAudio asks for that
    preferences = (f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items())
    (folder / "user.js").write_text("\n".join(preferences))
    socket, heard = folder / "sound", folder / "heard"
    os.mkfifo(heard)
    environment = os.environ | {
        "XDG_RUNTIME_DIR": str(folder),
        "HOME": str(folder),
        "PULSE_SERVER": f"unix:{socket}",
        "MOZ_HEADLESS": "1",
    }
    sound = subprocess.Popen(
        [
            *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"),
            *(
                "--realtime=no",
                "--high-priority=no",
                "--no-cpu-limit=yes",
            ),  # or it ends itself when the machine is busy
            f"--load=module-pipe-sink file={heard} rate={RATE} use_system_clock_for_timing=yes",
            f"--load=module-native-protocol-unix socket={socket} auth-anonymous=1",
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    played = bytearray()

    def record() -> None:
        with heard.open("rb", buffering=0) as pipe:
            while block := pipe.read(65_536):
                played.extend(block)

    recorder = threading.Thread(target=record)
    recorder.start()
    firefox = subprocess.Popen(
        ["firefox-esr", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=(log := (folder / "log").open("w")),
    )
    try:
        with connect(f"{_address(firefox, folder / 'log')}/session", max_size=None) as connection:
            yield Firefox(connection, played, folder / "Downloads")
    finally:
        for process in (firefox, sound):
            process.terminate()
            process.wait(30)
        recorder.join(30)
        log.close()


def _address(firefox: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + 60
    while not (
        found := re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text(errors="replace"))
    ):
        assert firefox.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.1)
    return found[1]
