"""Static files with a digest in their names, compressed once when they are collected."""

import gzip
from typing import Any

import brotli
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Files of packages that no page of ours uses.
IGNORED_FILES = [
    *("rest_framework/*", "drf_spectacular_sidecar/redoc/*"),
    *(
        "separator/*.md",
        "separator/demo.*",
        "separator/node*",
        "separator/package.json",
        "separator/models/*.md",
    ),
]


class FastCompressor(Compressor):  # type: ignore[misc]  # whitenoise has no types
    """Compress nearly as well as the highest level, in a fiftieth of the time."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return bytes(brotli.compress(data, quality=6))

    @staticmethod
    def compress_gzip(data: bytes) -> bytes:
        return gzip.compress(data, compresslevel=6, mtime=0)


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # as above
    """WhiteNoise's storage with faster compression.

    There is none for source maps, which only debuggers download, and for weights, which are compressed already.
    Addresses are remembered: a page has a hundred, and joining them took half of its time (`benchmarks catalogue`).
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._addresses: dict[str, str] = {}

    def url(self, name: str) -> str:
        if name not in self._addresses:
            self._addresses[name] = super().url(name)
        return self._addresses[name]

    def save_manifest(self) -> None:
        super().save_manifest()
        self._addresses.clear()

    def create_compressor(self, **_options: Any) -> Compressor:
        return FastCompressor(extensions=(*Compressor.SKIP_COMPRESS_EXTENSIONS, "map", "npz"), quiet=True)
