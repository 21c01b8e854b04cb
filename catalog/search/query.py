"""What somebody typed, and the MATCH expressions that ask the index for it.

A query is words in any order, each as a prefix. All have to be there, except stop words and symbols, which only help to
rank. Both databases hold words that ``analysis.py`` made, so nothing about spelling is left to them. Expressions are
written as SQLite's FTS5 reads them, with quotes around every word, so that none is an operator: ``queen`` becomes
``("queen"* OR "#=queen")``, and ``40 queens`` ``("40" OR "forty" OR "cuarenta") AND ("queens"* OR "#=queens")``.
``postgres.tsquery`` translates them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from catalog.search.analysis import analyze, clusters, grams, is_unspaced, other_forms
from catalog.search.stop_words import COMPOUND_NUMBERS, FEATURING, STOP_WORDS, SYNONYMS

MAX_LENGTH = 200
MAX_WORDS = 12
MAX_JOINED_WORDS = 8  # words of which neighbours may be one
SHORT = 2  # a word of so few letters begins too many others to be looked up as a beginning
MAX_SPLIT_RUN = 24  # signs of a run that may be artist and title together
MAX_INITIALS = 3
JOINED_MARK = "#="  # before a name without its spaces


def token(word: str) -> str:
    """A word as it stands in the index: ``rock`` is ``"rock"``, ``!!!`` is ``"!!!"``."""
    return '"' + word.replace('"', '""') + '"'


def prefix(word: str) -> str:
    """Words that begin so: ``que`` is ``"que"*``."""
    return token(word) + "*"


def all_of(expressions: Iterable[str]) -> str:
    """``"rock" AND "que"*``: each of these matches; ``"rock"`` alone stays as it is."""
    return " AND ".join(expressions)


def any_of(expressions: Iterable[str]) -> str:
    """``("rock" OR "que"*)``: one of these matches; ``"rock"`` alone stays as it is."""
    found = list(expressions)
    return f"({' OR '.join(found)})" if len(found) > 1 else "".join(found)


def all_but(expressions: Sequence[str], few: int) -> str:
    """All of these but ``few``: of ``"a"``, ``"b"``, ``"c"`` but one ``("b" AND "c" OR "a" AND ("b" OR "c"))``.

    Each half lacks some: that says every expression less often than all combinations would.
    """
    if few == 0:
        return all_of(expressions)
    if len(expressions) - few == 1:
        return any_of(expressions)
    half = len(expressions) // 2
    first, second = expressions[:half], expressions[half:]
    return any_of(
        all_of(all_but(part, n) for part, n in ((first, few - n), (second, n)) if n < len(part))
        for n in range(few + 1)
        if n <= len(second) and few - n <= len(first)
    )


@dataclass(frozen=True)
class Query:
    """The words of a search.

    ``tags`` are words of ours, such as ``#d1990``, that documents hold as well; ``symbols`` were typed beside words,
    ``spelt_out`` is what some words would be with ``ae`` for ``ä``, ``initials`` words that may be the first letters of
    names. ``partly``: one word may be missing. ``parted``: a run of signs may be two names, written together.
    """

    text: str
    tags: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    spelt_out: tuple[tuple[str, str], ...] = ()
    initials: tuple[str, ...] = ()
    partly: bool = False
    parted: bool = False

    @classmethod
    def of(cls, words: str, tags: Iterable[str] = ()) -> "Query":
        found = analyze(words[:MAX_LENGTH].replace("\0", " "))
        pairs = zip(found.words, found.spelt_out, strict=False) if found.spelt_out else ()
        others = tuple((word, other) for word, other in pairs if word != other)
        initials = tuple(word for word in found.words if _may_be_initials(word, words))
        return cls(found.text[:MAX_LENGTH].strip(), tuple(tags), found.symbols[:MAX_WORDS], others, initials)

    @cached_property
    def typed(self) -> tuple[str, ...]:
        """The words in the order in which they were typed."""
        return tuple(self.text.split()[:MAX_WORDS])

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words that have to be there, each once; stop words only where there is nothing else."""
        words = tuple(dict.fromkeys(self.typed))
        return tuple(word for word in words if word not in STOP_WORDS) or words

    @cached_property
    def whole_words(self) -> tuple[tuple[str, str], ...]:
        """The words, each also between spaces as it stands in a text."""
        return tuple((word, f" {word} ") for word in self.words)

    @cached_property
    def other_places(self) -> dict[str, tuple[list[str], list[str]]]:
        """For each word what else it may be in a text, and what a longer word begins with: ``" acdc "``, ``" acd"``."""
        found = {}
        for word in self.words:
            joined = self.joined.get(word, ())
            begun = [f" {word}", *(f" {one}" for one in joined if word in self.typed[-2:])]
            others = (*self.alternatives(word), JOINED_MARK + word, *joined)
            found[word] = [f" {other} " for other in others], begun
        return found

    @cached_property
    def whole_optional(self) -> tuple[str, ...]:
        """The optional words between spaces."""
        return tuple(f" {word} " for word in self.optional)

    @cached_property
    def optional(self) -> tuple[str, ...]:
        """Words that may be there, and symbols."""
        return (*(word for word in dict.fromkeys(self.typed) if word not in self.words), *self.symbols)

    @cached_property
    def featured(self) -> frozenset[str]:
        """Words after a "feat."; the song need not be credited to them here."""
        at = next((n for n, word in enumerate(self.typed) if n and word in FEATURING), len(self.typed))
        return frozenset(self.typed[at:]) - frozenset(self.typed[:at])

    @cached_property
    def is_short(self) -> bool:
        """One word of one or two letters: the beginning of half the catalogue."""
        return len(self.words) == 1 and _is_short(self.words[0])

    @cached_property
    def as_one(self) -> str:
        """The text as one word: ``l amour`` is ``lamour``, as ``L'amour`` is read."""
        return self.text.replace(" ", "")

    @cached_property
    def without_spaces(self) -> str:
        """The text without spaces and stop words."""
        return without_spaces(self.text)

    @cached_property
    def name_prefixes(self) -> tuple[str, ...]:
        """What a name may begin with that is meant: the text, with and without an article before it."""
        words = list(self.typed)
        while len(words) > 1 and words[0] in STOP_WORDS:
            del words[0]
        rest = " ".join(words)
        return tuple(dict.fromkeys((self.text, rest, f"the {rest}")))

    def match(self, *, whole: bool = False) -> str:
        """All words and tags. A short word is a token, or is left out when it may go on (not if ``whole``)."""
        found: list[str] = []
        for word in self.words:
            if not _is_short(word):
                found.append(self.term(word))
            elif whole or word != self.typed[-1] or not found:
                found.append(any_of([token(word), *self._alternative_terms(word)]))
        return self.with_tags(found)

    def match_optional(self) -> str:
        """All words and those that are optional, too."""
        return all_of([self.match(), *map(token, self.optional)])

    def match_prefixes(self) -> str:
        """Every word as a prefix, however short, for lists that somebody may wait for a little."""
        return self.with_tags(map(self.term, self.words))

    def with_tags(self, expressions: Iterable[str]) -> str:
        """All of these and the tags: ``"rock"`` of the nineties is ``"rock" AND "#d1990"``."""
        return all_of([*expressions, *map(token, self.tags)])

    def match_joined(self) -> str:
        """Two or three neighbours as one word, wherever: ``black pink``, ``a ha``, ``twenty one``; or nothing."""
        found = []
        for start, end in self._neighbours():
            ends = end == len(self.typed)
            one = any_of(prefix(word) if ends else token(word) for word in _as_one(self.typed[start:end]))
            rest = dict.fromkeys(
                word for word in (*self.typed[:start], *self.typed[end:]) if word in self.words
            )
            found.append(self.with_tags([one, *map(self.term, rest)]))
        return any_of(found)

    def _neighbours(self) -> Iterator[tuple[int, int]]:
        most = min(len(self.typed), MAX_JOINED_WORDS)
        return ((start, start + size) for size in (2, 3) for start in range(most - size + 1))

    def match_most_words(self) -> str:
        """All words but one or two, whichever, or all but featured artists; as tokens; or nothing."""
        few = self.dispensable if len(self.words) <= MAX_JOINED_WORDS else 1
        terms = {word: self.term(word, whole=True) for word in self.words}
        without_featured = [term for word, term in terms.items() if word not in self.featured]
        found = [all_but([*terms.values()], few)] if few else []
        if 0 < len(without_featured) < len(terms):
            found.append(all_of(without_featured))
        return self.with_tags([any_of(found)]) if found else ""

    def match_split_runs(self) -> str:
        """Each run of a script without spaces but for one pair: the one where artist and title meet; or nothing."""
        if not any(map(self.is_run, self.words)):
            return ""
        return self.with_tags(
            _all_but_one_pair(word) if self.is_run(word) else self.term(word) for word in self.words
        )

    def is_run(self, word: str) -> bool:
        """Whether ``word`` may be two names that no space parts."""
        return is_unspaced(word) and 2 < len(clusters(word)) <= MAX_SPLIT_RUN

    def with_initials_split(self) -> "Query":
        """The query with each of the initials as a word: ``js bach`` is ``j s bach``."""
        words = (" ".join(word) if word in self.initials else word for word in self.typed)
        return replace(self, text=" ".join(words))

    def match_long_words(self) -> str:
        """The words that are long enough to be looked up; the others are looked for in what was found; or nothing."""
        long = [word for word in self.words if not _is_short(word)]
        return self.with_tags(map(self.term, long)) if 0 < len(long) < len(self.words) else ""

    @property
    def dispensable(self) -> int:
        """How many words may be missing where nothing has them all."""
        return 0 if len(self.words) < 3 else 1 if len(self.words) < 6 else 2

    @property
    def has_short_end(self) -> bool:
        """Whether ``match`` left out the last word, which then is looked for in what was found."""
        return len(self.words) > 1 and _is_short(self.typed[-1]) and self.typed[-1] in self.words

    def term(self, word: str, *, whole: bool = False) -> str:
        """The word as a prefix (a token if ``whole``), and what else it may stand as.

        ``four`` is ``("four"* OR "4" OR "iv" OR "cuatro" OR "for" OR "#=four")``, ``夜に駆`` is ``"夜に" AND "に駆"*``.
        """
        if is_unspaced(word):
            *pairs, last = grams(word)
            return all_of([*map(token, pairs), prefix(last)])
        first = token(word) if whole else prefix(word)
        return any_of([first, *self._alternative_terms(word), token(JOINED_MARK + word)])

    def _alternative_terms(self, word: str) -> Iterator[str]:
        return (all_of(map(token, other.split())) for other in self.alternatives(word))

    def alternatives(self, word: str) -> tuple[str, ...]:
        """What ``word`` may stand as besides; some are two words."""
        spelt_out = tuple(other for plain, other in self.spelt_out if plain == word)
        return spelt_out + _alternatives(word)

    @cached_property
    def joined(self) -> dict[str, tuple[str, ...]]:
        """For each word what it may be one word with."""
        found: dict[str, tuple[str, ...]] = dict.fromkeys(self.typed, ())
        for start, end in self._neighbours():
            for word in self.typed[start:end]:
                found[word] += _as_one(self.typed[start:end])
        return found


