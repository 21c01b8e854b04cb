"""Queries the index. Every query reads a bounded number of rows, however common its words are."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.db import connection, connections
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from catalog.search import spelling
from catalog.search.analysis import is_unspaced
from catalog.search.facets import Facts
from catalog.search.postgres import document, tsquery
from catalog.search.query import Query
from catalog.search.ranking import Hit, Name

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

MAX_HITS = 300  # documents that are ranked; beyond it is "more than 300"
# Where there are too many documents to look at all: names that begin with the words, a fifth of those that are ranked,
# and the most played songs, among which the words are looked for, three fifths.
SHARE_OF_PREFIX = 1 / 5
SHARE_OF_OTHER_PREFIX = 1 / 20  # with or without "The"
SHARE_OF_MOST_PLAYED = 3 / 5
SHARE_WITH_STOP_WORDS = 2 / 5
MAX_NAMES = 150
MAX_WITHIN = 5_000
MAX_LISTED = 10_000  # for lists in another order, such as the admin panel's
LAST = chr(0x10FFFF)
Rows = TypeVar("Rows", bound=QuerySet[Any])

Parameters = list[Any]
Source = tuple[str, Parameters]

# Of a track: what ranking needs, and what ``_tagged`` asks for.
_ROW = """d.target, d.artist_id, d.album_id, d.name, d.artist, d.album, d.others, d.spellings, d.other_spellings,
    d.plays, d.created_at, d.year, d.genre_key"""


class Index:
    """The index in one database, as one person may read it."""

    def __init__(self, connection: Any, user: "User | AnonymousUser") -> None:
        self.connection = connection
        self.is_postgres = connection.vendor == "postgresql"
        self.reader = "" if user.is_anonymous else (str(user.pk) if self.is_postgres else user.pk.hex)

    def tracks(self, query: Query, match: str, most: int = MAX_HITS) -> tuple[list[Hit], bool]:
        """Return documents that match the expression (none if it is empty), and whether there are more."""
        if not match:
            return [], False
        rows = self._hits([self._matching(match, most + 1)], query.tags)
        return rows[:most], len(rows) > most

    def sample_of_common(self, query: Query, most: int = MAX_HITS) -> list[Hit]:
        """Where the words are in too many documents: names that begin with them, and the most played songs.

        Stop words that were typed are looked for, too.
        """
        sources = [
            *self._name_ranges(query, most),
            self._most_played(query, round(most * SHARE_OF_MOST_PLAYED)),
        ]
        if query.optional:
            sources.append(self._matching(query.match_optional(), round(most * SHARE_WITH_STOP_WORDS)))
        return self._hits(sources, query.tags)

    def most_played(self) -> list[Hit]:
        """The most played songs, when neither words nor tags are asked for."""
        return self._hits([self._most_played(Query(""), MAX_HITS)], ())

    def tracks_of(self, kind: str, pk: UUID, query: Query) -> list[Hit]:
        """Songs of one artist or album, of which there are not so many that a word could be too common."""
        key = str(pk) if self.is_postgres else pk.hex
        sql = f"""SELECT {_ROW} FROM catalog_track o JOIN catalog_search_track d ON d.target = o.id
            WHERE o.{kind}_id = %s AND (d.reader IS NULL OR d.reader = %s) LIMIT {MAX_WITHIN}"""
        return self._hits([(sql, [key, self.reader])], query.tags)

    def names(self, query: Query, liked: Mapping[str, Sequence[str]], most: int) -> dict[str, list[Name]]:
        """Artists, albums or both that hold every word, and those that are ``liked``: ids of each kind that is wanted.

        Not everybody may see each of them.
        """
        sources: list[Source] = []
        for kind, ids in liked.items():
            target = f"d.target{'::text' if self.is_postgres else ''}"
            artist, other = ("d.artist", "d.other_spellings") if kind == "album" else ("''", "''")
            columns = f"'{kind}' AS kind, {target} AS id, d.name, {artist}, d.spellings, {other}"
            documents = f"SELECT {columns} FROM catalog_search_{kind} d WHERE"
            own, reader = self._own_or_shared(kind)
            begun = f"{documents} d.name >= %s AND d.name < %s{own} ORDER BY d.name LIMIT {most // 4}"
            sources += [(begun, [text, text + LAST, *reader]) for text in query.name_prefixes]
            if query.words:
                sql, given = matching(
                    self.connection, kind, columns, query.match_prefixes(), most=most, own=own
                )
                sources.append((sql, [*given, *reader]))
            if ids:
                place = "%s::uuid" if self.is_postgres else "%s"
                sources.append((f"{documents} d.target IN ({', '.join([place] * len(ids))})", list(ids)))
        found: dict[str, list[Name]] = {kind: [] for kind in liked}
        for kind, *row in self._rows(sources):
            found[kind].append(Name(*row))
        return found

    def _own_or_shared(self, kind: str) -> Source:
        """Leaves out names that are private to others, so that those of many people take no place of shared ones."""
        reader = [self.reader] if self.reader else []
        place = "%s::uuid" if self.is_postgres else "%s"
        mine = f" OR o.private_to_id = {place}" if reader else ""
        rows = f"SELECT 1 FROM catalog_{kind} o WHERE o.id = d.target AND (o.private_to_id IS NULL{mine})"
        return f" AND EXISTS ({rows})", [*reader]

    def facts(self, tracks: Sequence[str]) -> dict[str, Facts]:
        """By what a list of these tracks can be narrowed, in their order; those that are gone are not there."""
        if not tracks:
            return {}
        place, text = ("%s::uuid", "::text") if self.is_postgres else ("%s", "")
        sql = f"""SELECT target{text}, genre, genre_key, year FROM catalog_search_track
            WHERE target IN ({", ".join([place] * len(tracks))})"""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, list(tracks))
            known = {row[0]: Facts(*row) for row in cursor.fetchall()}
        return {track: known[track] for track in tracks if track in known}

    def near(self, keys: Collection[str]) -> list[str]:
        """Words of the catalogue that share one of these keys (see ``spelling.py``)."""
        return self._vocabulary(f"key IN ({_places(keys)}) LIMIT 3000", [*keys]) if keys else []

    def known(self, words: Collection[str]) -> set[str]:
        """Those of ``words`` that the catalogue has."""
        heads = {word[: spelling.END] for word in words}
        where = f"key IN ({_places(heads)}) AND word IN ({_places(words)})"
        return set(self._vocabulary(where, [*heads, *words])) if words else set()

    def _vocabulary(self, where: str, given: Parameters) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT DISTINCT word FROM catalog_search_vocabulary WHERE {where}", given)
            return [word for (word,) in cursor.fetchall()]

    def _hits(self, sources: list[Source], tags: Sequence[str]) -> list[Hit]:
        found = " UNION ALL ".join(f"SELECT * FROM ({sql}) s{n}" for n, (sql, _given) in enumerate(sources))
        where, given = _tagged(tags)
        text = "::text" if self.is_postgres else ""  # no UUID is made of most
        ids = ", ".join(f"{name}{text}" for name in ("target", "artist_id", "album_id"))
        made = "extract(epoch FROM created_at)::float8" if self.is_postgres else "created_at"  # to sort by
        names = "name, artist, album, others, spellings, other_spellings"
        sql = f"SELECT {ids}, {names}, plays, {made} FROM ({found}) d{where}"
        with self.connection.cursor() as cursor:
            cursor.execute(sql, [*(value for _sql, values in sources for value in values), *given])
            return list(map(Hit._make, cursor.fetchall()))

    def _rows(self, sources: list[Source]) -> list[Any]:
        sql = " UNION ALL ".join(f"SELECT * FROM ({sql}) s{n}" for n, (sql, _given) in enumerate(sources))
        with self.connection.cursor() as cursor:
            cursor.execute(sql, [value for _sql, values in sources for value in values])
            return list(cursor.fetchall())

    def _matching(self, match: str, most: int) -> Source:
        return matching(self.connection, "track", _ROW, match, reader=self.reader, most=most)

    def _name_ranges(self, query: Query, most: int) -> list[Source]:
        first, *others = query.name_prefixes
        shares = [(first, SHARE_OF_PREFIX), *((text, SHARE_OF_OTHER_PREFIX) for text in others)]
        return [
            self._name_range(column, text, round(most * share))
            for text, share in shares
            for column in ("name", "artist")
        ]

    def _name_range(self, column: str, text: str, most: int) -> Source:
        return (
            f"""SELECT {_ROW} FROM catalog_search_track d WHERE d.{column} >= %s AND d.{column} < %s
            AND (d.reader IS NULL OR d.reader = %s) ORDER BY d.{column} LIMIT {most}""",
            [text, text + LAST, self.reader],
        )

    def _most_played(self, query: Query, most: int) -> Source:
        at = "strpos" if self.is_postgres else "instr"
        names = ("name", "artist", "album", "others", "spellings", "other_spellings")
        spoken = " || ' ' || ".join(("''", *(f"d.{name}" for name in names)))
        holds = " AND ".join(f"{at}({spoken}, %s) > 0" for _word in query.words) or "1 = 1"
        return (
            f"""SELECT {_ROW} FROM (SELECT id FROM catalog_track WHERE visibility = 'shared'
            ORDER BY plays DESC, created_at DESC LIMIT {most}) p
            JOIN catalog_search_track d ON d.target = p.id WHERE {holds}""",
            [word if is_unspaced(word) else f" {word}" for word in query.words],
        )


def matching(
    connection: Any,
    kind: str,
    columns: str,
    match: str,
    *,
    reader: str | None = None,
    most: int = MAX_LISTED,
    own: str = "",
) -> Source:
    """``SELECT columns`` of the documents ``d`` that match an expression, at most so many; SQLite: the newest.

    ``reader``: only tracks that this person may see. ``own``: one more condition.
    """
    table = f"catalog_search_{kind}"
    more, given = ("", []) if reader is None else (" AND (d.reader IS NULL OR d.reader = %s)", [reader])
    if connection.vendor == "postgresql":
        sql = f"SELECT {columns} FROM {table} d WHERE {document(kind, 'd.')} @@ %s::tsquery{more}{own} LIMIT {most}"
        return sql, [tsquery(match), *given]
    sql = f"""SELECT {columns} FROM {table}_words w JOIN {table} d ON d.doc = w.rowid
        WHERE w.{table}_words MATCH %s{more}{own} ORDER BY w.rowid DESC LIMIT {most}"""
    return sql, [match, *given]


def found_in_index(rows: Rows, kind: str, words: str) -> Rows:
    """Those of ``rows`` (artists, albums, tracks) that hold every one of ``words``; all when there are none.

    For lists in an order of their own. At most ``MAX_LISTED`` are found.
    """
    query = Query.of(words)
    if not query.text:
        return rows
    return rows.filter(pk__in=RawSQL(*_holding(connections[rows.db], kind, query)))  # noqa: S611  # no words of others


def ids_in_index(kind: str, words: str, most: int, column: str = "target") -> list[UUID]:
    """The ids of at most so many artists, albums or tracks that hold every one of ``words``, or another ``column``."""
    query = Query.of(words)
    if not query.text:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*_holding(connection, kind, query, f"d.{column}", most))
        return [key if isinstance(key, UUID) else UUID(key) for (key,) in cursor.fetchall()]


def _holding(
    connection: Any, kind: str, query: Query, column: str = "d.target", most: int = MAX_LISTED
) -> Source:
    return matching(connection, kind, column, query.match_prefixes(), most=most)


def _places(values: Collection[str]) -> str:
    return ", ".join(["%s"] * len(values))


def _tagged(tags: Sequence[str]) -> Source:
    """What the tags stand for, said once more: names were found without looking at tags."""
    where: list[str] = []
    given: Parameters = []
    for tag in tags:
        if tag.startswith("#d"):
            where.append("year BETWEEN %s AND %s")
            given += [int(tag[2:]), int(tag[2:]) + 9]
        else:
            where.append("genre_key = %s")
            given.append(tag.removeprefix("#g#").replace("#", " "))
    return (" WHERE " + " AND ".join(where) if where else ""), given
