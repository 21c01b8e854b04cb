"""Names in old encodings: a table of real ones in each, and files that carry them. ``pytest -s`` prints the table."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen import id3
from mutagen.id3 import ID3

from audio.probe import probe
from audio.tags import text_encodings
from tests.audio.making import noise, pcm16, wav

NAMES = Path(__file__).parent / "fixtures" / "names"


def pairs(encoding: str) -> Iterator[tuple[str, str]]:
    """(artist, title) of every song in the file; those in ASCII alone, which is the same in all, are left out."""
    for line in (NAMES / f"{encoding}.txt").read_text(encoding="utf-8").splitlines():
        artist, _colon, titles = line.partition(": ")
        for title in titles.split("; "):
            if not f"{artist}{title}".isascii():
                yield artist, title


@pytest.mark.parametrize(
    ("encoding", "share"),
    [
        ("cp1252", 1.0),
        ("cp1251", 0.99),
        ("cp1250", 0.9),
        ("cp1253", 0.99),
        ("cp932", 0.99),
        ("gbk", 0.99),
        ("big5", 0.98),
        ("cp949", 0.98),
    ],
)
def test_names_are_decoded_correctly(encoding: str, share: float) -> None:
    """An artist and a title are all there is to go by. Western names may not suffer at all."""
    right, wrong = 0, []
    for artist, title in pairs(encoding):
        found = text_encodings.detect([artist.encode(encoding), title.encode(encoding)])
        read = [text_encodings.decode(text.encode(encoding), found) for text in (artist, title)]
        if read == [artist, title]:
            right += 1
        else:
            wrong.append((artist, title, found))
    count = right + len(wrong)
    print(f"{encoding:8} {count:4} pairs  {right / count:6.1%} right  e.g. {wrong[:3]}")
    assert count >= (300 if encoding == "cp1252" else 200)
    assert right >= share * count, wrong


@pytest.mark.parametrize(
    "encoding", ["cp1251", "cp1250", "cp1253", "cp932", "gbk", "big5", "cp949", "cp1252"]
)
def test_utf8_is_tried_first(encoding: str) -> None:
    for artist, title in pairs(encoding):
        assert text_encodings.detect([artist.encode(), title.encode()]) == "utf-8"


def test_detection_improves_with_more_titles() -> None:
    """Titles of all frames are weighed together; one by one "Baśka" alone is undecided."""
    assert (
        text_encodings.detect([b"Wilki", "Baśka".encode("cp1250"), "Głęboko i żółto".encode("cp1250")])
        == "cp1250"
    )


@given(st.text(), st.sampled_from(sorted(text_encodings.ENCODINGS)))
def test_undecided_texts_keep_their_bytes(text: str, encoding: str) -> None:
    data = text.encode(encoding, "ignore")
    undecided = text_encodings.undecided_bytes(data)
    assert text_encodings.raw(undecided) == data
    assert text_encodings.is_undecided(undecided) is not data.isascii()


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_any_bytes_get_one_encoding(texts: list[bytes]) -> None:
    assert text_encodings.detect(texts) in text_encodings.RECOGNISED


def test_decided_texts_are_unchanged() -> None:
    assert text_encodings.mark_undecided("Canción 日本") == "Canción 日本"
    found = {"title": "Canción", "track_number": "3", "compilation": True}
    assert text_encodings.settle(found) == (found, {}, "")


def test_bytes_that_do_not_fit_are_marked() -> None:
    assert text_encodings.decode(b"\xe9 a\xe9", "cp932") == "\ufffd a"
    with pytest.raises(LookupError):
        text_encodings.decode(b"", "rot13")


ARTIST, TITLE, ALBUM = "Кино", "Группа крови", "Звезда по имени Солнце"


def id3v2(path: Path, song: bytes) -> None:
    path.write_bytes(song)
    frames = ID3()
    for name, text in (("TPE1", ARTIST), ("TIT2", TITLE), ("TALB", ALBUM)):
        frames.add(getattr(id3, name)(encoding=0, text=[text.encode("cp1251").decode("latin-1")]))
    frames.save(str(path), v1=0)


def id3v1(path: Path, song: bytes) -> None:
    fields = [text.encode("cp1251").ljust(30, b"\0")[:30] for text in (TITLE, ARTIST, ALBUM)]
    path.write_bytes(song + b"TAG" + b"".join(fields) + b"1988" + bytes(30) + b"\x11")


def apev2(path: Path, song: bytes) -> None:
    items = b""
    for name, text in ((b"Artist", ARTIST), (b"Title", TITLE), (b"Album", ALBUM)):
        value = text.encode("cp1251")
        items += struct.pack("<II", len(value), 0) + name + b"\0" + value
    footer = b"APETAGEX" + struct.pack("<IIII", 1_000, len(items) + 32, 3, 0) + bytes(8)
    path.write_bytes(song + items + footer)


def mislabelled_utf8(path: Path, song: bytes) -> None:
    path.write_bytes(song)
    frames = ID3()
    for name, text in (("TPE1", ARTIST), ("TIT2", TITLE), ("TALB", ALBUM)):
        frames.add(getattr(id3, name)(encoding=0, text=[text.encode().decode("latin-1")]))
    frames.save(str(path), v1=0)


@pytest.mark.parametrize(
    ("write", "encoding"),
    [(id3v2, "cp1251"), (id3v1, "cp1251"), (apev2, "cp1251"), (mislabelled_utf8, "utf-8")],
)
def test_tags_of_mp3(
    tmp_path: Path, songs: Path, write: Callable[[Path, bytes], None], encoding: str
) -> None:
    write(tmp_path / "x", (songs / "song.mp3").read_bytes())
    found = probe(tmp_path / "x")
    assert (found.tags.artist, found.tags.title, found.tags.album) == (ARTIST, TITLE, ALBUM)
    assert found.encoding == encoding
    assert {name: [text.encode("latin-1").decode(encoding)] for name, (text,) in found.raw_names.items()} == {
        "artist": [ARTIST],
        "title": [TITLE],
        "album": [ALBUM],
    }


def test_valid_unicode_is_unchanged(tmp_path: Path, songs: Path) -> None:
    """What ID3 says in Unicode counts, whatever an older tag in the same file says in some other encoding."""
    id3v1(tmp_path / "x", (songs / "song.mp3").read_bytes())
    frames = ID3()
    frames.add(id3.TPE1(encoding=1, text=["Ария"]))
    frames.add(id3.TIT2(encoding=3, text=["Улица роз"]))
    frames.add(id3.TALB(encoding=1, text=["Химера"]))
    frames.save(str(tmp_path / "x"), v1=0)
    found = probe(tmp_path / "x")
    assert (found.tags.artist, found.tags.title) == ("Ария", "Улица роз")
    assert (found.raw_names, found.encoding) == ({}, "")


def test_riff_info(tmp_path: Path) -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)

    info = (
        b"INFO"
        + chunk(b"IART", "Μάνος Χατζιδάκις\0".encode("cp1253"))
        + chunk(b"INAM", "Χάρτινο το φεγγαράκι\0".encode("cp1253"))
    )
    data = wav(pcm16(noise(9_000)).T.tobytes()) + chunk(b"LIST", info)
    (tmp_path / "x").write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    found = probe(tmp_path / "x")
    assert (found.tags.artist, found.tags.title) == ("Μάνος Χατζιδάκις", "Χάρτινο το φεγγαράκι")
    assert found.encoding == "cp1253"


@pytest.mark.parametrize("codec", ["flac", "ogg"])
def test_vorbis_comments_in_other_encodings(tmp_path: Path, songs: Path, codec: str) -> None:
    import av  # noqa: PLC0415 - only here

    with (
        av.open(str(songs / "song.flac")) as given,
        av.open(str(tmp_path / "x"), "w", format=codec) as output,
    ):
        output.metadata.update({"title": "QQQQQQQQ", "artist": "WWWWWWWWWWWW"})
        stream: Any = output.add_stream_from_template(given.streams.audio[0])
        for packet in given.demux(given.streams.audio[0]):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    data = (tmp_path / "x").read_bytes()
    title, artist = "七里香曲".encode("big5"), "周杰倫樂團合".encode("big5")
    data = data.replace(b"QQQQQQQQ", title).replace(b"WWWWWWWWWWWW", artist)
    if codec == "ogg":
        from tests.audio.containers import ogg_pages, with_checksum  # noqa: PLC0415

        data = b"".join(map(with_checksum, ogg_pages(data)))
    (tmp_path / "x").write_bytes(data)
    found = probe(tmp_path / "x")
    assert (found.tags.title, found.tags.artist, found.encoding) == ("七里香曲", "周杰倫樂團合", "big5hkscs")


@pytest.mark.parametrize("encoding", sorted(text_encodings.RECOGNISED))
def test_every_encoding_is_detected_in_the_sandbox(tmp_path: Path, songs: Path, encoding: str) -> None:
    """Nothing has to be loaded any more."""
    fixture = {"gb18030": "gbk", "big5hkscs": "big5", "utf-8": "cp1251"}.get(encoding, encoding)
    artist, title = max(pairs(fixture), key=lambda pair: len(pair[1]))
    frames = ID3()
    for name, text in (("TPE1", artist), ("TIT2", title)):
        frames.add(getattr(id3, name)(encoding=0, text=[text.encode(encoding).decode("latin-1")]))
    (tmp_path / "x").write_bytes((songs / "song.mp3").read_bytes())
    frames.save(str(tmp_path / "x"), v1=0)
    found = probe(tmp_path / "x")
    assert (found.tags.artist, found.tags.title, found.encoding) == (artist, title, encoding)


def test_several_artists_and_long_names(tmp_path: Path, songs: Path) -> None:
    frames = ID3()
    names = [name.encode("cp1251").decode("latin-1") for name in ("Кино", "Би-2", "Ария")]
    frames.add(id3.TPE1(encoding=0, text=names))
    frames.add(id3.TIT2(encoding=0, text=["Ж".encode("cp1251").decode("latin-1") * 5_000]))
    (tmp_path / "x").write_bytes((songs / "song.mp3").read_bytes())
    frames.save(str(tmp_path / "x"), v1=0)
    found = probe(tmp_path / "x")
    assert found.tags.artists == ("Кино", "Би-2", "Ария")
    assert found.tags.title == "Ж" * 255
    assert found.raw_names["artists"] == names
    assert len(found.raw_names["title"][0]) <= 800


@pytest.mark.parametrize(
    "written",
    [str.upper, str.lower, lambda text: f"{text} (En vivo)", lambda text: f"01 {text} - Remastered"],
)
def test_western_names_are_unchanged(written: Callable[[str], str]) -> None:
    suffered = []
    for artist, title in pairs("cp1252"):
        texts = [written(text).encode("cp1252", "ignore") for text in (artist, title)]
        found = text_encodings.detect(texts)
        if [text.decode("cp1252") for text in texts] != [
            text_encodings.decode(text, found) for text in texts
        ]:
            suffered.append((artist, title, found))
    assert len(suffered) <= 1, suffered  # "TÕNIS MÄGI, AED, ÖÖ" may as well be Hungarian


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("我们的时代里最后的乐队在草原上a歌唱", "gb18030"),
        ("어떻게 이별까지 사랑하겠어 널 사랑하는", "cp949"),
        ("爱在西元前半岛铁盒", "utf-8"),
        ("Звезда по имени Солнце a", "utf-8"),
        ("時の流れに身をまかせaあなたの色に", "cp932"),
        ("Étonnez-moi Benoît, s'il vous plaît", "cp1252"),
        ("Les Champs-Élysées en été 1969é", "cp1252"),
    ],
)
def test_id3v1_cuts_letters_in_two(text: str, encoding: str) -> None:
    raw = text.encode(encoding)
    for title in (raw[:30], (b"x" + raw)[:30]):
        found = text_encodings.detect([title, b"Remastered"])
        assert found == encoding
        assert text.startswith(text_encodings.decode(title, found).removeprefix("x"))
