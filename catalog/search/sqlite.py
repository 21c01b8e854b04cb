"""The index in SQLite: tables of plain words, an FTS5 index over each, and triggers that keep all of it in step."""

from string import punctuation

from catalog.search.analysis import MAX_JOINED_LENGTH
from catalog.search.query import JOINED_MARK

# Words are parted by spaces and nothing else, as ``analysis.py`` has read them. The tokenizer for ASCII takes
# everything beyond ASCII for letters; what the one for Unicode takes for letters depends on SQLite's version.
_SIGNS = punctuation.replace("'", "''").replace('"', '""')
TOKENIZER = f"ascii tokenchars '{_SIGNS}'"

WITHOUT_LETTER = (
    """CASE n.value WHEN 0 THEN {end} ELSE substr({end}, 1, n.value - 1) || substr({end}, n.value + 1) END"""
)
HEAD = "substr(w.value, 1, 6)"
TAIL = "substr(w.value, -6)"

COLUMNS = {
    "artist": ("name", "spellings"),
    "album": ("name", "artist", "spellings", "other_spellings"),
    "track": ("name", "artist", "album", "others", "tags", "spellings", "other_spellings"),
}
# What ranking and facets need of a song besides its names: 500 are ranked without a look into the catalogue's tables.
FACTS = ("artist_id", "album_id", "audio_id", "genre", "genre_key", "year", "plays", "created_at")
# The columns of the catalogue that a document is made of, save ``plays``, which changes oftener than all others.
FIELDS = {
    "artist": ("name", "key"),
    "album": ("title", "key", "artist_id"),
    "track": (
        *("title", "title_key", "artist_id", "album_id", "audio_id"),
        *("genre", "genre_key", "year", "visibility", "owner_id"),
    ),
}

# The words of a name are in ``catalog_search_name`` where they are others than its key, or there are other spellings.
_WORDS = "coalesce(s.words, t.{key}), "
# Besides, a name of several words is looked for as one: "takeonme".
_SPELLINGS = f"""trim(coalesce(s.spellings, '') || CASE WHEN coalesce(s.words, t.{{key}}) LIKE '% %'
    THEN ' {JOINED_MARK}' || substr(replace(coalesce(s.words, t.{{key}}), ' ', ''), 1, {MAX_JOINED_LENGTH})
    ELSE '' END)"""
_JOIN_NAME = "LEFT JOIN catalog_search_name s ON s.name = t.{name}"
OTHERS = """coalesce((SELECT group_concat(o.{column}, ' ') FROM catalog_credit c
    JOIN catalog_search_artist o ON o.target = c.artist_id WHERE c.track_id = t.id), '')"""

SOURCES = {
    "artist": f"""SELECT t.id, {_WORDS.format(key="key")} {_SPELLINGS.format(key="key")}
    FROM catalog_artist t {_JOIN_NAME.format(name="name")}""",
    "album": f"""SELECT t.id, {_WORDS.format(key="key")} a.name, {_SPELLINGS.format(key="key")}, a.spellings
    FROM catalog_album t
    JOIN catalog_search_artist a ON a.target = t.artist_id {_JOIN_NAME.format(name="title")}""",
    "track": f"""SELECT t.id, {_WORDS.format(key="title_key")} a.name, coalesce(b.name, ''),
    {OTHERS.format(column="name")},
    trim(CASE t.genre_key WHEN '' THEN '' ELSE '#g#' || replace(t.genre_key, ' ', '#') END
      || CASE WHEN t.year IS NULL THEN '' ELSE ' #d' || (t.year / 10 * 10) END),
    trim({_SPELLINGS.format(key="title_key")} || ' ' || a.spellings),
    trim(coalesce(b.spellings, '') || ' ' || {OTHERS.format(column="spellings")}),
    CASE t.visibility WHEN 'shared' THEN NULL ELSE coalesce(t.owner_id, '-') END,
    {", ".join(f"t.{name}" for name in FACTS)}
    FROM catalog_track t JOIN catalog_search_artist a ON a.target = t.artist_id
    LEFT JOIN catalog_search_album b ON b.target = t.album_id {_JOIN_NAME.format(name="title")}""",
}


