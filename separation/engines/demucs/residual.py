"""The residual branches of an encoder or decoder: two small dilated convolutions along time each (``DConv``).

A branch narrows the channels, normalises, and widens them to twice as many for a gated linear unit, normalised in
between. That second normalisation's mean and deviation follow from the mean and covariance of the narrow signal,
which is a fraction in size; so the wide one is computed normalised already, and never passed over for its statistics.
"""

from collections.abc import Callable, Mapping

import numpy as np

from separation.engines.demucs.nodes import Array, Node, Nodes

Inner = Callable[[Node, str], Node]
"""What stands between the convolutions of a branch: given its signal and the prefix of its weights' names."""


def residual_branches(
    nodes: Nodes,
    weights: Mapping[str, Array],
    prefix: str,
    signal: Node,
    *,
    depth: int,
    inner: Inner | None = None,
) -> Node:
    """Return `signal` [frames, rows, channels] after `depth` residual branches along frames, each row for itself."""
    for index in range(depth):
        branch = _Branch(nodes, weights, f"{prefix}.{index}", 3 if inner is None else 5)
        signal = branch.added_to(signal, 2**index, inner)
    return signal


class _Branch:
    """One branch. Its modules are numbered; `second` is the number of the widening convolution."""

    def __init__(self, nodes: Nodes, weights: Mapping[str, Array], prefix: str, second: int) -> None:
        self._nodes = nodes
        self._prefix = prefix
        self._narrow, self._narrow_bias = weights[f"{prefix}.0.weight"], weights[f"{prefix}.0.bias"]
        self._gain, self._shift = weights[f"{prefix}.1.weight"], weights[f"{prefix}.1.bias"]
        self._wide, self._wide_bias = (
            weights[f"{prefix}.{second}.weight"][:, :, 0],
            weights[f"{prefix}.{second}.bias"],
        )
        self._wide_gain, self._wide_shift = (
            weights[f"{prefix}.{second + 1}.weight"],
            weights[f"{prefix}.{second + 1}.bias"],
        )
        self._scale = weights[f"{prefix}.{second + 3}.scale"]

    def added_to(self, signal: Node, dilation: int, inner: Inner | None) -> Node:
        """Return `signal` with the branch added."""
        nodes = self._nodes
        hidden = nodes.gelu(nodes.normalised(self._narrowed(signal, dilation), self._gain, self._shift))
        if inner is not None:
            hidden = inner(hidden, self._prefix)
        deviation, offset = self._wide_statistics(hidden)
        half = len(self._scale)
        # The gain of the normalisation and the layer's scale are those of the product's matrix.
        scaled = nodes.times(hidden, deviation)
        linear, gate = (
            nodes.add(nodes.linear(scaled, matrix), nodes.cut(offset, 2, begin, begin + half))
            for begin, matrix in _halves(self._gain_of_wide()[:, np.newaxis] * self._wide)
        )
        return nodes.add(signal, nodes.gated(linear, gate))

    def _gain_of_wide(self) -> Array:
        gain: Array = self._wide_gain * self._scale_of_wide()
        return gain

    def _scale_of_wide(self) -> Array:
        """Return the layer's scale for the linear half of the channels, and 1 for the gates."""
        return np.concatenate([self._scale, np.ones_like(self._scale)])

    def _narrowed(self, signal: Node, dilation: int) -> Node:
        """Return the dilated convolution of three taps along frames."""
        kernel = self._narrow[:, :, :, np.newaxis]
        return self._nodes.convolution(signal, kernel, self._narrow_bias, dilation=(dilation, 1))

    def _wide_statistics(self, hidden: Node) -> tuple[Node, Node]:
        """Return the wide signal's reciprocal deviation [1, rows, 1] and what is added to it, [1, rows, channels]."""
        nodes = self._nodes
        frames, rows, count = hidden.shape
        mean = nodes.frame_mean(hidden)
        centred = nodes.transpose(nodes.ops.subtract(hidden, mean), 1, 2, 0)  # [rows, channels, frames]
        covariance = nodes.ops.matmul(centred, centred, False, True)  # noqa: FBT003 (OpenVINO's signature)
        projection = self._wide.astype(np.float64)
        spread = projection.T @ projection / (len(projection) * frames)
        within = nodes.linear(nodes.reshape(covariance, 1, rows, count * count), spread.reshape(1, -1))
        channel_means = nodes.linear(mean, self._wide, self._wide_bias)
        wide_mean = nodes.mean(channel_means, 2)
        between = nodes.ops.subtract(channel_means, wide_mean)
        deviation = nodes.reciprocal_root(nodes.add(nodes.mean(nodes.times(between, between), 2), within))
        offset = nodes.ops.subtract(nodes.constant(self._wide_bias), wide_mean)
        gain, shift = self._gain_of_wide(), self._wide_shift * self._scale_of_wide()
        return deviation, nodes.add(
            nodes.times(nodes.times(offset, deviation), nodes.constant(gain)), nodes.constant(shift)
        )


def _halves(matrix: Array) -> list[tuple[int, Array]]:
    half = len(matrix) // 2
    return [(0, matrix[:half]), (half, matrix[half:])]
