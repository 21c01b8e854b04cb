"""Read the tags and the cover of an untrusted file with mutagen. Runs in the sandboxed child only.

An error here loses the tags, never the audio. Text in an unknown encoding (what ID3 calls Latin-1, ID3v1, RIFF INFO,
and invalid UTF-8) is passed on with its bytes above 127 as surrogate escapes; see ``text_encodings``.
"""

import base64
import codecs
import contextlib
import io
from collections.abc import Callable, Mapping
from typing import Any, Final

from mutagen import id3
from mutagen.aiff import AIFF
from mutagen.asf import ASF
from mutagen.dsf import DSF
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from audio.decoding.byte_window import Source
from audio.sandbox import process
from audio.tags import ape, text_encodings

CPU_BUDGET: Final = 2.0  # seconds
_LONGEST: Final = 2_000  # characters of one value that anybody will look at
_FRONT_COVER: Final = 3
_ENCODINGS: Final = (
    "utf-8",
    "utf8",
    "utf-16",
    "utf16",
    "utf-16-le",
    "utf-16-be",
    "latin-1",
    "latin1",
    "ascii",
)

Found = dict[str, Any]

_ID3 = {
    "title": ("TIT2",),
    "artist": ("TPE1",),
    "album": ("TALB",),
    "album_artist": ("TPE2",),
    "genre": ("TCON",),
    "year": ("TDRC", "TYER", "TDOR"),
    "track_number": ("TRCK",),
    "disc_number": ("TPOS",),
    "compilation": ("TCMP",),
}
# Vorbis comments, APEv2 and FFmpeg's metadata, compared in lower case
_NAMED = {
    "title": ("title", "track/title"),
    "artist": ("artist", "author", "track/artist"),
    "album": ("album", "wm/albumtitle", "album/title"),  # Matroska says of what it tells the title
    "album_artist": ("albumartist", "album artist", "album_artist", "wm/albumartist", "album/artist"),
    "genre": ("genre", "wm/genre"),
    "year": ("date", "year", "originaldate", "wm/year", "date_released", "album/date_released"),
    "track_number": ("tracknumber", "track", "wm/tracknumber", "track/part_number", "part_number"),
    "disc_number": ("discnumber", "disc", "wm/partofset"),
    "compilation": ("compilation", "itunescompilation", "wm/iscompilation"),
}
_MP4 = {
    "title": ("\xa9nam",),
    "artist": ("\xa9ART",),
    "album": ("\xa9alb",),
    "album_artist": ("aART",),
    "genre": ("\xa9gen",),
    "year": ("\xa9day",),
    "track_number": ("trkn",),
    "disc_number": ("disk",),
    "compilation": ("cpil",),
}
_MP4_ARTISTS: Final = "----:com.apple.itunes:artists"
_MOST_NAMES: Final = 32


def read(
    source: Source, container: str, codec: str, metadata: Mapping[str, str]
) -> tuple[Found, bytes | None]:
    """Read raw tags by our field names, and the cover's bytes.

    ``metadata`` (FFmpeg's) fills what mutagen does not know.
    """
    found: Found = {}
    cover: bytes | None = None
    with contextlib.suppress(Exception, process.BudgetSpent), process.cpu_budget(CPU_BUDGET):
        found, cover = _reader(container, codec)(source)
    said = _by_name({name: text_encodings.mark_undecided(value) for name, value in metadata.items()})
    said.pop("artists", None)  # FFmpeg joins what is several
    kept = {
        field: value for field, value in found.items() if "\ufffd" not in str(value)
    }  # no UTF-8; FFmpeg has its bytes
    return said | kept, cover


def _reader(container: str, codec: str) -> Callable[[Source], tuple[Found, bytes | None]]:
    mp4: Any = MP4
    flac: Any = FLAC
    asf: Any = ASF
    readers: dict[str, Callable[[Source], tuple[Found, bytes | None]]] = {
        "mp3": _read_id3_or_ape,
        "adts": _read_id3_or_ape,
        "ac3": _read_id3_or_ape,
        "wavpack": _read_ape_or_id3,
        "ape": _read_ape_or_id3,
        "musepack": _read_ape_or_id3,
        "asf": lambda source: _from_asf(asf(source)),
        "aiff": lambda source: _from_id3(AIFF(source).tags),
        "dsf": lambda source: _from_id3(DSF(source).tags),
        "wav": lambda source: _from_id3(WAVE(source).tags),
        "flac": lambda source: _from_flac(flac(source)),
        "m4a": lambda source: _from_mp4(mp4(source)),
    }
    ogg: Any = {"opus": OggOpus, "vorbis": OggVorbis, "flac": OggFLAC}.get(codec)
    if container == "ogg" and ogg is not None:
        return lambda source: _from_comments(ogg(source))
    return readers.get(container, lambda _source: ({}, None))


def _read_id3_or_ape(source: Source) -> tuple[Found, bytes | None]:
    found: Found = {}
    cover: bytes | None = None
    with contextlib.suppress(Exception):
        found, cover = _from_id3(ID3(source))
    with contextlib.suppress(Exception):
        for field, value in _by_name(ape.texts(source)).items():
            found.setdefault(field, value)
    return found, cover


def _read_ape_or_id3(source: Source) -> tuple[Found, bytes | None]:
    found: Found = {}
    cover: bytes | None = None
    with contextlib.suppress(Exception):
        found, cover = _by_name(ape.texts(source)), ape.cover(source)
    source.seek(0)
    with contextlib.suppress(Exception):
        other, picture = _from_id3(ID3(source))
        found, cover = other | found, cover or picture
    return found, cover


