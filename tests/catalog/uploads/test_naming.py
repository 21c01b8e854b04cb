"""What a recording is called, and what its files are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.types import Tags
from catalog.uploads.naming import ascii_filename, names_for, parse_filename, safe_filename

NOTHING = (None, None, None)


@pytest.mark.parametrize(
    ("filename", "artist", "title", "number"),
    [
        ("Ana Ríos - Orilla.mp3", "Ana Ríos", "Orilla", None),
        ("/home/x/Ana - Orilla.flac", "Ana", "Orilla", None),
        ("C:\\Music\\Ana \u2013 Orilla.flac", "Ana", "Orilla", None),
        ("01 Orilla.flac", None, "Orilla", 1),
        ("07. Orilla.flac", None, "Orilla", 7),
        ("7. Orilla.flac", None, "Orilla", 7),
        ("12 - Orilla.wav", None, "Orilla", 12),
        ("1-02 Orilla.wav", None, "Orilla", 2),
        ("03 - Ana - Orilla.ogg", "Ana", "Orilla", 3),
        ("Ana - Álbum - 04 - Orilla.ogg", "Ana", "Orilla", 4),
        ("Ana - Orilla - Remix.ogg", "Ana", "Orilla - Remix", None),
        ("ana_rios_-_orilla.mp3", "ana rios", "orilla", None),
        ("99 Luftballons.mp3", None, "99 Luftballons", None),
        ("7 Seconds.mp3", None, "7 Seconds", None),
        ("1999.mp3", None, "1999", None),
        ("Jay-Z.mp3", None, "Jay-Z", None),
        ("Mr. Blue Sky", None, "Mr. Blue Sky", None),
        ("ok", None, "ok", None),
        (".mp3", None, None, None),
        ("...", None, None, None),
        ("", None, "audio", None),
        (" - .mp3", None, "-", None),
    ],
)
def test_parse_filename_finds_artist_title_and_number(
    filename: str, artist: str | None, title: str | None, number: int | None
) -> None:
    assert parse_filename(filename) == (artist, title, number)


def test_tags_win_over_the_file_name() -> None:
    tags = Tags(title="T", album="A", album_artist="VV", track_number=9)
    names = names_for("02 - Eva - Otra.mp3", tags)
    assert (names.title, names.artist, names.album, names.album_artist, names.track_number) == (
        "T",
        "VV",
        "A",
        "VV",
        9,
    )
    names = names_for("02 - Eva - Otra.mp3", Tags())
    assert (names.title, names.artist, names.album, names.track_number) == ("Otra", "Eva", None, 2)
    names = names_for(".mp3", Tags(genre="x" * 255))
    assert (names.title, names.artist, len(names.genre)) == ("Untitled", "Unknown artist", 80)


@pytest.mark.parametrize(
    ("tags", "artist", "guests", "holder", "compilation"),
    [
        (Tags(artist="A feat. B"), "A", ("B",), None, False),
        (Tags(artist="A & B", artists=("A", "B")), "A", ("B",), None, False),
        (Tags(artist="A", title="S (feat. A & B)"), "A", ("B",), None, False),
        (Tags(artist="A", album="X", album_artist="A feat. B"), "A", (), "A", False),
        (Tags(artist="A", album="X", album_artist="Varios Artistas"), "A", (), "Various artists", True),
        (Tags(artist="A", album="X", compilation=True), "A", (), "Various artists", True),
        (Tags(artist="A", album="X", album_artist="DJ B", compilation=True), "A", (), "DJ B", True),
        (Tags(album="X", album_artist="VA"), "Eva", (), "Various artists", True),
        (Tags(artist="VA"), "VA", (), None, False),
        (Tags(artist="artista desconocido"), "Unknown artist", (), None, False),
    ],
)
def test_performers_and_album_artist(
    tags: Tags, artist: str, guests: tuple[str, ...], holder: str | None, compilation: bool
) -> None:
    names = names_for("Eva - Otra.mp3", tags)
    assert (names.artist, names.guests, names.album_artist, names.compilation) == (
        artist,
        guests,
        holder,
        compilation,
    )


def test_typed_artist_wins_over_several_in_tags() -> None:
    names = names_for(
        "x.mp3", Tags(artist="A", artists=("A", "B"), title="T"), artist="C ft. D", title="U (feat. E)"
    )
    assert (names.title, names.artist, names.guests) == ("U", "C", ("D", "E"))


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("Ana - Orilla", "Ana - Orilla (vocals).mp3"),
        ("../../x", "_.._x (vocals).mp3"),
        ("/etc/passwd", "_etc_passwd (vocals).mp3"),
        ("C:\\x", "C__x (vocals).mp3"),
        ('a<b>|"?*', "a_b_____ (vocals).mp3"),
        ("..", "audio (vocals).mp3"),
        ("", "audio (vocals).mp3"),
        ("a\0b\r\nc\u202ed", "ab cd (vocals).mp3"),
        (".hidden", "hidden (vocals).mp3"),
        ("end. ", "end (vocals).mp3"),
    ],
)
def test_safe_filename_removes_forbidden_characters(stem: str, name: str) -> None:
    assert safe_filename(stem, " (vocals).mp3") == name


def test_reserved_names_get_a_prefix() -> None:
    assert safe_filename("CON", ".mp3") == "_CON.mp3"
    assert safe_filename("con.x", ".mp3") == "_con.x.mp3"
    assert safe_filename("Constance", ".mp3") == "Constance.mp3"


@given(st.text(max_size=400))
def test_any_text_becomes_a_short_file_name(text: str) -> None:
    name = safe_filename(text, " (other).flac")
    assert name.endswith(" (other).flac")
    assert len(name.encode()) <= 200
    assert not set(name) & set('/\\:*?"<>|\0\r\n')
    assert not name.startswith((".", " "))


def test_long_name_is_cut_between_letters() -> None:
    name = safe_filename("é" * 300, ".mp3")
    assert name == "é" * 98 + ".mp3"
    assert safe_filename("q\u0301" * 100, ".mp3") == "q\u0301" * 65 + ".mp3"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("周杰伦 - 晴天 (vocals).mp3", "ZhouJieLun - QingTian (vocals).mp3"),
        ("Кино - Группа крови (bass).flac", "Kino - Gruppa krovi (bass).flac"),
        ("아이유 - 좋은 날.mp3", "AIYu - JohEun Nal.mp3"),
        ("宇多田ヒカル.ogg", "YuDuoTianhikaru.ogg"),
        ("Νίκος - Αύγουστος.mp3", "Nikos - Aygoystos.mp3"),
        ("Canción de Ana.mp3", "Cancion de Ana.mp3"),
        ("Cancio\u0301n.mp3", "Cancion.mp3"),
        ("Q\u0301ue.mp3", "Que.mp3"),
        ("Straße - Æon.mp3", "Strasse - Aeon.mp3"),
        ("🎸.mp3", "guitar.mp3"),
        ("\ue000 - \ue001.mp3", "file.mp3"),
        ("Ana - \ue001 (bass).mp3", "Ana - _ (bass).mp3"),
        ("a   b .mp3", "a b.mp3"),
        (".mp3", "file.mp3"),
        ("", "file"),
        ("…", "file"),
        ("歌", "Ge"),
    ],
)
def test_ascii_filename_transliterates(name: str, plain: str) -> None:
    assert ascii_filename(name) == plain


@given(st.text(max_size=60))
def test_ascii_names_are_never_empty(text: str) -> None:
    plain = ascii_filename(f"{text} (vocals).mp3")
    assert plain.isascii()
    assert plain.isprintable()
    assert plain.endswith("(vocals).mp3")
    assert "  " not in plain
    assert not set('"\\/%') & set(plain)
