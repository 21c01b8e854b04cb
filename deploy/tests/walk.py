"""Upload a song, have it separated, read a stem by ranges: through the API of an installation that runs.

Needs nothing but Python.

``walk.py ADDRESS EMAIL --password=P [--known] [--seconds N] [--certificate FILE] [--megabytes N]``
"""

import argparse
import hashlib
import http.client
import json
import math
import ssl
import struct
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

RATE = 44_100
WAIT_SECONDS = 300


class Installation:
    """The API below ``address``, used with the token of one account."""

    def __init__(self, address: str, certificate: str | None) -> None:
        self.parts = urlsplit(address.rstrip("/"))
        self.context = ssl.create_default_context(cafile=certificate) if certificate else None
        self.headers: dict[str, str] = {}

    def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Return status, headers and body of the answer; `path` is below the address, or whole."""
        if path.startswith("http"):
            path = path.removeprefix(self.parts.geturl())
        host, port = self.parts.hostname or "", self.parts.port
        connection = (
            http.client.HTTPSConnection(host, port, timeout=WAIT_SECONDS, context=self.context)
            if self.parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=WAIT_SECONDS)
        )
        connection.request(method, self.parts.path + path, body, {**self.headers, **headers})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def json(self, method: str, path: str, body: Any = None, *, expected: int) -> Any:
        """Send and receive JSON; end the walk where the status is another one."""
        sent = None if body is None else json.dumps(body)
        status, _headers, content = self.call(method, path, sent, **{"Content-Type": "application/json"})
        check(status == expected, f"{method} {path}: {status} {content[:300]!r}")
        return json.loads(content)

    def upload(self, wave: "Wave", **fields: str) -> tuple[int, Any]:
        """Send a file as a browser does, without having it in memory."""
        boundary = uuid.uuid4().hex
        parts = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        head = (
            f'{parts}--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="Walk.wav"\r\n\r\n'
        )
        tail = f"\r\n--{boundary}--\r\n"
        status, _headers, content = self.call(
            "POST",
            "/api/v1/uploads/",
            _stream(head.encode(), wave, tail.encode()),
            **{
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "Content-Length": str(len(head) + wave.bytes + len(tail)),
            },
        )
        return status, json.loads(content)


class Wave:
    """A stereo WAV of two tones, with a tempo."""

    def __init__(self, seconds: float) -> None:
        self.frames = int(seconds * RATE)
        self.bytes = 44 + 4 * self.frames

    def __iter__(self) -> Iterator[bytes]:
        size = 4 * self.frames
        yield struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            b"RIFF",
            36 + size,
            b"WAVE",
            b"fmt ",
            16,
            1,
            2,
            RATE,
            4 * RATE,
            4,
            16,
            b"data",
            size,
        )
        second = b"".join(
            struct.pack(
                "<hh",
                int(9000 * math.sin(n / 16) * (1 - n % 11025 / 11025)),
                int(7000 * math.sin(n / 40) + 3000 * math.sin(n * n / 9e4)),
            )
            for n in range(RATE)
        )
        for start in range(0, self.frames, RATE):
            yield second[: 4 * (self.frames - start)]


def _stream(head: bytes, wave: Wave, tail: bytes) -> Iterator[bytes]:
    yield head
    yield from wave
    yield tail


def check(truth: bool, otherwise: str) -> None:  # noqa: FBT001
    """End the walk with a sentence unless `truth`."""
    if not truth:
        sys.exit(f"walk: {otherwise}")


def say(text: str, since: float) -> None:
    sys.stdout.write(f"walk: {text} after {time.monotonic() - since:.1f} s\n")
    sys.stdout.flush()


def wait_until_healthy(site: Installation, seconds: float) -> None:
    """Wait until the installation says that it is ready."""
    begin = time.monotonic()
    status = 0
    while status != http.HTTPStatus.OK:
        check(time.monotonic() - begin < seconds, f"not healthy within {seconds:.0f} s ({status})")
        try:
            status = site.call("GET", "/readyz")[0]
        except OSError:
            time.sleep(0.3)
    say("healthy", begin)


def separate(site: Installation, *, known: bool) -> None:
    """Upload a song, wait for its stems, read one: whole, and from the middle."""
    begin = time.monotonic()
    status, answer = site.upload(Wave(20), title="Walk", artist="Nobody", model="compact:2stems")
    check(status in {200, 201}, f"upload: {status} {answer}")
    check(answer["created"] is not known, f"the song should {'' if known else 'not '}be known")
    say(f"song {'recognised' if known else 'stored'}", begin)
    address = f"/api/v1/separations/{answer['separation']['id']}/"
    while (row := site.json("GET", address, expected=200))["status"] in {"queued", "running"}:
        check(time.monotonic() - begin < WAIT_SECONDS, f"not separated: {row}")
        time.sleep(0.2)
    check(row["status"] == "succeeded", f"not separated: {row}")
    say("separated", begin)
    audio = f"/api/v1/stems/{row['stems'][0]['id']}/audio/?codec=flac"
    status, headers, content = site.call("GET", audio)
    check(status == http.HTTPStatus.OK and content.startswith(b"fLaC"), f"stem: {status} {content[:100]!r}")
    status, headers, part = site.call("GET", audio, Range=f"bytes=1000-{len(content) // 2}")
    check(status == http.HTTPStatus.PARTIAL_CONTENT, f"range: {status}")
    check(part == content[1000 : len(content) // 2 + 1], f"range: other bytes, {headers['Content-Range']}")
    say(f"stem read, {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()[:12]}", begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("email")
    parser.add_argument("--password", required=True, help="may begin with a dash: --password=...")
    parser.add_argument("--known", action="store_true", help="the song must be there already")
    parser.add_argument("--seconds", type=float, default=60, help="until it must be healthy")
    parser.add_argument("--certificate", help="of the authority that signed the site's")
    parser.add_argument("--megabytes", type=int, default=0, help="send a file of this size as well")
    options = parser.parse_args()
    site = Installation(options.address, options.certificate)
    wait_until_healthy(site, options.seconds)
    account = {"email": options.email, "password": options.password}
    token = site.json("POST", "/api/v1/auth/token/", account, expected=200)["access"]
    site.headers = {"Authorization": f"Bearer {token}"}
    separate(site, known=options.known)
    if options.megabytes:
        begin = time.monotonic()
        wave = Wave(options.megabytes * 1_000_000 / (4 * RATE))
        status, answer = site.upload(wave, title="Long", artist="Nobody", model="none")
        check(status in {200, 201}, f"large upload: {status} {answer}")
        say(f"{wave.bytes / 1e6:.0f} MB stored", begin)


if __name__ == "__main__":
    main()