def _from_id3(tags: Any) -> tuple[Found, bytes | None]:
    found: Found = {}
    for field, names in _ID3.items():
        for name in names:
            if tags is not None and name in tags and str(tags[name]):
                frame = tags[name]
                text = frame.genres[0] if name == "TCON" and frame.genres else str(frame.text[0])
                found.setdefault(field, _mark_undecided(frame, text[:_LONGEST]))
    if tags is not None:
        named = [frame for frame in tags.getall("TXXX") if str(frame.desc).lower() == "artists"]
        performers = tags.getall("TPE1")
        several = [
            [_mark_undecided(frame, str(name)) for name in frame.text] for frame in (*named, *performers)
        ]
        _note_artists(found, several[: len(named)], several[len(named) :])
    pictures = tags.getall("APIC") if tags is not None else []
    return found, _front([(picture.type, picture.data) for picture in pictures])


def _mark_undecided(frame: Any, text: str) -> str:
    """Mark ``text`` of an ID3 frame that says "Latin-1", which may be anything."""
    return text_encodings.undecided_bytes(text.encode("latin-1", "replace")) if frame.encoding == 0 else text


def _from_asf(file: Any) -> tuple[Found, bytes | None]:
    tags: Any = file.tags
    if tags is None:
        return {}, None
    named = {
        name: [str(value) for value in values]
        for name, values in tags.as_dict().items()
        if name != "WM/Picture"
    }
    pictures = []
    for attribute in tags.get("WM/Picture", [])[:8]:
        kind, data = attribute.value[0], bytes(attribute.value[5:])
        for _ in range(2):  # a type and a description, in UTF-16
            end = next(at for at in range(0, len(data), 2) if data[at : at + 2] == b"\0\0")
            data = data[end + 2 :]
        pictures.append((kind, data))
    return _by_name(named), _front(pictures)


def _from_flac(file: Any) -> tuple[Found, bytes | None]:
    return _by_name(file.tags or {}), _front([(picture.type, picture.data) for picture in file.pictures])


def _from_comments(file: Any) -> tuple[Found, bytes | None]:
    tags = file.tags or {}
    pictures = []
    for encoded in tags.get("metadata_block_picture", [])[:8]:
        with contextlib.suppress(Exception):
            picture = Picture(base64.b64decode(encoded))
            pictures.append((picture.type, picture.data))
    return _by_name(tags), _front(pictures)


def _from_mp4(file: Any) -> tuple[Found, bytes | None]:
    tags = file.tags or {}
    found: Found = {}
    for field, names in _MP4.items():
        for name in names:
            value = tags.get(name)
            if value:
                first = value[0] if isinstance(value, list) else value
                found[field] = first[0] if isinstance(first, tuple) else str(first)[:_LONGEST]
    named = [
        [bytes(value).decode("utf-8", "replace") for value in values[:_MOST_NAMES]]
        for name, values in tags.items()
        if str(name).lower() == _MP4_ARTISTS
    ]
    _note_artists(found, named, [tags.get("\xa9ART") or []])
    covers = tags.get("covr") or []
    return found, bytes(covers[0]) if covers else None


def _by_name(tags: Any) -> Found:
    lowered: Found = {}
    for name in list(tags.keys()):
        lowered.setdefault(str(name).lower(), tags[name])
    found: Found = {}
    for field, names in _NAMED.items():
        for name in names:
            value = next(iter(_values(lowered.get(name))), None)
            if value:
                found.setdefault(field, value[:_LONGEST])
    artists = _values(lowered.get("artists", lowered.get("wm/artists")))
    _note_artists(found, [artists], [_values(lowered.get("artist"))])
    return found


def _values(value: Any) -> list[str]:
    """Return all values of a Vorbis comment, an APEv2 item (separated by NUL) or FFmpeg's string."""
    if value is None:
        return []
    parts = value if isinstance(value, list) else str(value).split("\0")
    return [str(part) for part in parts[:_MOST_NAMES] if str(part)]


def _note_artists(found: Found, named: list[list[Any]], said: list[list[Any]]) -> None:
    """Note the performers one by one: from the ARTISTS tag, else from an artist tag with several values."""
    for values in (*named, *(values for values in said if len(values) > 1)):
        names = [str(value)[:_LONGEST] for value in values[:_MOST_NAMES]]
        if names:
            found.setdefault("artists", names)


def _front(pictures: list[tuple[int, bytes]]) -> bytes | None:
    """Return the front cover if one is marked so, else the first picture."""
    ordered = sorted(pictures, key=lambda picture: picture[0] != _FRONT_COVER)
    return bytes(ordered[0][1]) if ordered else None


def warm_up() -> None:
    """Load text encodings (under every spelling, which Python looks up separately) and mutagen's late imports."""
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)  # encoding and decoding take short cuts past it
    text_encodings.warm_up()
    file = io.BytesIO()
    frames = ID3()
    for number, name in enumerate(("TIT2", "TPE1", "TALB", "TCON")):
        frames.add(getattr(id3, name)(encoding=number, text=["x"]))
    frames.add(id3.APIC(encoding=1, mime="image/png", type=3, desc="x", data=b"x"))
    frames.save(file)
    _from_id3(ID3(io.BytesIO(file.getvalue())))
    for kind in (AIFF, ASF, DSF, WAVE, FLAC, MP4, OggOpus, OggVorbis, OggFLAC):
        with contextlib.suppress(Exception):
            kind(io.BytesIO(bytes(64)))
