"""The index in PostgreSQL: tables of plain words with a GIN index, and triggers that keep them in step.

The words are folded already, so they become a tsvector as they are, without any dictionary or extension.
"""

import re

from catalog.search.analysis import MAX_JOINED_LENGTH
from catalog.search.query import JOINED_MARK
from catalog.search.sqlite import COLUMNS, FACTS, FIELDS, columns_of

LONGEST_PREFIX = 12  # letters; a longer one is looked for among whole words
_TERM = re.compile(r'"((?:[^"]|"")*)"(\*?)')

# The words of a name are in ``catalog_search_name`` where they are others than its key, or there are other spellings.
# One may be there twice, by two transactions at once: a unique key would have one wait for the other.
_WORDS = "coalesce(s.words, t.{key}), "
# Besides, a name of several words is looked for as one: "takeonme".
_SPELLINGS = f"""trim(coalesce(s.spellings, '') || CASE WHEN coalesce(s.words, t.{{key}}) LIKE '% %'
    THEN ' {JOINED_MARK}' || substr(replace(coalesce(s.words, t.{{key}}), ' ', ''), 1, {MAX_JOINED_LENGTH})
    ELSE '' END)"""
_JOIN_NAME = """LEFT JOIN LATERAL (
    SELECT words, spellings FROM catalog_search_name WHERE name = t.{name} LIMIT 1) s ON true"""
_JOIN_NAMES = "LEFT JOIN catalog_search_name s ON s.name = t.{name}"
_JOIN_CREDITS = """LEFT JOIN LATERAL (SELECT string_agg(o.name, ' ' ORDER BY c.position) AS names,
    string_agg(o.spellings, ' ' ORDER BY c.position) AS spellings FROM catalog_credit c
    JOIN catalog_search_artist o ON o.target = c.artist_id WHERE c.track_id = t.id) g ON true"""

SOURCES = {
    "artist": f"""SELECT t.id, {_WORDS.format(key="key")} {_SPELLINGS.format(key="key")}
    FROM catalog_artist t {_JOIN_NAME.format(name="name")}""",
    "album": f"""SELECT t.id, {_WORDS.format(key="key")} a.name, {_SPELLINGS.format(key="key")}, a.spellings
    FROM catalog_album t
    JOIN catalog_search_artist a ON a.target = t.artist_id {_JOIN_NAME.format(name="title")}""",
    "track": f"""SELECT t.id, {_WORDS.format(key="title_key")} a.name, coalesce(b.name, ''), coalesce(g.names, ''),
    trim(CASE t.genre_key WHEN '' THEN '' ELSE '#g#' || replace(t.genre_key, ' ', '#') END
      || CASE WHEN t.year IS NULL THEN '' ELSE ' #d' || (t.year / 10 * 10) END),
    trim({_SPELLINGS.format(key="title_key")} || ' ' || a.spellings),
    trim(coalesce(b.spellings, '') || ' ' || coalesce(g.spellings, '')),
    CASE t.visibility WHEN 'shared' THEN NULL ELSE coalesce(t.owner_id::text, '-') END,
    {", ".join(f"t.{name}" for name in FACTS)}
    FROM catalog_track t JOIN catalog_search_artist a ON a.target = t.artist_id
    LEFT JOIN catalog_search_album b ON b.target = t.album_id {_JOIN_NAME.format(name="title")} {_JOIN_CREDITS}""",
}
_FACTS = """artist_id uuid, album_id uuid, audio_id uuid, genre text, genre_key text, year integer,
    plays integer, created_at timestamptz"""


def _table(kind: str) -> str:
    texts = ", ".join(f'{name} text COLLATE "C" NOT NULL' for name in COLUMNS[kind])
    more = f", reader text, {_FACTS}" if kind == "track" else ""
    # Room beside each row, where a song that was played once more can be written without touching an index.
    return (
        f"CREATE TABLE catalog_search_{kind} (target uuid PRIMARY KEY, {texts}{more}) WITH (fillfactor = 90)"
    )


def document(kind: str, row: str = "") -> str:
    """What is in the index of a row: its words and their prefixes."""
    words = " || ' ' || ".join(row + name for name in COLUMNS[kind])
    return f"catalog_search_lexemes({words})"


