"""What somebody typed, and how it is asked of either database.

A query is words in any order, each as the beginning of a word. All have to be there, except stop words and symbols,
which only help to rank. Both databases hold words that ``analysis.py`` made, so nothing about spelling is left to them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations

from catalog.search.analysis import analyze, clusters, grams, is_unspaced, other_forms
from catalog.search.stop_words import COMPOUND_NUMBERS, GUESTS, STOP_WORDS, SYNONYMS

MOST_LETTERS = 200
MOST_WORDS = 12
MOST_JOINED = 8  # words of which neighbours may be one
LONGEST_BEGINNING = 12  # letters; what begins with more of them PostgreSQL looks for among whole words
SHORT = 2  # a word of so few letters begins too many others to be looked up as a beginning
MOST_PARTED = 24  # signs of a run that may be artist and title together
MOST_INITIALS = 3
IN_ONE = "#="  # before a name without its spaces

Token = tuple[str, bool]  # a word, and whether it may go on
Alternative = Sequence[Token]  # tokens that all have to be there
Group = Sequence[Alternative]  # one of these has to be there
Variant = Sequence[Group]  # all of these have to be there


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
        found = analyze(words[:MOST_LETTERS].replace("\0", " "))
        pairs = zip(found.words, found.spelt_out, strict=False) if found.spelt_out else ()
        others = tuple((word, other) for word, other in pairs if word != other)
        initials = tuple(word for word in found.words if _may_be_initials(word, words))
        return cls(
            found.text[:MOST_LETTERS].strip(), tuple(tags), found.symbols[:MOST_WORDS], others, initials
        )

    @cached_property
    def typed(self) -> tuple[str, ...]:
        """The words in the order in which they were typed."""
        return tuple(self.text.split()[:MOST_WORDS])

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
    def optional(self) -> tuple[str, ...]:
        """Words that may be there, and symbols."""
        return (*(word for word in dict.fromkeys(self.typed) if word not in self.words), *self.symbols)

    @cached_property
    def guests(self) -> frozenset[str]:
        """Words behind a "feat."; the song need not be credited to them here."""
        at = next((n for n, word in enumerate(self.typed) if n and word in GUESTS), len(self.typed))
        return frozenset(self.typed[at:]) - frozenset(self.typed[:at])

    @cached_property
    def is_short(self) -> bool:
        """One word of one or two letters: the beginning of half the catalogue."""
        return len(self.words) == 1 and _is_short(self.words[0])

    @cached_property
    def bare(self) -> str:
        """The text without spaces and stop words."""
        return bare(self.text)

    @cached_property
    def beginnings(self) -> tuple[str, ...]:
        """What a name may begin with that is meant: the text, with and without an article before it."""
        words = list(self.typed)
        while len(words) > 1 and words[0] in STOP_WORDS:
            del words[0]
        rest = " ".join(words)
        return tuple(dict.fromkeys((self.text, rest, f"the {rest}")))

    def wanted(self, *, whole: bool = False) -> Variant:
        """All words and tags. A short word is taken as a whole word, or left out when it may go on."""
        groups: list[Group] = []
        for word in self.words:
            if not _is_short(word):
                groups.append(self.group(word))
            elif whole or word != self.typed[-1] or not groups:
                groups.append([[(word, False)], *self._others(word)])
        return [*groups, *self._tagged()]

    def everything(self) -> Variant:
        """All words and those that are optional, too."""
        return [*self.wanted(), *([[(word, False)]] for word in self.optional)]

    def everything_begun(self) -> Variant:
        """Every word as a beginning, however short, for lists that somebody may wait for a little."""
        return [*map(self.group, self.words), *self._tagged()]

    def narrowed_to(self, words: Sequence[Group]) -> Variant:
        """Other words, the same tags."""
        return [*words, *self._tagged()]

    def with_neighbours_joined(self) -> list[Variant]:
        """Two or three neighbours as one word, wherever: ``black pink``, ``a ha``, ``twenty one``."""
        variants = []
        for start, end in self._neighbours():
            rest = [word for word in (*self.typed[:start], *self.typed[end:]) if word in self.words]
            one = [[(word, end == len(self.typed))] for word in _as_one(self.typed[start:end])]
            variants.append(self.narrowed_to([one, *map(self.group, dict.fromkeys(rest))]))
        return variants

    def _neighbours(self) -> Iterator[tuple[int, int]]:
        most = min(len(self.typed), MOST_JOINED)
        return ((start, start + size) for size in (2, 3) for start in range(most - size + 1))

    def with_words_left_out(self) -> list[Variant]:
        """All words but one or two, whichever, and all but guests; as whole words."""
        few = self.dispensable if len(self.words) <= MOST_JOINED else 1
        left = list(combinations(self.words, few)) if few else []
        if 0 < len(self.guests.intersection(self.words)) < len(self.words):
            left.append(tuple(self.guests))
        groups = {word: self.group(word, begun=False) for word in self.words}
        return [
            self.narrowed_to([group for word, group in groups.items() if word not in without])
            for without in left
        ]

    def with_runs_parted(self) -> list[Variant]:
        """Each run of a script without spaces but for one pair of signs: the one where artist and title meet."""
        groups = [_but_one_pair(word) if self.is_run(word) else self.group(word) for word in self.words]
        return [self.narrowed_to(groups)] if any(map(self.is_run, self.words)) else []

    def is_run(self, word: str) -> bool:
        """Whether ``word`` may be two names that no space parts."""
        return is_unspaced(word) and 2 < len(clusters(word)) <= MOST_PARTED

    def with_initials_parted(self) -> "Query":
        """The query with each of the initials as a word."""
        words = (" ".join(word) if word in self.initials else word for word in self.typed)
        return replace(self, text=" ".join(words))

    def without_short_words(self) -> list[Variant]:
        """The words that are long enough to be looked up; the others are looked for in what was found."""
        long = [word for word in self.words if not _is_short(word)]
        return [self.narrowed_to([*map(self.group, long)])] if 0 < len(long) < len(self.words) else []

    @property
    def dispensable(self) -> int:
        """How many words may be missing where nothing has them all."""
        return 0 if len(self.words) < 3 else 1 if len(self.words) < 6 else 2

    @property
    def has_short_end(self) -> bool:
        """Whether ``wanted`` left out the last word, which then is looked for in what was found."""
        return len(self.words) > 1 and _is_short(self.typed[-1]) and self.typed[-1] in self.words

    def group(self, word: str, *, begun: bool = True) -> Group:
        """The word as a beginning, and what else it may stand as."""
        if is_unspaced(word):
            pairs = grams(word)
            return [[(pair, pair is pairs[-1]) for pair in pairs]]
        return [
            [(word, begun)],
            *self._others(word),
            [(IN_ONE + word, False)],
        ]

    def _others(self, word: str) -> Iterator[Alternative]:
        return ([(part, False) for part in other.split()] for other in self.alternatives(word))

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

    def _tagged(self) -> Iterator[Group]:
        return ([[(tag, False)]] for tag in self.tags)


@lru_cache(maxsize=10_000)
def bare(text: str) -> str:
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
    if not word.isalpha() or is_unspaced(word) or not 1 < len(word) <= MOST_INITIALS:
        return False
    return len(word) == SHORT or word not in typed.casefold()


def _but_one_pair(word: str) -> Group:
    pairs = grams(word)
    tokens = [(pair, pair is pairs[-1]) for pair in pairs]
    return [[*tokens[:n], *tokens[n + 1 :]] for n in range(len(tokens))]


def _is_short(word: str) -> bool:
    return len(word) <= SHORT and not is_unspaced(word)


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
