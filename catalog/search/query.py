"""What somebody typed, and how it is asked of either database.

A query is words that all have to be there, in any order, each as the beginning of a word. Both databases hold words
that ``catalog.text.fold`` has made plain, so nothing about spelling is left to them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from catalog.text import fold

MOST_LETTERS = 200
MOST_WORDS = 12
LONGEST_BEGINNING = 12  # letters; what begins with more of them PostgreSQL looks for among whole words
SHORT = 2  # a word of so few letters begins too many others to be looked up as a beginning

_CONTRACTED = {
    text.replace(" ", ""): text
    for text in ("i m", "i ll", "i ve", "you re", "you ll", "you ve", "they re", "we ve", "it ll", "who ll")
}

Token = tuple[str, bool]  # a word, and whether it may go on
Alternative = Sequence[Token]  # tokens that all have to be there
Group = Sequence[Alternative]  # one of these has to be there
Variant = Sequence[Group]  # all of these have to be there


@dataclass(frozen=True)
class Query:
    """The words of a search. ``tags`` are words of ours, such as ``#d1990``, that documents hold as well."""

    text: str
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: str, tags: Iterable[str] = ()) -> "Query":
        return cls(fold(words[:MOST_LETTERS].replace("\0", " "))[:MOST_LETTERS].strip(), tuple(tags))

    @cached_property
    def is_name(self) -> bool:
        """Without a single letter or digit ("!!!") it can only be somebody's whole name."""
        return bool(self.text) and not any(letter.isalnum() for letter in self.text)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words, each once, in the order in which they were typed."""
        return () if self.is_name else tuple(dict.fromkeys(self.text.split()[:MOST_WORDS]))

    @cached_property
    def is_short(self) -> bool:
        """One word of one or two letters: the beginning of half the catalogue."""
        return len(self.words) == 1 and len(self.words[0]) <= SHORT

    def wanted(self, *, whole: bool = False) -> Variant:
        """All words and tags. A short word is taken as a whole word, or left out when it may go on."""
        groups: list[Group] = []
        for number, word in enumerate(self.words):
            last = number == len(self.words) - 1
            if len(word) > SHORT:
                groups.append(_either(word))
            elif whole or not last or not groups:
                groups.append([[(word, False)]])
        return [*groups, *self._tagged()]

    def everything_begun(self) -> Variant:
        """Every word as a beginning, however short, for lists that somebody may wait for a little."""
        return [*(_either(word) for word in self.words), *self._tagged()]

    def narrowed_to(self, words: Sequence[Group]) -> Variant:
        """Other words, the same tags."""
        return [*words, *self._tagged()]

    @property
    def has_short_end(self) -> bool:
        """Whether ``wanted`` left out the last word, which then is looked for in what was found."""
        return len(self.words) > 1 and len(self.words[-1]) <= SHORT

    def _tagged(self) -> Iterator[Group]:
        return ([[(tag, False)]] for tag in self.tags)


def _either(word: str) -> Group:
    """The word, and how it stands in the index where it was written with an apostrophe: ``dont``, ``don t``."""
    found: list[Alternative] = [[(word, True)]]
    if word.endswith("nt") and len(word) > 3:
        found.append([(word[:-1], False), ("t", False)])
    elif word in _CONTRACTED:
        found.append([(part, False) for part in _CONTRACTED[word].split()])
    elif word.endswith("s") and len(word) > 4:
        found.append([(word[:-1], False), ("s", False)])
    return found


def for_sqlite(variants: Sequence[Variant]) -> str:
    """For ``MATCH``. Words are in quotes, so that no operator can be among them."""

    def token(row: Token) -> str:
        word, begun = row
        return '"' + word.replace('"', '""') + '"' + ("*" if begun else "")

    return _joined(variants, token, " AND ", " OR ")


def for_postgres(variants: Sequence[Variant]) -> str:
    """A ``tsquery`` as text; see ``postgres.py`` for how words and their beginnings stand in the index."""

    def token(row: Token) -> str:
        word, begun = row
        lexeme = "'" + word.replace("\\", "\\\\").replace("'", "''")
        if not begun:
            return f"{lexeme}.'"
        return f"{lexeme}'" if len(word) <= LONGEST_BEGINNING else f"{lexeme}':*"

    return _joined(variants, token, " & ", " | ")


def _joined(variants: Sequence[Variant], token: Callable[[Token], str], both: str, either: str) -> str:
    def alternative(tokens: Alternative) -> str:
        return "(" + both.join(token(row) for row in tokens) + ")"

    def group(alternatives: Group) -> str:
        return "(" + either.join(alternative(tokens) for tokens in alternatives) + ")"

    def variant(groups: Variant) -> str:
        return "(" + both.join(group(alternatives) for alternatives in groups) + ")"

    return either.join(variant(groups) for groups in variants)
