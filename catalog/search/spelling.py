"""Spelling correction: words that differ by a typing error.

The catalogue's vocabulary keeps each word under its first six letters, and under those with any one of them left out; a
longer word also under its last six, treated alike. Two words that differ by one wrong, missing, doubled or swapped
letter share such a key, so that near words are found by equality in an index, whatever the database, and only these
are compared. To compare all 40,000 words of 200,000 songs takes 25 times as long (10 ms for each word typed), and every
process would have to hold them.
"""

from collections.abc import Iterator

from rapidfuzz.distance import OSA

MIN_LENGTH = 4  # shorter words are not corrected: nearly everything is near them
MAX_LENGTH = 40
TWO_ERRORS = 7  # letters from which on two errors are forgiven
LONG = 8  # a word of so many is known by its end, too
END = 6


def max_errors(word: str) -> int:
    """Return how many errors are forgiven in ``word``: ``agua`` 1, ``cancion`` 2, ``sol`` none."""
    if len(word) < MIN_LENGTH or len(word) > MAX_LENGTH or any(letter.isdigit() for letter in word):
        return 0
    return 2 if len(word) >= TWO_ERRORS else 1


def is_kept(word: str) -> bool:
    """Return whether the vocabulary keeps words like ``word``: no numbers, nor words of one or two letters."""
    return 3 <= len(word) <= MAX_LENGTH and not any(letter.isdigit() for letter in word)


def keys(word: str) -> set[str]:
    """Return the keys under which similar words are found; triggers write the same (``sqlite.py``, ``postgres.py``).

    ``acdc`` has ``acdc``, ``cdc``, ``adc``, ``acc`` and ``acd``.
    """
    found = set(_shortened(word[:END]))
    if len(word) >= LONG:
        found |= {f"-{key}" for key in _shortened(word[-END:])}
    return found


def _shortened(letters: str) -> Iterator[str]:
    yield letters
    for n in range(len(letters)):
        yield letters[:n] + letters[n + 1 :]


def error_score(typed: str, word: str) -> tuple[int, bool, int] | None:
    """Score how far ``word`` is from what was ``typed``; ``None`` where it cannot have been meant.

    Another first letter is one error more. Two errors in no more than seven letters leave too little of a word, unless
    it begins as it should and ends where it should.
    """
    apart = distance(typed, word, max_errors(typed))
    if apart is None:
        return None
    errors, begun = apart
    another = typed[0] != word[0]
    if errors > 1 and len(typed) < LONG and (another or begun):
        return None
    return errors + another, begun, len(word)


def distance(typed: str, word: str, most: int) -> tuple[int, bool] | None:
    """Count the errors between ``typed`` and ``word``, or a prefix of it; and say whether it was only a prefix.

    ``beatels`` and ``beatles`` are ``(1, False)`` apart, ``cancoin`` and ``canciones`` ``(1, True)``: a wrong, a
    missing and a doubled letter are one error each, and so are two that changed places (optimal string alignment).
    ``None`` when there are more than ``most``.
    """
    size = len(typed)
    if size - len(word) > most:
        return None
    errors = OSA.distance(typed, word, score_cutoff=most)
    if errors <= most:
        return errors, False
    if size <= MIN_LENGTH:
        return None
    prefixes = (word[:length] for length in range(size - most, min(len(word), size + most + 1)))
    errors = min((OSA.distance(typed, prefix, score_cutoff=most) for prefix in prefixes), default=most + 1)
    return (errors, True) if errors <= most else None