def tsquery(match: str) -> str:
    """A MATCH expression as text of a ``tsquery``, for words that stand in the index as ``LEXEMES`` says.

    ``"rock"`` becomes ``'rock.'``, ``("que"* OR "#=que") AND "#d1990"`` becomes ``('que' | '#=que.') & '#d1990.'``.
    """

    def lexeme(found: re.Match[str]) -> str:
        word = found[1].replace('""', '"').replace("\\", "\\\\").replace("'", "''")
        if not found[2]:
            return f"'{word}.'"
        return f"'{word}'" if len(word) <= LONGEST_PREFIX else f"'{word}':*"

    # No word has a space, so what has one is an operator.
    return _TERM.sub(lexeme, match.replace(" AND ", " & ").replace(" OR ", " | "))


# A word is in the index as a whole, with a full stop behind it, and by each of its prefixes: so whatever somebody
# types is one entry. PostgreSQL's own search for prefixes puts the songs of all words that begin so into memory.
LEXEMES = f"""CREATE OR REPLACE FUNCTION catalog_search_lexemes(words text) RETURNS tsvector
  LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
  SELECT array_to_tsvector(array_agg(CASE n WHEN 0 THEN w || '.' ELSE left(w, n) END))
  FROM unnest(string_to_array(words, ' ')) AS w,
    generate_series(0, CASE WHEN w LIKE '#%' THEN 0 ELSE least(length(w), {LONGEST_PREFIX}) END) AS n
  WHERE w <> '' $$"""

# New rows are put straight into the index: a list of rows still to be put there would be read by every search.
INDEXES = {
    **{
        f"catalog_search_{kind}_document": (
            f"catalog_search_{kind} USING gin (({document(kind)})) WITH (fastupdate = off)"
        )
        for kind in COLUMNS
    },
    **{f"catalog_search_{kind}_name": f"catalog_search_{kind} (name)" for kind in COLUMNS},
    "catalog_search_track_artist": "catalog_search_track (artist)",
    "catalog_search_vocabulary_key": "catalog_search_vocabulary (key, word)",
    "catalog_search_name_name": "catalog_search_name (name)",
}
CREATE_INDEXES = [f"CREATE INDEX IF NOT EXISTS {name} ON {on}" for name, on in INDEXES.items()]
DROP_INDEXES = [f"DROP INDEX IF EXISTS {name}" for name in INDEXES]

CREATE_TABLES = [
    "CREATE TABLE catalog_search_name (name text NOT NULL, words text NOT NULL, spellings text NOT NULL)",
    # A word may be here twice, by two transactions at once: a unique key would have one wait for the other.
    'CREATE TABLE catalog_search_vocabulary (key text COLLATE "C" NOT NULL, word text COLLATE "C" NOT NULL)',
    *(_table(kind) for kind in COLUMNS),
    LEXEMES,
    *CREATE_INDEXES,
]
DROP_TABLES = [
    """DROP FUNCTION IF EXISTS catalog_search_add_words, catalog_search_keys, catalog_search_add_row_words,
    catalog_search_truncate, catalog_search_on_artist, catalog_search_on_album, catalog_search_on_track,
    catalog_search_on_credit, catalog_search_on_play""",
    "DROP TABLE IF EXISTS catalog_search_name",
    "DROP TABLE IF EXISTS catalog_search_vocabulary",
    *(f"DROP TABLE IF EXISTS catalog_search_{kind}" for kind in COLUMNS),
    "DROP FUNCTION IF EXISTS catalog_search_lexemes",
]

_WITHOUT_LETTER = (
    "left({end}, n - 1) || substr({end}, n + 1) FROM generate_series(1, least(length(word), 6)) n"
)
_IS_WORD = "length(w) BETWEEN 3 AND 40 AND w !~ '[0-9#]'"


def _all_words(kind: str, row: str) -> str:
    return " || ' ' || ".join(f"{row}{name}" for name in COLUMNS[kind] if name != "tags")


