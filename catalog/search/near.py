"""Words that differ by a typing error.

Each word is kept under its first six letters, and under those with any one of them left out; a longer word also under
its last six, treated alike. Two words that differ by one wrong, missing, doubled or swapped letter share such a key,
so that near words are found by equality in an index, whatever the database.
"""

from collections.abc import Iterator

SHORTEST = 4  # shorter words are not corrected: nearly everything is near them
LONGEST = 40
LONG = 8  # from here on two errors are forgiven
END = 6


def allowed(word: str) -> int:
    """How many errors are forgiven in ``word``."""
    if len(word) < SHORTEST or len(word) > LONGEST or any(letter.isdigit() for letter in word):
        return 0
    return 2 if len(word) >= LONG else 1


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


def distance(typed: str, word: str, most: int) -> tuple[int, bool] | None:
    """Errors between ``typed`` and ``word``, or a beginning of it; and whether it was only a beginning.

    A wrong, a missing and a doubled letter are one error each, and so are two that changed places.
    ``None`` when there are more than ``most``.
    """
    if len(typed) - len(word) > most:
        return None
    word = word[: len(typed) + most + 1]
    before: list[int] = []
    row = list(range(len(word) + 1))
    for i, letter in enumerate(typed, start=1):
        two, before, row = before, row, [i] + [0] * len(word)
        for j, other in enumerate(word, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == other:
                cost = min(cost, two[j - 2] + 1)
            row[j] = cost
        if min(row) > most and min(before) > most:
            return None
    if row[-1] <= most:
        return row[-1], False
    begun = min(row)
    return (begun, True) if begun <= most and len(typed) > SHORTEST else None
