"""Compare fingerprints: whether two recordings are the same, and at which offset.

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


class Similarity(NamedTuple):
    """``similarity``: share of equal bits, 0 to 1. ``offset``: seconds of the first before the second begins."""

    similarity: float
    offset: float


def parse_values(stored: bytes | memoryview) -> Values:
    """Parse a stored fingerprint into uint32 values."""
    return np.frombuffer(bytes(stored), "<u4")[:MOST_VALUES]


def terms(values: Values) -> dict[int, int]:
    """Return at most ``TERMS`` values of a fingerprint, with their first positions, to index it by.

    Chosen by a hash of the values, so that another encoding yields the same ones as far as it contains them. Values
    that are repeated at once (silence, a held tone) or very often are left out.
    """
    places = positions(values)
    numbers = np.fromiter(places, np.uint32, len(places))
    chosen = numbers[np.argsort(_hash_order(numbers), kind="stable")[:TERMS]]
    return {number: places[number][0] for number in chosen.tolist()}


def positions(values: Values) -> dict[int, list[int]]:
    """Return the positions of each distinctive value."""
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
    """Whether recordings of these durations in seconds can be the same, one beginning ``offset`` later."""
    return abs(first - second) <= SAME_LENGTH_SECONDS + abs(offset)


def compare(first: Values, second: Values) -> Similarity | None:
    """Return the similarity of two fingerprints at the best alignment, or ``None`` for different recordings."""
    mine, others = positions(first), positions(second)
    votes: dict[int, int] = {}
    for number in mine.keys() & others.keys():
        for here in mine[number]:
            for there in others[number]:
                shift = here - there
                if abs(shift) <= LARGEST_OFFSET:
                    votes[shift] = votes.get(shift, 0) + 1
    best: Similarity | None = None
    for shift in sorted(votes, key=lambda shift: (-votes[shift], shift))[:_ALIGNMENTS]:
        found = _compare_at(first, second, shift)
        if found is not None and (best is None or found.similarity > best.similarity):
            best = found
    return best


def _compare_at(first: Values, second: Values, shift: int) -> Similarity | None:
    """Compare ``first[i + shift]`` with ``second[i]``."""
    mine, others = first[max(0, shift) :], second[max(0, -shift) :]
    count = min(len(mine), len(others))
    if count < max(_LEAST_COMMON, min(len(first), len(second)) // 2):
        return None
    differing = mine[:count] ^ others[:count]
    if np.count_nonzero(differing == 0) < max(2, _LEAST_WHOLE * count):
        return None
    similarity = 1 - float(_BITS[differing.view(np.uint16)].sum()) / (32 * count)
    return Similarity(similarity, shift * ITEM_SECONDS) if similarity >= SIMILAR else None


def _hash_order(numbers: Values) -> Values:
    """Hash each value, for an order that is independent of the music (MurmurHash3 finalizer)."""
    mixed = numbers.copy()
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        mixed ^= mixed >> np.uint32(shift)
        mixed *= np.uint32(factor)
    return mixed
