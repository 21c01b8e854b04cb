"""Searching: from what somebody typed to what they see."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import nlargest
from itertools import pairwise
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import connections
from django.db.models import QuerySet

from accounts.models import User
from catalog.models import Track
from catalog.search import facets, spelling
from catalog.search.facets import Facets, Filters
from catalog.search.index import MAX_HITS, MAX_NAMES, Index
from catalog.search.query import Query, all_of, any_of, token
from catalog.search.ranking import Hit, Name, cost_of, ranked, ranked_names
from catalog.selectors import AlbumTitle, ArtistName, Song, albums_by_id, artists_by_id, songs_by_id

M = TypeVar("M", bound="Any")

ENOUGH_SONGS = 24  # songs: two words are not taken for one where as many hold both
FEW_SONGS = 2  # songs: perhaps others misspelt the words, too
SUGGESTION_FACTOR = 3
MAX_SPLIT_LENGTH = 16
MAX_CANDIDATES = 10  # for each word that may be wrong
MAX_READ = 200  # documents that say how the words were meant
NAMES_SHOWN = 6
NAMES_CHECKED = 24  # the best, of which some may be for others only
NAMES_RANKED = 60  # names of each kind that are ranked beside songs


@dataclass
class Found:
    """What was found. ``more`` says that only so many were looked at.

    ``corrected`` is what was looked for instead, ``suggested`` what would find much more.
    """

    query: Query
    user: User | AnonymousUser
    hits: list[Hit]
    more: bool = False
    corrected: str = ""
    suggested: str = ""

    @property
    def partly(self) -> bool:
        """Whether no song holds all words, and these hold most of them."""
        return self.query.partly

    @property
    def ids(self) -> list[UUID]:
        """The tracks, the best first."""
        return [UUID(hit.id) for hit in self.hits]

    @cached_property
    def facets(self) -> Facets:
        """By what they can be narrowed further."""
        return facets.count(list(_index(self.user).facts([hit.id for hit in self.hits]).values()))

    def tracks(self, rows: QuerySet[Track]) -> "InOrder[Track]":
        """The tracks as a list that can be cut into pages; ``rows`` says what is fetched with them."""
        return InOrder([hit.id for hit in self.hits], among(rows))

    def songs(self) -> "InOrder[Song]":
        """The same as lists show them."""
        return InOrder([hit.id for hit in self.hits], lambda ids: songs_by_id(ids, self.user))

    def artists(self, most: int = NAMES_SHOWN) -> list[ArtistName]:
        """Artists of that name, those whose songs were found and are played most first."""
        return self._visible("artist", artists_by_id, most)

    def albums(self, most: int = NAMES_SHOWN) -> list[AlbumTitle]:
        """Albums whose title or artist it is."""
        return self._visible("album", albums_by_id, most)

    def _visible(self, kind: str, fetch: Callable[..., list[M]], most: int) -> list[M]:
        """The best names that this person may see; that is proved where a song of each was found."""
        ids = self._names[kind][:NAMES_CHECKED]
        proved = all(key in self._plays_by_name[kind] for key in ids[:most])
        seen = InOrder(ids[:most], lambda keys: fetch(keys, self.user, proved=proved)).whole()
        if len(seen) < most < len(ids):  # some are for others only
            seen += InOrder(ids[most:], lambda keys: fetch(keys, self.user, proved=False)).whole()
        return seen[:most]

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        return self.names("artist", "album")

    def names(self, *kinds: str, most: int = NAMES_RANKED) -> dict[str, list[str]]:
        """The ids of artists and albums, the best first, without looking at who may see them."""
        if not self.query.text:
            return {kind: [] for kind in kinds}
        liked = {
            kind: nlargest(NAMES_CHECKED, of, key=of.__getitem__) for kind, of in self._plays_by_name.items()
        }
        artists = {hit.artist_id: hit for hit in self.hits}  # as the index has them
        asked = {kind: liked[kind] if kind == "album" else [] for kind in kinds}
        found = _index(self.user).names(self.query, asked, most)
        if "artist" in found:
            hits = [artists[key] for key in liked["artist"]]
            found["artist"] += [Name(hit.artist_id, hit.artist, "", hit.spellings, "") for hit in hits]
        return {
            kind: [row.id for row in ranked_names(rows, self.query, self._plays_by_name[kind])]
            for kind, rows in found.items()
        }

    @cached_property
    def _plays_by_name(self) -> dict[str, Mapping[str, int]]:
        """The artists and albums of the songs that were found, by how much these are played."""
        artists: dict[str, int] = defaultdict(int)
        albums: dict[str, int] = defaultdict(int)
        for hit in self.hits:
            artists[hit.artist_id] += 1 + hit.plays
            if hit.album_id:
                albums[hit.album_id] += 1 + hit.plays
        return {"artist": artists, "album": albums}


class InOrder(Sequence[M], Generic[M]):
    """Rows by their ids, in the order of these; ``fetch`` gives those of a page that there are."""

    def __init__(self, ids: Sequence[UUID | str], fetch: Callable[[list[UUID]], Iterable[M]]) -> None:
        self.ids, self.fetch = ids, fetch

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, which: Any) -> Any:
        if isinstance(which, slice):
            return self._fetched(self.ids[which])
        return self._fetched([self.ids[which]])[0]

    def __iter__(self) -> Iterator[M]:
        return iter(self.whole())

    def whole(self) -> list[M]:
        return self._fetched(self.ids)

    def _fetched(self, ids: Sequence[UUID | str]) -> list[M]:
        keys = [key if isinstance(key, UUID) else UUID(key) for key in ids]
        rows = {row.pk: row for row in self.fetch(keys)} if keys else {}
        return [rows[key] for key in keys if key in rows]


def among(rows: QuerySet[Any]) -> Callable[[Collection[UUID]], Iterable[Any]]:
    """Fetches those of ``rows`` that have certain ids."""
    return lambda ids: rows.order_by().filter(pk__in=ids)


def find(
    words: str,
    user: User | AnonymousUser,
    filters: Filters | None = None,
    *,
    most: int = MAX_HITS,
    hints: bool = False,
    within: tuple[str, UUID] | None = None,
) -> Found:
    """Look for ``words``; where nothing has them, for words that differ by a typing error.

    ``hints``: where few songs have them, too, for what may have been meant.
    ``within``: only among the songs of ``("artist", id)`` or ``("album", id)``.
    """
    filters = filters or Filters()
    query = Query.of(words, filters.tags)
    if within:
        hits = ranked(_index(user).tracks_of(*within, query), query)
        return Found(query, user, _by_model(hits, filters.model, user) if filters.model else hits)
    if not query.text and not query.tags and filters.model:
        return Found(query, user, _by_model(_index(user).most_played(), filters.model, user), more=True)
    found = _find(query, user, most)
    if not found.hits:
        found = _find_split(query, user, most)
    if not found.hits and query.words and (text := _correct(query, user)):
        found = _find(Query(text, query.tags), user, most)
        found.corrected = text
    if not found.hits:
        found = _find_most_words(query, user, most)
    if filters.model:
        found.hits = _by_model(found.hits, filters.model, user)
    if hints and 0 < len(found.hits) <= FEW_SONGS and not (found.corrected or found.partly or filters):
        found.suggested = _correct(query, user, more_than=SUGGESTION_FACTOR * len(found.hits))
    return found


def find_names(kind: str, words: str, user: User | AnonymousUser) -> list[UUID]:
    """Artists or albums by words, the best first, without looking at who may see them."""
    found = Found(Query.of(words), user, [])
    ids = found.names(kind, most=MAX_NAMES)[kind]
    if not ids and found.query.words and (text := _correct(found.query, user)):
        found.query = Query(text)
        ids = found.names(kind, most=MAX_NAMES)[kind]
    return [UUID(key) for key in ids]


def _index(user: User | AnonymousUser) -> Index:
    return Index(connections[Track.objects.db], user)


def _find(query: Query, user: User | AnonymousUser, most: int) -> Found:
    index = _index(user)
    if not query.words and not query.tags:
        return Found(query, user, [])
    hits, more = index.tracks(query, query.match(), most)
    if more or query.is_short:
        hits += index.sample_of_common(query, most)
        if query.has_short_end:
            hits += index.tracks(query, query.match(whole=True), most)[0]
    if 0 < len(hits) < ENOUGH_SONGS:
        hits += index.tracks(query, query.match_joined(), most)[0]
    return Found(query, user, ranked(hits, query)[:most], more)


def _find_split(query: Query, user: User | AnonymousUser, most: int) -> Found:
    """Find artist and title written together, in a script without spaces, before one passes for a typing error."""
    asked = replace(query, parted=True)
    if not (match := asked.match_split_runs()):
        return Found(query, user, [])
    hits, more = _index(user).tracks(asked, match, most)
    return Found(asked, user, ranked(hits, asked), more)


def _find_most_words(query: Query, user: User | AnonymousUser, most: int) -> Found:
    """Where nothing holds all words, find neighbours as one word, initials as names, or else most of the words."""
    index = _index(user)
    initials = query.with_initials_split()
    for asked, match in (
        (query, query.match_joined()),
        (initials, initials.match_long_words()),
        (replace(query, partly=True), query.match_most_words()),
    ):
        hits, more = index.tracks(asked, match, most)
        if best := ranked(hits, asked):
            return Found(asked, user, best, more)
    return Found(query, user, [])


def _by_model(hits: list[Hit], model: str, user: User | AnonymousUser) -> list[Hit]:
    """Those of ``hits`` that ``model`` has separated."""
    facts = _index(user).facts([hit.id for hit in hits])
    done = dict(zip(facts, facets.done_by(list(facts.values())), strict=True))
    return [hit for hit in hits if model in done.get(hit.id, ())]


def _correct(query: Query, user: User | AnonymousUser, *, more_than: int = 0) -> str:
    """Correct typing errors by words that stand together in what ``user`` may see; return the text, or nothing.

    ``more_than``: only if they stand together in more than so many songs.
    """
    index = _index(user)
    choices = _candidates(query, index)
    if not any(len(group) > 1 for group in choices):
        return ""
    joined = ["", *map(token, map("".join, pairwise(query.words))), ""]  # each word with its neighbours
    terms = (
        any_of(
            filter(None, [query.term(word), *(all_of(map(token, text.split())) for text in others), *pairs])
        )
        for (word, *others), pairs in zip(choices, pairwise(joined), strict=True)
    )
    hits, _more = index.tracks(query, query.with_tags(terms), MAX_READ)
    readings: Counter[str] = Counter()
    costs: dict[str, int] = {}
    for hit in hits:
        cost, reading = _reading(query, choices, hit)
        if reading and reading != query.text:
            readings[reading] += 1
            costs[reading] = cost
    often = [reading for reading, n in readings.items() if n > more_than]
    return min(often, key=lambda reading: (costs[reading], -readings[reading], reading), default="")


def _reading(query: Query, choices: list[list[str]], hit: Hit) -> tuple[int, str]:
    """Return at which cost ``hit`` has the words, and which of the choices: the earlier one is the nearer one."""
    words, text = query.words, hit.main + hit.rest
    cost, skip = 0, False
    read: dict[str, str] = {}
    for number, group in enumerate(choices):
        word = words[number]
        if skip:
            read[word], skip = "", False
            continue
        following = words[number + 1] if number + 1 < len(words) else ""
        if following and f" {word}{following} " in text:
            read[word] = word + following
            cost += 1
            skip = True
            continue
        for place, choice in enumerate(group):
            if f" {choice} " in text or (place == 0 and cost_of(Query(choice), hit) is not None):
                cost += place
                read[word] = choice
                break
        else:
            return 0, ""
    # Stop words stay where they were.
    return cost, " ".join(filter(None, (read.get(word, word) for word in dict.fromkeys(query.typed))))


def _candidates(query: Query, index: Index) -> list[list[str]]:
    """Return for each word itself and then what it may have been meant to be, the nearest first."""
    words = query.words
    wrong = {word for word in words if spelling.max_errors(word)}
    parted = {word: _split_in_two(word) for word in words}
    parts = {
        part for texts in parted.values() for text in texts for part in text.split() if spelling.is_kept(part)
    }
    near = index.near({key for word in wrong for key in spelling.keys(word)})
    known = index.known(parts)
    found = []
    for word in words:
        scored = [
            (far, other)
            for other in (near if word in wrong else ())
            if other != word and (far := spelling.error_score(word, other)) is not None
        ]
        nearest = [other for _far, other in sorted(scored)[:MAX_CANDIDATES]]
        whole = (
            text for text in parted[word] if all(p in known or not spelling.is_kept(p) for p in text.split())
        )
        found.append([word, *nearest, *whole])
    return found


def _split_in_two(word: str) -> list[str]:
    """The word as two, for each place where it may be cut, and ``rocknroll`` as three."""
    if not 3 <= len(word) <= MAX_SPLIT_LENGTH:
        return []
    parts = [f"{word[:cut]} {word[cut:]}" for cut in range(1, len(word))]
    return parts + [
        f"{word[:cut]} n {word[cut + 1 :]}" for cut in range(3, len(word) - 3) if word[cut] == "n"
    ]


__all__ = ["Found", "InOrder", "among", "find", "find_names"]
