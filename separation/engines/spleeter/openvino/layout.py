"""Images between a network's layers as matrices [height, width * channels], channels innermost.

OpenVINO's convolutions read and write this layout on common processors, so that nothing is rearranged between
them.
"""

from typing import Any

import numpy as np

Node = Any  # openvino ships no usable types for the nodes of a graph


class Images:
    """Make the nodes of one graph that convert between images and matrices. Equal shapes share a constant."""

    def __init__(self, ops: Any) -> None:
        self._ops = ops
        self._shapes: dict[tuple[int, ...], Node] = {}

    def image(self, matrix: Node, width: int, channels: int) -> Node:
        """Convert [height, width * channels] to [1, channels, height, width], the shape that convolutions require."""
        shape = self._shape(1, matrix.shape[0], width, channels)
        return self._ops.transpose(
            self._ops.reshape(matrix, shape, special_zero=False), self._shape(0, 3, 1, 2)
        )

    def matrix(self, image: Node) -> Node:
        """Convert [1, channels, height, width] to [height, width * channels]."""
        rows = self._ops.transpose(image, self._shape(0, 2, 3, 1))
        return self._ops.reshape(rows, self._shape(image.shape[2], -1), special_zero=False)

    def concat_channels(self, first: Node, second: Node, channels: int) -> Node:
        """Concatenate two matrices of images of `channels` each along their channels."""
        flat = [
            self._ops.reshape(node, self._shape(-1, channels), special_zero=False) for node in (first, second)
        ]
        shape = self._shape(first.shape[0], -1)
        return self._ops.reshape(self._ops.concat(flat, axis=1), shape, special_zero=False)

    def depth_to_space(self, phases: Node, size: int) -> Node:
        """Convert [1, size * size * channels, height, width] to [height * size, width * size * channels]."""
        _, channels, height, width = phases.shape
        shape = self._shape(height, width, size, channels // size)
        split = self._ops.reshape(self.matrix(phases), shape, special_zero=False)
        in_order = self._ops.transpose(split, self._shape(0, 2, 1, 3))
        return self._ops.reshape(in_order, self._shape(height * size, -1), special_zero=False)

    def _shape(self, *values: int) -> Node:
        if values not in self._shapes:
            self._shapes[values] = self._ops.constant(np.array(values, dtype=np.int64))
        return self._shapes[values]
