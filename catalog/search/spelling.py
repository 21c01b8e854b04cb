"""Words that differ by a typing error.

Each word is kept under its first six letters, and under those with any one of them left out; a longer word also under
its last six, treated alike. Two words that differ by one wrong, missing, doubled or swapped letter share such a key,
so that near words are found by equality in an index, whatever the database.
"""

from collections.abc import Iterator
from functools import lru_cache

SHORTEST = 4  # shorter words are not corrected: nearly everything is near them
LONGEST = 40
TWO_ERRORS = 7  # letters from which on two errors are forgiven
LONG = 8  # a word of so many is known by its end, too
END = 6


def allowed(word: str) -> int:
    """How many errors are forgiven in ``word``."""
    if len(word) < SHORTEST or len(word) > LONGEST or any(letter.isdigit() for letter in word):
        return 0
    return 2 if len(word) >= TWO_ERRORS else 1


def keys(word: str) -> set[str]:
    """Where near words of ``word`` are found; the index holds the same (see ``sqlite.py``, ``postgres.py``)."""
    found = set(_shortened(word[:END]))
    if len(word) >= LONG:
        found |= {f"-{key}" for key in _shortened(word[-END:])}
    return found


def _shortened(letters: str) -> Iterator[str]:
    yield letters
    for n in range(len(letters)):
        yield letters[:n] + letters[n + 1 :]


def farness(typed: str, word: str) -> tuple[int, bool, int] | None:
    """How far ``word`` is from what was ``typed``, to be compared; ``None`` where it cannot have been meant.

    Another first letter is one error more. Two errors in no more than seven letters leave too little of a word, unless
    it begins as it should and ends where it should.
    """
    apart = distance(typed, word, allowed(typed))
    if apart is None:
        return None
    errors, begun = apart
    another = typed[0] != word[0]
    if errors > 1 and len(typed) < LONG and (another or begun):
        return None
    return errors + another, begun, len(word)


def distance(typed: str, word: str, most: int) -> tuple[int, bool] | None:
    """Errors between ``typed`` and ``word``, or a beginning of it; and whether it was only a beginning.

    A wrong, a missing and a doubled letter are one error each, and so are two that changed places.
    ``None`` when there are more than ``most``.

    After Hyyrö: a column of the table of distances is held in whole numbers, one bit for each letter of ``typed``:
    where it is one more (``up``) or one less (``down``) than above, and where the diagonal goes on (``same``).
    """
    size = len(typed)
    if size - len(word) > most:
        return None
    places = _places(typed)
    every, last = (1 << size) - 1, 1 << size - 1
    up, down, same, before = every, 0, 0, 0
    errors = least = size
    for letter in word[: size + most + 1]:
        here = places.get(letter, 0)
        swapped = ((~same & here) << 1) & before
        same = ((((here & up) + up) ^ up) | here | down | swapped) & every
        more, less = down | ~(same | up), same & up
        if more & last:
            errors += 1
        elif less & last:
            errors -= 1
            least = min(least, errors)
        more, less = more << 1 | 1, less << 1
        up, down = (less | ~(same | more)) & every, more & same & every
        before = here
    if errors <= most and len(word) <= size + most:
        return errors, False
    return (least, True) if least <= most and size > SHORTEST else None


@lru_cache(maxsize=100)
def _places(typed: str) -> dict[str, int]:
    """Where each letter stands, as bits."""
    found: dict[str, int] = {}
    for place, letter in enumerate(typed):
        found[letter] = found.get(letter, 0) | 1 << place
    return found
