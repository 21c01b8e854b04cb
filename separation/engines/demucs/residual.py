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
    nodes: Nodes, weights: Mapping[str, Array], prefix: str, signal: Node, *, depth: int, inner: Inner | None = None
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
        self._wide, self._wide_bias = weights[f"{prefix}.{second}.weight"][:, :, 0], weights[f"{prefix}.{second}.bias"]
        self._wide_gain, self._wide_shift = weights[f"{prefix}.{second + 1}.weight"], weights[f"{prefix}.{second + 1}.bias"]
        self._scale = weights[f"{prefix}.{second + 3}.scale"]

    def added_to(self, signal: Node, dilation: int, inner: Inner | None) -> Node:
        nodes = self._nodes
        hidden = nodes.gelu(self._normalised(self._narrowed(signal, dilation)))
        if inner is not None:
            hidden = inner(hidden, self._prefix)
        mean = nodes.mean(hidden, 0)
        deviation, wide_mean = self._wide_statistics(hidden, mean)
        half = len(self._scale)
        # Gain, bias and shift of the normalisation, and the layer's scale, are those of one product of matrices.
        scaled = nodes.times(hidden, deviation)
        halves = []
        for part, scale in ((slice(half), self._scale), (slice(half, None), np.ones(half, np.float32))):
            gain = self._wide_gain[part] * scale
            product = nodes.linear(scaled, gain[:, np.newaxis] * self._wide[part])
            offset = nodes.times(
                nodes.times(nodes.ops.subtract(nodes.constant(self._wide_bias[part]), wide_mean), deviation),
                nodes.constant(gain),
            )
            offset = nodes.add(offset, nodes.constant(self._wide_shift[part] * scale))
            halves.append(nodes.add(product, offset))
        return nodes.add(signal, nodes.gated(*halves))

    def _narrowed(self, signal: Node, dilation: int) -> Node:
        """Return the dilated convolution of three taps: a product for each tap, shifted and added."""
        nodes, narrow = self._nodes, self._narrow
        frames, count = signal.shape[0], len(narrow)
        taps = nodes.linear(signal, np.concatenate([narrow[:, :, tap] for tap in range(3)]))
        taps = nodes.padded(taps, 0, dilation, dilation)
        shifted = [
            nodes.cut(nodes.cut(taps, 0, tap * dilation, tap * dilation + frames), 2, tap * count, (tap + 1) * count)
            for tap in range(3)
        ]
        return nodes.add(nodes.add(nodes.add(shifted[0], shifted[1]), shifted[2]), nodes.constant(self._narrow_bias))

    def _normalised(self, hidden: Node) -> Node:
        nodes = self._nodes
        centred = nodes.ops.subtract(hidden, nodes.mean(hidden, 0, 2))
        inverse = nodes.reciprocal_root(nodes.mean(nodes.times(centred, centred), 0, 2))
        return nodes.add(
            nodes.times(centred, nodes.times(inverse, nodes.constant(self._gain))), nodes.constant(self._shift)
        )

    def _wide_statistics(self, hidden: Node, mean: Node) -> tuple[Node, Node]:
        """Return the reciprocal deviation and the mean of the wide signal, [1, rows, 1] each."""
        nodes = self._nodes
        frames, rows, count = hidden.shape
        centred = nodes.transpose(nodes.ops.subtract(hidden, mean), 1, 2, 0)  # [rows, channels, frames]
        covariance = nodes.reshape(nodes.ops.matmul(centred, centred, False, True), 1, rows, count * count)  # noqa: FBT003
        projection = self._wide.astype(np.float64)
        spread = (projection.T @ projection / (len(projection) * frames)).ravel()
        channel_means = nodes.linear(mean, self._wide, self._wide_bias)
        wide_mean = nodes.mean(channel_means, 2)
        between = nodes.ops.subtract(channel_means, wide_mean)
        variance = nodes.add(
            nodes.mean(nodes.times(between, between), 2),
            nodes.ops.reduce_sum(nodes.times(covariance, nodes.constant(spread)), nodes.whole(2), keep_dims=True),
        )
        return nodes.reciprocal_root(variance), wide_mean
