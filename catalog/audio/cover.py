"""Covers are never passed on as sent: decoded under a pixel limit and written anew as JPEG, or dropped."""

import io
from typing import Final

from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401 - WebP is loaded late otherwise

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
LARGEST: Final = 1_000  # px, the longer side
MOST_PIXELS: Final = 40_000_000
MOST_BYTES: Final = 32 << 20


def reencoded(data: bytes) -> bytes | None:
    """A JPEG of at most 1,000 px a side without metadata, or ``None`` if ``data`` is no sane picture."""
    if not 16 <= len(data) <= MOST_BYTES:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS or min(picture.size) < 8:
                return None
            picture.draft("RGB", (LARGEST, LARGEST))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((LARGEST, LARGEST), Image.Resampling.BICUBIC, reducing_gap=2.0)
            if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
                seen = upright.convert("RGBA")
                upright = Image.new("RGB", seen.size, "white")
                upright.paste(seen, mask=seen.getchannel("A"))
            out = io.BytesIO()
            upright.convert("RGB").save(out, "JPEG", quality=88)
            return out.getvalue()
    except Exception:  # noqa: BLE001 - whatever is wrong with a picture, the music is not to be refused
        return None


def warm_up() -> None:
    """Load every codec before the sandbox closes."""
    for name in FORMATS:
        out = io.BytesIO()
        Image.new("RGB", (8, 8)).save(out, name)
        reencoded(out.getvalue())
