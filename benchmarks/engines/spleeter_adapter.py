"""What ``spleeter separate`` reads and writes WAV files with here: its own adapter needs an ffmpeg programme.

Runs in Spleeter's process, and costs it less than ffmpeg would.
"""

from typing import Any

import soundfile
from spleeter.audio.adapter import AudioAdapter  # noqa: TID253 (Spleeter's process is the only one that imports this)


class WaveAdapter(AudioAdapter):  # type: ignore[misc]  # Spleeter has no types
    """16-bit WAV files through libsndfile."""

    def load(self, audio_descriptor: Any, *_args: Any, **_options: Any) -> Any:
        """The whole file, [samples, channels], and its rate."""
        return soundfile.read(audio_descriptor, dtype="float32", always_2d=True)

    def save(self, path: Any, data: Any, sample_rate: float, *_args: Any, **_options: Any) -> None:
        """Write 16 bits."""
        soundfile.write(path, data, int(sample_rate), subtype="PCM_16")
