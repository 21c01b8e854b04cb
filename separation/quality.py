"""Published quality of models: one figure for all parts, and stars where figures can be compared."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import mean

from separation.engines.descriptors import ModelSpec, Quality

COMMON_SET = "musdb18"
COMMON_STEMS = {"vocals", "drums", "bass", "other"}
COMMON_UNIT = "dB SDR"
STAR_LIMITS = (4.0, 5.5, 7.0, 8.5)
"""From these means of the four parts, in dB, there are two, three, four and five stars: a fifth each of what networks
have reached from 2018 (3.2 dB) to today (9.8 dB)."""


def overall(figures: Sequence[Quality]) -> Quality | None:
    """Return the figure of all parts, or the mean of those of each; None where there is neither."""
    for figure in figures:
        if not figure.stem:
            return figure
    if len({(figure.unit, figure.data_set) for figure in figures}) != 1:
        return None
    return replace(figures[0], stem="", value=mean(figure.value for figure in figures))


def is_comparable(figure: Quality) -> bool:
    """Whether it was measured on the data set that most figures are of."""
    return figure.data_set.casefold().startswith(COMMON_SET)


def stars(spec: ModelSpec) -> int | None:
    """Return one to five stars; None where nothing is published of these four parts and that data set."""
    figure = overall(spec.quality)
    if figure is None or set(spec.stems) != COMMON_STEMS or figure.unit != COMMON_UNIT:
        return None
    return 1 + sum(figure.value >= limit for limit in STAR_LIMITS) if is_comparable(figure) else None
