"""Whether two fingerprints are of the same recording, and where the one begins in the other.

Two encodings of a recording agree in nearly all bits, and in a fifth to all of the whole numbers, depending on how
their frames fall. Other music agrees in half of the bits, up to two thirds where it is alike, and in hardly any
whole number. So whole numbers find candidates and alignments, and bits decide.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from audio.fingerprint.chromaprint import ITEM_SECONDS, MOST_VALUES

Values = NDArray[np.uint32]

SIMILAR: Final = 0.7
SAME_LENGTH_SECONDS: Final = 7.0
LARGEST_OFFSET_SECONDS: Final = 30.0
LARGEST_OFFSET: Final = int(LARGEST_OFFSET_SECONDS / ITEM_SECONDS)
TERMS: Final = 64
"""For each fingerprint: with a fifth of the numbers in common, a dozen of these meet."""

_MOST_OCCURRENCES: Final = (
    8  # a number that stands there more often is a held sound or silence: it tells nothing
)
_LEAST_WHOLE: Final = 0.02  # of the numbers must agree entirely
_LEAST_COMMON: Final = 16  # numbers, two seconds
_ALIGNMENTS: Final = 4  # are compared bit by bit
_BITS: Final = np.array([number.bit_count() for number in range(1 << 16)], np.uint8)


class Likeness(NamedTuple):
    """``similarity``: share of equal bits, 0 to 1. ``offset``: so many seconds of the first come before the second
    begins (negative: the other way round)."""

    similarity: float
    offset: float


def values_of(stored: bytes | memoryview) -> Values:
    """The numbers of a stored fingerprint."""
    return np.frombuffer(bytes(stored), "<u4")[:MOST_VALUES]


def terms(values: Values) -> dict[int, int]:
    """At most ``TERMS`` numbers of a fingerprint and where each stands first; they find it again.

    Which ones is decided by the numbers themselves: another encoding has the same ones, as far as it has them at
    all. Numbers that stand still (silence, one held tone) and those that come again and again are left out.
    """
    places = positions(values)
    numbers = np.fromiter(places, np.uint32, len(places))
    chosen = numbers[np.argsort(_mixed(numbers), kind="stable")[:TERMS]]
    return {number: places[number][0] for number in chosen.tolist()}


def positions(values: Values) -> dict[int, list[int]]:
    """Where each number stands that tells something."""
    if len(values) < 2:
        return {}
    still = np.zeros(len(values), bool)
    still[1:] = values[1:] == values[:-1]
    still[:-1] |= still[1:]
    places: dict[int, list[int]] = {}
    for at in np.flatnonzero(~still).tolist():
        places.setdefault(int(values[at]), []).append(at)
    return {number: at for number, at in places.items() if len(at) <= _MOST_OCCURRENCES}


def same_length(first: float, second: float, offset: float = LARGEST_OFFSET_SECONDS) -> bool:
    """Whether two recordings of so many seconds can be the same, one beginning ``offset`` later."""
    return abs(first - second) <= SAME_LENGTH_SECONDS + abs(offset)


def compare(first: Values, second: Values) -> Likeness | None:
    """How alike two fingerprints are where they agree best, or ``None`` if they are of different recordings."""
    mine, others = positions(first), positions(second)
    votes: dict[int, int] = {}
    for number in mine.keys() & others.keys():
        for here in mine[number]:
            for there in others[number]:
                shift = here - there
                if abs(shift) <= LARGEST_OFFSET:
                    votes[shift] = votes.get(shift, 0) + 1
    best: Likeness | None = None
    for shift in sorted(votes, key=lambda shift: (-votes[shift], shift))[:_ALIGNMENTS]:
        found = _at(first, second, shift)
        if found is not None and (best is None or found.similarity > best.similarity):
            best = found
    return best


def _at(first: Values, second: Values, shift: int) -> Likeness | None:
    """Compare ``first[i + shift]`` with ``second[i]``."""
    mine, others = first[max(0, shift) :], second[max(0, -shift) :]
    count = min(len(mine), len(others))
    if count < max(_LEAST_COMMON, min(len(first), len(second)) // 2):
        return None
    differing = mine[:count] ^ others[:count]
    if np.count_nonzero(differing == 0) < max(2, _LEAST_WHOLE * count):
        return None
    similarity = 1 - float(_BITS[differing.view(np.uint16)].sum()) / (32 * count)
    return Likeness(similarity, shift * ITEM_SECONDS) if similarity >= SIMILAR else None


def _mixed(numbers: Values) -> Values:
    """Each number's place in an order that has nothing to do with music."""
    mixed = numbers.copy()
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        mixed ^= mixed >> np.uint32(shift)
        mixed *= np.uint32(factor)
    return mixed
