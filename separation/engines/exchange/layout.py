"""The order of the axes of an array that a network takes or gives, as a text such as ``b (c p) f t``.

The axes are b (one), s (stems), c (two channels), n (samples), f (frequencies, from 0 up), t (frames), and p (real and
imaginary part). Those in parentheses are one axis of the array; the first of them changes slowest.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from separation.engines.chunking import Audio

AXES = "bscnftp"
_LAYOUT = re.compile(rf"([{AXES}]|\([{AXES}]( [{AXES}])*\))( ([{AXES}]|\([{AXES}]( [{AXES}])*\)))*")


@dataclass(frozen=True, slots=True)
class Layout:
    """A parsed layout."""

    groups: tuple[str, ...]
    """The axes of the array; each is named by those that it consists of."""

    @property
    def axes(self) -> str:
        """Return all axes, in order."""
        return "".join(self.groups)

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Return the shape of an array whose axes have the given `sizes`."""
        return tuple(int(np.prod([sizes[axis] for axis in group])) for group in self.groups)

    def pack(self, values: Audio, axes: str) -> Audio:
        """Return `values`, whose axes are `axes`, in this layout."""
        sizes = dict(zip(axes, values.shape, strict=True)) | {"b": 1}
        in_order = values.transpose([axes.index(axis) for axis in self.axes if axis != "b"])
        return np.ascontiguousarray(in_order.reshape(self.shape(sizes)))

    def unpack(self, values: Audio, axes: str, sizes: Mapping[str, int]) -> Audio:
        """Return `values`, which are in this layout, with the axes `axes`."""
        own = self.axes
        split = values.reshape([sizes[axis] for axis in own])
        return split.transpose(
            [own.index(axis) for axis in axes] + [n for n, axis in enumerate(own) if axis == "b"]
        ).reshape([sizes[axis] for axis in axes])


def parse(text: str, allowed: str) -> Layout:
    """Read a layout with each of the axes `allowed` once; b and s may be left out. Raises ValueError."""
    if not _LAYOUT.fullmatch(text):
        raise ValueError(f"{text!r} is no layout such as 'b (c p) f t'")
    groups = tuple(group.replace(" ", "") for group in re.findall(r"(?<=\()[a-z ]+(?=\))|[a-z]", text))
    layout = Layout(groups)
    axes = layout.axes
    if len(set(axes)) != len(axes) or not set(allowed) - set("bs") <= set(axes) <= set(allowed):
        raise ValueError(f"{text!r} must have the axes {', '.join(allowed)}, each once")
    return layout
