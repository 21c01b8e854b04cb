from pathlib import Path

import pytest

from audio.encoding.encode import encode
from tests.audio.making import RATE, noise


@pytest.fixture(scope="session")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two seconds of the same sound as ``song.mp3``, ``song.flac``, ``song.ogg`` ..."""
    folder = tmp_path_factory.mktemp("songs")
    for codec in ("mp3", "flac", "ogg", "m4a", "opus", "wav"):
        encode([noise(2 * RATE)], folder / f"song.{codec}", codec)
    return folder
