"""Archives in the layout of Spleeter's release, written without TensorFlow, and a server that hands them out."""

import io
import json
import struct
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from separation.engines import model_files
from separation.engines.caches.weight_cache import Weights
from separation.engines.spleeter import weights
from separation.engines.spleeter.checkpoint import CHECKPOINT_FILES
from separation.engines.spleeter.settings import SpleeterSpec

MAGIC = 0xDB4775248B80FB57


def checkpoint(spec: SpleeterSpec, given: Weights | None = None) -> dict[str, bytes]:
    """File contents by name: the variables of `spec` as `given`, or with values that an archive packs well."""
    plain = np.linspace(0.1, 1, 251, dtype=np.float32)
    arrays = given or {name: np.resize(plain, shape) for name, shape in weights.shapes(spec).items()}
    data = io.BytesIO()
    entries = {"": _field(1, 1)}
    variables = {
        variable: arrays[name] for name, variable in weights.variable_names(spec.stems) if name is not None
    }
    for variable, values in sorted(variables.items()):
        size = b"".join(_message(2, _field(1, extent)) for extent in values.shape)
        where = _field(4, data.tell()) + _field(5, values.nbytes)
        entries[variable] = _field(1, 1) + _message(2, size) + where
        data.write(values.tobytes())
    index, content = CHECKPOINT_FILES
    return {index: _table(entries), content: data.getvalue()}


def install(spec: SpleeterSpec, models_dir: Path, given: Weights | None = None) -> Path:
    """Install the files of `checkpoint`; returns their folder."""
    folder = models_dir / spec.folder
    folder.mkdir(parents=True)
    for name, content in checkpoint(spec, given).items():
        (folder / name).write_bytes(content)
    model_files.seal(spec, folder)
    return folder


def archive(files: dict[str, bytes]) -> bytes:
    """``.tar.gz`` of `files`."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", compresslevel=1) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return target.getvalue()


def _varint(value: int) -> bytes:
    result = bytearray()
    while value >= 0x80:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*result, value])


def _field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _table(entries: dict[str, bytes]) -> bytes:
    """A sorted-string table with one block of `entries`, as TensorFlow writes them."""
    table = b""
    handles = []
    for block in (entries, {}):
        handles.append(_varint(len(table)) + _varint(len(_block(block))))
        table += _block(block) + bytes(5)  # not compressed, and a checksum that nobody reads
    index = _block({"~": handles[0]})
    footer = handles[1] + _varint(len(table)) + _varint(len(index))
    return table + index + bytes(5) + footer.ljust(40, b"\0") + struct.pack("<Q", MAGIC)


def _block(entries: dict[str, bytes]) -> bytes:
    rows = [
        _varint(0) + _varint(len(key)) + _varint(len(value)) + key.encode() + value
        for key, value in entries.items()
    ]
    return b"".join(rows) + struct.pack("<II", 0, 1)


@dataclass
class Mirror:
    """A web server with the files of a release, which can be told to misbehave."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    lengths: bool = True
    """Whether it says how long the files are."""
    break_after: int | None = None
    """Bytes of an archive after which the connection ends."""
    stall: threading.Event | None = None
    """Instead of ending it, wait for this."""
    pause: float = 0.0
    """Seconds after each 240th part of an archive."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """(path, Range header) of each request."""

    def offer(self, name: str, content: bytes) -> None:
        """Put an archive there and state its checksum."""
        self.files[f"/{name}.tar.gz"] = content
        self.files["/checksum.json"] = json.dumps({name: sha256(content).hexdigest()}).encode()


@contextmanager
def serving() -> Iterator[Mirror]:
    """A `Mirror` on a port of this machine."""
    mirror = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            mirror.asked.append((self.path, wanted))
            content = mirror.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and mirror.ranges else 0
            if start >= len(content) > 0 and start:
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if mirror.lengths:
                self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = len(content)
            if self.path.endswith(".gz") and mirror.break_after is not None:
                end = min(end, start + mirror.break_after)
            with suppress(ConnectionError):  # whoever asked was killed
                self._write(content[start:end], len(content) // 240 + 1)
            if end < len(content) and mirror.stall:
                self.wfile.flush()
                mirror.stall.wait(10)

        def _write(self, content: bytes, block: int) -> None:
            if not mirror.pause or not self.path.endswith(".gz"):
                self.wfile.write(content)
                return
            for start in range(0, len(content), block):
                self.wfile.write(content[start : start + block])
                time.sleep(mirror.pause)

        def log_message(self, *args: Any) -> None:
            """Not to be heard."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        mirror.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield mirror
        finally:
            server.shutdown()
            thread.join()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """`files` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