def _upsert(kind: str) -> str:
    columns = columns_of(kind)
    renewed = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
    return f"""INSERT INTO catalog_search_{kind} ({", ".join(columns)}) {SOURCES[kind]} WHERE t.id = NEW.id
        ON CONFLICT (target) DO UPDATE SET {renewed};"""


def _row_function(kind: str, before: str = "", after: str = "") -> str:
    return f"""CREATE OR REPLACE FUNCTION catalog_search_on_{kind}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM catalog_search_{kind} WHERE target = OLD.id;
    RETURN NULL;
  END IF;
  {before}
  {_upsert(kind)}
  {f"IF TG_OP = 'UPDATE' THEN {after} END IF;" if after else ""}
  RETURN NULL;
END $$"""


def _rewrite(kind: str, ids: str) -> str:
    """Rewrite the documents of some rows."""
    table, columns = f"catalog_search_{kind}", ", ".join(columns_of(kind))
    return f"UPDATE {table} d SET ({columns}) = ({SOURCES[kind]} WHERE t.id = d.target) WHERE d.target IN ({ids});"


_AFTER_ARTIST = f"""
{_rewrite("album", "SELECT id FROM catalog_album WHERE artist_id = NEW.id")}
{_rewrite("track", "SELECT id FROM catalog_track WHERE artist_id = NEW.id")}
{_rewrite("track", "SELECT track_id FROM catalog_credit WHERE artist_id = NEW.id")}"""
_AFTER_ALBUM = _rewrite("track", "SELECT id FROM catalog_track WHERE album_id = NEW.id")
# Renaming the artist at the same time waits for this transaction, or is waited for; no name is missed.
_LOCK = "PERFORM 1 FROM catalog_{kind} WHERE id = NEW.{kind}_id FOR KEY SHARE;"

FUNCTIONS = [
    f"""CREATE OR REPLACE FUNCTION catalog_search_keys(word text) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
  SELECT left(word, 6) UNION SELECT {_WITHOUT_LETTER.format(end="left(word, 6)")} WHERE length(word) > 3
  UNION SELECT '-' || right(word, 6) WHERE length(word) >= 8
  UNION SELECT '-' || {_WITHOUT_LETTER.format(end="right(word, 6)")} WHERE length(word) >= 8 $$""",
    f"""CREATE OR REPLACE FUNCTION catalog_search_add_words(words text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO catalog_search_vocabulary (key, word) SELECT k, w
  FROM (SELECT DISTINCT unnest(string_to_array(words, ' ')) AS w) AS found, catalog_search_keys(w) AS k
  WHERE {_IS_WORD}
    AND NOT EXISTS (SELECT 1 FROM catalog_search_vocabulary v WHERE v.key = left(w, 6) AND v.word = w) $$""",
    """CREATE OR REPLACE FUNCTION catalog_search_add_row_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE of_row jsonb := to_jsonb(NEW);
BEGIN
  PERFORM catalog_search_add_words(concat_ws(' ', of_row->>'name', of_row->>'artist', of_row->>'album',
    of_row->>'others', of_row->>'spellings', of_row->>'other_spellings'));
  RETURN NULL;
END $$""",
    """CREATE OR REPLACE FUNCTION catalog_search_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'TRUNCATE ' || replace(TG_TABLE_NAME, 'catalog_', 'catalog_search_');
  RETURN NULL;
END $$""",
    _row_function("artist", after=_AFTER_ARTIST),
    _row_function("album", before=_LOCK.format(kind="artist"), after=_AFTER_ALBUM),
    _row_function("track", before=_LOCK.format(kind="artist") + "\n  " + _LOCK.format(kind="album")),
    """CREATE OR REPLACE FUNCTION catalog_search_on_play() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE catalog_search_track SET plays = NEW.plays WHERE target = NEW.id;
  RETURN NULL;
END $$""",
    f"""CREATE OR REPLACE FUNCTION catalog_search_on_credit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN {_rewrite("track", "SELECT id FROM catalog_track WHERE id = OLD.track_id")} END IF;
  IF TG_OP <> 'DELETE' THEN
    {_LOCK.format(kind="artist")}
    {_rewrite("track", "SELECT id FROM catalog_track WHERE id = NEW.track_id")}
  END IF;
  RETURN NULL;
END $$""",
]


