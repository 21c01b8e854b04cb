"""Write tags and a cover into files that we encoded."""

import base64
from pathlib import Path
from typing import Any

from mutagen import id3
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4, MP4Cover, MP4FreeForm
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from audio.types import Tags

_ID3_FRAMES = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "album_artist": "TPE2",
    "genre": "TCON",
    "year": "TDRC",
    "track_number": "TRCK",
    "disc_number": "TPOS",
    "compilation": "TCMP",
}
_COMMENTS = {
    "title": "title",
    "artist": "artist",
    "album": "album",
    "album_artist": "albumartist",
    "genre": "genre",
    "year": "date",
    "track_number": "tracknumber",
    "disc_number": "discnumber",
    "compilation": "compilation",
}
_ATOMS = {
    "title": "\xa9nam",
    "artist": "\xa9ART",
    "album": "\xa9alb",
    "album_artist": "aART",
    "genre": "\xa9gen",
    "year": "\xa9day",
}
_GAPLESS = "----:com.apple.iTunes:iTunSMPB"
_ARTISTS = "----:com.apple.iTunes:ARTISTS"


def write(path: Path, codec: str, tags: Tags | None, cover: bytes | None, gapless: str | None = None) -> None:
    """Write ``tags`` and ``cover`` (a JPEG) into ``path``, a file of the output format ``codec``.

    ``gapless``: value of Apple's own note about silence added by the encoder (m4a only).
    """
    if tags is None and cover is None and gapless is None:
        return
    tags = tags or Tags()
    values = {
        name: str(value) for name, value in vars(tags).items() if value is not None and name in _COMMENTS
    }
    if tags.compilation:
        values["compilation"] = "1"
    else:
        values.pop("compilation")
    artists = list(tags.artists)
    if codec == "mp3":
        frames = ID3()
        _add_id3(frames, values, artists, cover)
        frames.save(str(path), v1=0, v2_version=3, v23_sep=None)  # the artists stay several
    elif codec == "wav":
        wave = WAVE(str(path))
        wave.add_tags()
        _add_id3(wave.tags, values, artists, cover)
        wave.save(v2_version=3, v23_sep=None)
    elif codec == "m4a":
        _write_mp4(path, values, artists, cover, gapless)
    else:
        _write_comments(path, codec, values, artists, cover)


def _add_id3(frames: Any, values: dict[str, str], artists: list[str], cover: bytes | None) -> None:
    for name, value in values.items():
        frame = _ID3_FRAMES[name]
        frames.add(getattr(id3, frame)(encoding=1, text=[value]))
    if artists:
        frames.add(id3.TXXX(encoding=1, desc="ARTISTS", text=artists))
    if cover:
        frames.add(id3.APIC(encoding=0, mime="image/jpeg", type=3, desc="", data=cover))
    frames.update_to_v23()


def _write_comments(
    path: Path, codec: str, values: dict[str, str], artists: list[str], cover: bytes | None
) -> None:
    kind: Any = {"flac": FLAC, "ogg": OggVorbis, "opus": OggOpus}[codec]
    file = kind(str(path))
    for name, value in values.items():
        file[_COMMENTS[name]] = value
    if artists:
        file["artists"] = artists
    if cover:
        picture = Picture()
        picture.type, picture.mime, picture.data = 3, "image/jpeg", cover
        if codec == "flac":
            file.add_picture(picture)
        else:
            file["metadata_block_picture"] = base64.b64encode(picture.write()).decode()
    file.save()


def _write_mp4(
    path: Path, values: dict[str, str], artists: list[str], cover: bytes | None, gapless: str | None
) -> None:
    kind: Any = MP4
    file = kind(str(path))
    for name, atom in _ATOMS.items():
        if name in values:
            file[atom] = values[name]
    for name, atom in (("track_number", "trkn"), ("disc_number", "disk")):
        if name in values:
            file[atom] = [(int(values[name]), 0)]
    if "compilation" in values:
        file["cpil"] = True
    if artists:
        file[_ARTISTS] = [MP4FreeForm(name.encode()) for name in artists]
    if cover:
        file["covr"] = [MP4Cover(cover, imageformat=MP4Cover.FORMAT_JPEG)]
    if gapless:
        file[_GAPLESS] = [MP4FreeForm(gapless.encode())]
    file.save()