def columns_of(kind: str) -> tuple[str, ...]:
    """In the order of ``SOURCES``."""
    return ("target", *COLUMNS[kind], *(("reader", *FACTS) if kind == "track" else ()))


def _all_columns(kind: str) -> str:
    return ", ".join(columns_of(kind))


def _tables(kind: str) -> list[str]:
    columns = COLUMNS[kind]
    texts = ", ".join(f"{name} text NOT NULL" for name in columns)
    more = f", reader text, {', '.join(FACTS)}" if kind == "track" else ""
    table = f"catalog_search_{kind}"
    rows = [
        f"CREATE TABLE {table} (doc integer PRIMARY KEY, target char(32) NOT NULL UNIQUE, {texts}{more})",
        f"CREATE INDEX {table}_name ON {table} (name)",
        f"""CREATE VIRTUAL TABLE {table}_words USING fts5({", ".join(columns)}, content='{table}',
        content_rowid='doc', detail=none, columnsize=0, prefix='3 4',
        tokenize="{TOKENIZER}")""",
    ]
    if kind == "track":
        rows.append(f"CREATE INDEX {table}_artist ON {table} (artist)")
    return rows


CREATE_TABLES = [
    """CREATE TABLE catalog_search_name (name text PRIMARY KEY, words text NOT NULL, spellings text NOT NULL)
    WITHOUT ROWID""",
    """CREATE TABLE catalog_search_vocabulary (key text NOT NULL, word text NOT NULL, PRIMARY KEY (key, word))
    WITHOUT ROWID""",
    *(row for kind in COLUMNS for row in _tables(kind)),
]
DROP_TABLES = [
    "DROP TABLE IF EXISTS catalog_search_name",
    "DROP TABLE IF EXISTS catalog_search_vocabulary",
    *(f"DROP TABLE IF EXISTS catalog_search_{kind}_words" for kind in COLUMNS),
    *(f"DROP TABLE IF EXISTS catalog_search_{kind}" for kind in COLUMNS),
]


def _add_words(text: str, source: str = "") -> str:
    """Add every word of ``text`` that is not known to the vocabulary, under its keys (see ``spelling.keys``)."""
    split = f"json_each('[' || replace(json_quote({text}), ' ', '\",\"') || ']') w"
    fit = "length(w.value) BETWEEN 3 AND 40 AND w.value NOT GLOB '*[0-9#]*'"
    known = f"EXISTS (SELECT 1 FROM catalog_search_vocabulary k WHERE k.key = {HEAD} AND k.word = w.value)"
    if source:
        words = f"(SELECT DISTINCT w.value FROM {source}, {split} WHERE {fit}) w"
        fit = "1"
    else:
        words = split
    numbers = "json_each('[0,1,2,3,4,5,6]') n"
    whole = "(length(w.value) > 3 OR n.value = 0)"  # a word of three letters is found only by a longer one
    return f"""INSERT OR IGNORE INTO catalog_search_vocabulary (key, word)
    SELECT {WITHOUT_LETTER.format(end=HEAD)}, w.value FROM {words}, {numbers} WHERE {fit} AND {whole} AND NOT {known}
    UNION ALL SELECT '-' || {WITHOUT_LETTER.format(end=TAIL)}, w.value FROM {words}, {numbers}
    WHERE {fit} AND length(w.value) >= 8 AND NOT {known}"""


def _all_words(kind: str, row: str) -> str:
    return " || ' ' || ".join(f"{row}{name}" for name in COLUMNS[kind] if name != "tags")


def _index_triggers(kind: str) -> dict[str, str]:
    """Triggers by which a table of documents keeps its FTS5 index and the vocabulary in step."""
    table, columns = f"catalog_search_{kind}", COLUMNS[kind]
    names = ", ".join(columns)
    gone = f"""INSERT INTO {table}_words ({table}_words, rowid, {names})
        VALUES ('delete', old.doc, {", ".join(f"old.{name}" for name in columns)});"""
    come = f"""INSERT INTO {table}_words (rowid, {names})
        VALUES (new.doc, {", ".join(f"new.{name}" for name in columns)});"""
    changed = " OR ".join(f"old.{name} IS NOT new.{name}" for name in columns)
    learn = f"{_add_words(_all_words(kind, 'new.'))};"
    return {
        f"{table}_in": f"AFTER INSERT ON {table} BEGIN {come} {learn} END",
        f"{table}_out": f"AFTER DELETE ON {table} BEGIN {gone} END",
        f"{table}_new": f"AFTER UPDATE OF {names} ON {table} WHEN {changed} BEGIN {gone} {come} {learn} END",
    }


