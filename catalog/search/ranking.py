"""Ranking of the documents that were found, the same for both databases."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from catalog.search.analysis import clusters, is_unspaced
from catalog.search.query import JOINED_MARK, Query, without_spaces


class Hit(NamedTuple):
    """A track that was found: its names as they are indexed, and what ranking needs of it.

    Ids are text, as this database writes them.
    """

    id: str
    artist_id: str
    album_id: str | None
    name: str
    artist: str
    album: str
    others: str
    spellings: str
    other_spellings: str
    plays: int
    created_at: Any

    @property
    def main(self) -> str:
        """Title and artist, each word between spaces."""
        return f" {self.name} {self.artist} {self.spellings} "

    @property
    def rest(self) -> str:
        """Featured artists and album, likewise."""
        return f" {self.others} {self.album} {self.other_spellings} "


Score = tuple[int, int]


def ranked(hits: Iterable[Hit], query: Query) -> list[Hit]:
    """Return the hits that hold every word, each once: the best first, then the most played, then the newest."""
    found = {hit.id: hit for hit in hits}
    newest = sorted(found.values(), key=attrgetter("created_at"), reverse=True)
    scored = [(*score, -hit.plays, n, hit) for n, hit in enumerate(newest) if (score := _score(hit, query))]
    scored.sort()
    return [hit for *_score, hit in scored]


def _score(hit: Hit, query: Query) -> Score | None:
    """Score a document: smaller is better, ``None`` where a word is missing."""
    text, name, artist = query.text, hit.name, hit.artist
    if not text:
        return (0, 0)
    cost = cost_of(query, hit)
    if cost is None:
        return None
    both = len(text) == len(name) + len(artist) + 1
    if text in (name, artist) or (both and text in (f"{artist} {name}", f"{name} {artist}")):
        return (0, cost)
    if cost < PREFIX_ONLY:
        title, performer = without_spaces(name), without_spaces(artist)
        same = query.without_spaces in (title, performer, performer + title, title + performer)
        if same or query.as_one in (name, artist) or f" {JOINED_MARK}{query.as_one} " in hit.main:
            return (0, cost + OTHER_SPELLING)
    begins = name.startswith(text) or artist.startswith(text)
    return ((1 if begins else 2) + (0 if cost < PREFIX_ONLY else 2), cost)


OTHER_SPELLING = 1  # a word that is written in another way, or an optional one that is missing
ELSEWHERE = 2  # a word that stands in the album or among featured artists
PREFIX_ONLY = 100  # a word that is only a beginning
MISSING = 10_000


def cost_of(query: Query, found: "Hit | Name") -> int | None:
    """Add up the penalties of how the words stand in what was found; ``None`` where too many are missing."""
    main = found.main
    total = missing = 0
    for word, whole in query.whole_words:
        if whole in main:
            continue
        cost = _cost(query, word, main, found.rest)
        if cost is None and query.parted and query.is_run(word) and _in_two(word, found):
            cost = OTHER_SPELLING
        if cost is not None:
            total += cost
        elif query.partly:
            total += MISSING
            missing += word not in query.featured
        else:
            return None
    if missing and missing > query.dispensable:
        return None
    for whole in query.whole_optional:
        if whole not in main:
            total += OTHER_SPELLING
    return total


def _cost(query: Query, word: str, main: str, rest: str) -> int | None:
    """Return the penalty of a word that does not stand in ``main`` as a whole; ``None`` where it is missing."""
    if f" {word} " in rest:
        return ELSEWHERE
    if is_unspaced(word):
        for more, text in ((0, main), (ELSEWHERE, rest)):
            if word in text.replace(" ", ""):
                return OTHER_SPELLING + more
        return None
    others, begun = query.other_places[word]
    for cost, texts in ((OTHER_SPELLING, others), (PREFIX_ONLY, begun)):
        for more, text in ((0, main), (ELSEWHERE, rest)):
            for other in texts:
                if other in text:
                    return cost + more
    return None


def _in_two(word: str, found: "Hit | Name") -> bool:
    """Whether both parts of a run of signs stand in title and artist, a single sign as a word of its own."""
    text = f" {found.name} {found.artist} "
    signs, together = clusters(word), text.replace(" ", "")

    def has(part: list[str]) -> bool:
        return f" {part[0]} " in text if len(part) == 1 else "".join(part) in together

    return any(has(signs[:cut]) and has(signs[cut:]) for cut in range(1, len(signs)))


class Name(NamedTuple):
    """An artist or an album that was found."""

    id: str
    name: str
    artist: str
    spellings: str
    other_spellings: str

    @property
    def main(self) -> str:
        """The name, each word between spaces."""
        return f" {self.name} {self.spellings} "

    @property
    def rest(self) -> str:
        """The artist of an album, likewise."""
        return f" {self.artist} {self.other_spellings} "


def ranked_names(rows: Iterable[Name], query: Query, liked: Mapping[str, int]) -> list[Name]:
    """Return the names that hold every word: the best first, then the most played, then the shortest."""
    scored = []
    for row in {row.id: row for row in rows}.values():
        cost = cost_of(query, row)
        if cost is not None:
            same = row.name == query.text or without_spaces(row.name) == query.without_spaces
            best = 0 if same else 1 if row.name.startswith(query.text) else 2
            tier = best if best == 0 or cost < PREFIX_ONLY else best + 2
            scored.append(((tier, cost, -liked.get(row.id, 0), len(row.name), row.name), row))
    return [row for _score, row in sorted(scored, key=lambda pair: pair[0])]