def _row_triggers(kind: str) -> dict[str, str]:
    changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in FIELDS[kind])
    spoken = ", ".join(name for name in COLUMNS[kind] if name != "tags")
    act = f"FOR EACH ROW EXECUTE FUNCTION catalog_search_on_{kind}()"
    rows, table = f"catalog_{kind}", f"catalog_search_{kind}"
    return {
        f"{table}_made": f"{rows}: AFTER INSERT OR DELETE ON {rows} {act}",
        f"{table}_changed": f"{rows}: AFTER UPDATE OF {', '.join(FIELDS[kind])} ON {rows} FOR EACH ROW"
        f" WHEN ({changed}) EXECUTE FUNCTION catalog_search_on_{kind}()",
        f"{table}_emptied": f"{rows}: AFTER TRUNCATE ON {rows} EXECUTE FUNCTION catalog_search_truncate()",
        f"{table}_add_words": f"{table}: AFTER INSERT OR UPDATE OF {spoken} ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION catalog_search_add_row_words()",
    }


TRIGGERS = {
    **{name: body for kind in COLUMNS for name, body in _row_triggers(kind).items()},
    "catalog_search_track_played": "catalog_track: AFTER UPDATE OF plays ON catalog_track FOR EACH ROW"
    " WHEN (OLD.plays IS DISTINCT FROM NEW.plays) EXECUTE FUNCTION catalog_search_on_play()",
    "catalog_search_credit_changed": "catalog_credit: AFTER INSERT OR DELETE OR UPDATE OF artist_id, track_id"
    " ON catalog_credit FOR EACH ROW EXECUTE FUNCTION catalog_search_on_credit()",
}
CREATE_TRIGGERS = [
    *FUNCTIONS,
    *(f"CREATE OR REPLACE TRIGGER {name} {body.partition(': ')[2]}" for name, body in TRIGGERS.items()),
]
LIST_TRIGGERS = """SELECT DISTINCT tgname, tgrelid::regclass::text FROM pg_trigger
    WHERE tgname LIKE 'catalog_search_%' AND NOT tgisinternal"""

# For many rows at once, the credits of all songs are read once; no name is known twice then.
_JOIN_ALL_CREDITS = """LEFT JOIN (SELECT c.track_id, string_agg(o.name, ' ' ORDER BY c.position) AS names,
    string_agg(o.spellings, ' ' ORDER BY c.position) AS spellings FROM catalog_credit c
    JOIN catalog_search_artist o ON o.target = c.artist_id GROUP BY c.track_id) g ON g.track_id = t.id"""
_BULK_SOURCES = {
    kind: source.replace(_JOIN_CREDITS, _JOIN_ALL_CREDITS).replace(
        _JOIN_NAME.format(name=name), _JOIN_NAMES.format(name=name)
    )
    for (kind, source), name in zip(SOURCES.items(), ("name", "title", "title"), strict=True)
}

FILL = [
    *(f"ANALYZE catalog_{kind}" for kind in ("credit", *COLUMNS)),
    *DROP_INDEXES,
    *(
        statement
        for kind in COLUMNS
        for statement in (
            f"TRUNCATE catalog_search_{kind}",
            f"""INSERT INTO catalog_search_{kind} ({", ".join(columns_of(kind))}) {_BULK_SOURCES[kind]}
            ORDER BY t.created_at""",
        )
    ),
    "TRUNCATE catalog_search_vocabulary",
    f"""INSERT INTO catalog_search_vocabulary (key, word) SELECT k, w FROM (
    SELECT DISTINCT unnest(string_to_array(words, ' ')) AS w FROM (
    {" UNION ALL ".join(f"SELECT {_all_words(kind, '')} AS words FROM catalog_search_{kind}" for kind in COLUMNS)}
    ) AS said) AS found, catalog_search_keys(w) AS k WHERE {_IS_WORD}""",
    *CREATE_INDEXES,
    *(f"ANALYZE catalog_search_{kind}" for kind in ("vocabulary", *COLUMNS)),
]
