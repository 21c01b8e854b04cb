"""Which of the documents that were found come first. The same in Python for both databases."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from catalog.search.query import SHORT, Query


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
    plays: int
    created_at: Any


Score = tuple[int, int]


def ranked(hits: Iterable[Hit], query: Query) -> list[Hit]:
    """Those of ``hits`` that hold every word, each once; the best first, then the most played, then the newest."""
    found = {hit.id: hit for hit in hits}
    newest = sorted(found.values(), key=attrgetter("created_at"), reverse=True)
    scored = [(*score, -hit.plays, n, hit) for n, hit in enumerate(newest) if (score := _score(hit, query))]
    scored.sort()
    return [hit for *_score, hit in scored]


def _score(hit: Hit, query: Query) -> Score | None:
    """How well a document answers; smaller is better, ``None`` where a word is missing."""
    text, name, artist = query.text, hit.name, hit.artist
    if not text or text in (name, artist):
        return (0, 0)
    if len(text) == len(name) + len(artist) + 1 and text in (f"{artist} {name}", f"{name} {artist}"):
        return (0, 0)
    begins = name.startswith(text) or artist.startswith(text)
    if query.is_name:
        return (1, 0) if begins else None
    cost = cost_of(query.words, f" {name} {artist} ", f" {hit.others} {hit.album} ")
    if cost is None:
        return None
    whole = cost < BEGUN
    if begins:
        return (1 if whole else 3, cost)
    return (2 if whole else 4, cost)


ELSEWHERE = 2  # a word that stands in the album or among the guests
BEGUN = 100  # a word that is only a beginning


def cost_of(words: Sequence[str], main: str, rest: str = " ") -> int | None:
    """What is imperfect about how ``words`` stand in two texts that begin and end with a space."""
    total = 0
    for word in words:
        whole, begun = f" {word} ", f" {word}"
        if whole in main:
            continue
        if whole in rest:
            total += ELSEWHERE
        elif begun in main:
            total += BEGUN
        elif begun in rest:
            total += BEGUN + ELSEWHERE
        elif not _with_apostrophe(word, main + rest):
            return None
    return total


def _with_apostrophe(word: str, text: str) -> bool:
    """Whether ``dont`` stands there as ``don t``."""
    return len(word) > SHORT - 1 and any(
        f" {word[:cut]} {word[cut:]} " in text for cut in range(1, len(word))
    )


class Name(NamedTuple):
    """An artist or an album that was found."""

    id: str
    name: str
    artist: str


def ranked_names(rows: Iterable[Name], query: Query, liked: Mapping[str, int]) -> list[Name]:
    """The best first, then those whose songs are played most, then the shortest name."""
    scored = []
    for row in {row.id: row for row in rows}.values():
        if query.is_name:
            cost: int | None = 0 if row.name.startswith(query.text) else None
        else:
            cost = cost_of(query.words, f" {row.name} ", f" {row.artist} ")
        if cost is not None:
            best = 0 if row.name == query.text else 1 if row.name.startswith(query.text) else 2
            tier = best if best == 0 or cost < BEGUN else best + 2
            scored.append(((tier, cost, -liked.get(row.id, 0), len(row.name), row.name), row))
    return [row for _score, row in sorted(scored, key=lambda pair: pair[0])]