@lru_cache(maxsize=10_000)
def without_spaces(text: str) -> str:
    """``the beatles`` is ``beatles``, ``ac dc`` is ``acdc``, ``the the`` is ``thethe``."""
    return "".join(word for word in text.split() if word not in STOP_WORDS) or text.replace(" ", "")


@lru_cache(maxsize=1000)
def _alternatives(word: str) -> tuple[str, ...]:
    return (*SYNONYMS.get(word, ()), *other_forms(word))


def _as_one(words: tuple[str, ...]) -> tuple[str, ...]:
    number = COMPOUND_NUMBERS.get(words)
    return ("".join(words), number) if number else ("".join(words),)


def _may_be_initials(word: str, typed: str) -> bool:
    """Two letters, or three that were written apart."""
    if not word.isalpha() or is_unspaced(word) or not 1 < len(word) <= MAX_INITIALS:
        return False
    return len(word) == SHORT or word not in typed.casefold()


def _all_but_one_pair(word: str) -> str:
    *pairs, last = grams(word)
    terms = [*map(token, pairs), prefix(last)]
    return any_of(all_of([*terms[:n], *terms[n + 1 :]]) for n in range(len(terms)))


def _is_short(word: str) -> bool:
    return len(word) <= SHORT and not is_unspaced(word)