def _row_triggers(kind: str, more: str = "") -> dict[str, str]:
    """Triggers by which a row of the catalogue keeps its document in step; ``more`` runs after its names changed."""
    table, rows, fields = f"catalog_search_{kind}", f"catalog_{kind}", FIELDS[kind]
    columns = _all_columns(kind)
    changed = " OR ".join(f"old.{name} IS NOT new.{name}" for name in fields)
    return {
        f"catalog_search_{kind}_made": f"""AFTER INSERT ON {rows} BEGIN
            INSERT INTO {table} ({columns}) {SOURCES[kind]} WHERE t.id = new.id; END""",
        f"catalog_search_{kind}_gone": f"""AFTER DELETE ON {rows} BEGIN
            DELETE FROM {table} WHERE target = old.id; END""",
        f"catalog_search_{kind}_changed": f"""AFTER UPDATE OF {", ".join(fields)} ON {rows} WHEN {changed} BEGIN
            UPDATE {table} SET ({columns}) = ({SOURCES[kind]} WHERE t.id = new.id) WHERE target = new.id;
            {more} END""",
    }


def _rewrite(kind: str, ids: str) -> str:
    """Rewrite the documents of some rows."""
    columns = _all_columns(kind)
    table = f"catalog_search_{kind}"
    return f"""UPDATE {table} SET ({columns}) = ({SOURCES[kind]} WHERE t.id = {table}.target)
    WHERE target IN ({ids});"""


_AFTER_ARTIST = f"""
{_rewrite("album", "SELECT id FROM catalog_album WHERE artist_id = new.id")}
{_rewrite("track", "SELECT id FROM catalog_track WHERE artist_id = new.id")}
{_rewrite("track", "SELECT track_id FROM catalog_credit WHERE artist_id = new.id")}"""
_AFTER_ALBUM = _rewrite("track", "SELECT id FROM catalog_track WHERE album_id = new.id")


def _rewrite_credited(row: str) -> str:
    return _rewrite("track", f"SELECT id FROM catalog_track WHERE id = {row}.track_id")


TRIGGERS = {
    **{name: body for kind in COLUMNS for name, body in _index_triggers(kind).items()},
    **_row_triggers("artist", _AFTER_ARTIST),
    **_row_triggers("album", _AFTER_ALBUM),
    **_row_triggers("track"),
    "catalog_search_track_played": """AFTER UPDATE OF plays ON catalog_track WHEN old.plays IS NOT new.plays BEGIN
        UPDATE catalog_search_track SET plays = new.plays WHERE target = new.id; END""",
    "catalog_search_credit_made": f"AFTER INSERT ON catalog_credit BEGIN {_rewrite_credited('new')} END",
    "catalog_search_credit_gone": f"AFTER DELETE ON catalog_credit BEGIN {_rewrite_credited('old')} END",
    "catalog_search_credit_changed": f"""AFTER UPDATE OF artist_id, track_id ON catalog_credit
        BEGIN {_rewrite_credited("old")} {_rewrite_credited("new")} END""",
}

CREATE_TRIGGERS = [f"CREATE TRIGGER IF NOT EXISTS {name} {body}" for name, body in TRIGGERS.items()]
LIST_TRIGGERS = (
    "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'catalog_search_%'"
)

FILL = [
    "DELETE FROM catalog_search_vocabulary",
    *(
        statement
        for kind in COLUMNS
        for statement in (
            f"DELETE FROM catalog_search_{kind}",
            f"""INSERT INTO catalog_search_{kind} ({_all_columns(kind)}) {SOURCES[kind]}
            ORDER BY t.created_at""",
            f"INSERT INTO catalog_search_{kind}_words (catalog_search_{kind}_words) VALUES ('rebuild')",
            _add_words(_all_words(kind, "d."), f"catalog_search_{kind} d"),
        )
    ),
    *(
        f"INSERT INTO catalog_search_{kind}_words (catalog_search_{kind}_words) VALUES ('optimize')"
        for kind in COLUMNS
    ),
]
