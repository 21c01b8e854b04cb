"""Separate one chunk with Conv-TasNet."""

from typing import Any

import numpy as np

from separation.engines.chunking import Audio
from separation.engines.openvino_runtime import infer


class ConvTasNetSlot:
    """A worker slot; `request` runs the network, whose frames are of `frame_length` samples."""

    def __init__(self, request: Any, frame_length: int) -> None:
        self._request = request
        self._frame_length = frame_length

    def separate(self, chunk: Audio, stems: Audio, *, is_first: bool) -> None:  # noqa: ARG002 (every chunk is alike)
        """Separate one chunk, see `WorkerSlot`. What does not fill half a frame at the end becomes silence."""
        missing = max(0, self._frame_length - chunk.shape[1])
        outputs = infer(
            self._request, np.pad(chunk, ((0, 0), (0, missing)))[None] if missing else chunk[None]
        )
        count = min(outputs[0].shape[2], chunk.shape[1])
        for stem, output in zip(stems, outputs, strict=True):
            stem[:, :count] = output[0, :, :count]
            stem[:, count:] = 0
