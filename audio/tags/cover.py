"""Re-encode covers as JPEGs, under a pixel limit, so that nobody's bytes are passed on as sent.

Runs in the sandboxed child only.
"""

import io
from typing import Any, Final

from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401 - WebP is loaded late otherwise

from audio.types import COVER_SIZES

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MOST_PIXELS: Final = 40_000_000
MOST_BYTES: Final = 32 << 20


def examine(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the lengths of the JPEGs made of ``data``, as ``cover``, and the JPEGs, concatenated."""
    pictures = reencode(data)
    return {"cover": [len(jpeg) for jpeg in pictures]}, b"".join(pictures)


def reencode(data: bytes) -> tuple[bytes, ...]:
    """Convert ``data`` to JPEGs without metadata, one of each of ``COVER_SIZES``; none if it is no sane picture.

    The largest is the whole picture within its square; the others are cut to squares, as they are shown. None
    is larger than what came in.
    """
    if not 16 <= len(data) <= MOST_BYTES:
        return ()
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS or min(picture.size) < 8:
                return ()
            largest, *squares = COVER_SIZES
            picture.draft("RGB", (largest, largest))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((largest, largest), Image.Resampling.BICUBIC, reducing_gap=2.0)
            if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
                seen = upright.convert("RGBA")
                upright = Image.new("RGB", seen.size, "white")
                upright.paste(seen, mask=seen.getchannel("A"))
            whole = upright.convert("RGB")
            return (_jpeg(whole), *(_jpeg(_square(whole, size)) for size in squares))
    except Exception:  # noqa: BLE001 - whatever is wrong with a picture, the music is not to be refused
        return ()


def _square(picture: Image.Image, size: int) -> Image.Image:
    side = min(size, *picture.size)
    return ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()


def warm_up() -> None:
    """Load every codec before the sandbox closes."""
    for name in FORMATS:
        out = io.BytesIO()
        Image.new("RGB", (8, 8)).save(out, name)
        reencode(out.getvalue())
