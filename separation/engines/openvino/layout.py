"""Images between a network's layers, as matrices: one row for each row, columns and channels side by side.

Such a matrix is what OpenVINO's convolutions read and write on processors that matter, so that nothing is
rearranged in memory between them.
"""

from typing import Any

import numpy as np

Node = Any  # openvino ships no usable types for the nodes of a graph


class Images:
    """Nodes of one graph that treat images as matrices. Equal shapes are made once."""

    def __init__(self, ops: Any) -> None:
        self._ops = ops
        self._shapes: dict[tuple[int, ...], Node] = {}

    def image(self, matrix: Node, width: int, channels: int) -> Node:
        """[height, width * channels] -> [1, channels, height, width], as convolutions are told."""
        shape = self._shape(1, matrix.shape[0], width, channels)
        return self._ops.transpose(
            self._ops.reshape(matrix, shape, special_zero=False), self._shape(0, 3, 1, 2)
        )

    def matrix(self, image: Node) -> Node:
        """The way back."""
        rows = self._ops.transpose(image, self._shape(0, 2, 3, 1))
        return self._ops.reshape(rows, self._shape(image.shape[2], -1), special_zero=False)

    def beside(self, first: Node, second: Node, channels: int) -> Node:
        """Two matrices of images of as many channels, as one of twice as many."""
        flat = [
            self._ops.reshape(node, self._shape(-1, channels), special_zero=False) for node in (first, second)
        ]
        shape = self._shape(first.shape[0], -1)
        return self._ops.reshape(self._ops.concat(flat, axis=1), shape, special_zero=False)

    def blocks(self, phases: Node, size: int) -> Node:
        """[1, row in block * column in block * channels, height, width] -> [height * size, width * size * channels]."""
        _, channels, height, width = phases.shape
        shape = self._shape(height, width, size, channels // size)
        split = self._ops.reshape(self.matrix(phases), shape, special_zero=False)
        in_order = self._ops.transpose(split, self._shape(0, 2, 1, 3))
        return self._ops.reshape(in_order, self._shape(height * size, -1), special_zero=False)

    def _shape(self, *values: int) -> Node:
        if values not in self._shapes:
            self._shapes[values] = self._ops.constant(np.array(values, dtype=np.int64))
        return self._shapes[values]
