"""Parse the options of ``spleeter separate`` with the meaning that they have there.

Source: ``spleeter/options.py`` and ``spleeter/separator.py`` of Spleeter 2.4.2.
"""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

from audio.formats import OUTPUT
from catalog.errors import CatalogError
from separation.engines import modelspec
from separation.engines.descriptors import ModelSpec

# Spleeter's defaults, except its limit of 600 seconds: songs are written to their end.
CODEC = "wav"
BITRATE = "128k"
FILENAME_FORMAT = "{filename}/{instrument}.{codec}"
OUTPUT_PATH = Path(tempfile.gettempdir()) / "separated_audio"
ADAPTER = "spleeter.audio.ffmpeg.FFMPEGProcessAudioAdapter"

PLACEHOLDERS = ("filename", "instrument", "codec", "foldername")
NO_MWF = (
    "--mwf is not possible here: the library keeps one separation of each song and model, and makes it without "
    "the Wiener filter. Leave --mwf out, or use Spleeter itself for it."
)
NO_ADAPTER = (
    "-a: no other adapter can be used: songs are read by the library itself, in a sandbox. Leave -a out."
)
NO_WMA = (
    "wma is not made here: decoded, it lacks the first 46 milliseconds and has another length, so that stems do not "
    "line up with their song. Choose one of {codecs}."
)


def refusal(sentence: str) -> CatalogError:
    """Return the error for an option that cannot be used; ``sentence`` says what to do instead."""
    return CatalogError("bad_option", sentence)


def model(descriptor: str) -> ModelSpec:
    """Find the model of ``-p``: ``spleeter:2stems``, or ``2stems`` alone. Raises ``CatalogError``."""
    name = descriptor if descriptor in modelspec.SPECS else f"spleeter:{descriptor.removeprefix('spleeter:')}"
    if name in modelspec.SPECS:
        return modelspec.SPECS[name]
    offered = ", ".join(modelspec.SPECS)
    if descriptor.endswith(".json") or "/" in descriptor or "\\" in descriptor:
        raise refusal(
            f"-p {descriptor}: a file of parameters cannot be used here, only a model that the library knows: {offered}"
        )
    raise refusal(f"-p {descriptor}: there is no such model; there are {offered}")


def seconds(option: str, text: str) -> float:
    """Parse a time within the song: finite, not negative. Raises ``CatalogError``."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        hint = " (--stems chooses stems)" if option == "-s" else ""
        raise refusal(f"{option} {text}: this is a number of seconds, such as 12.5{hint}")
    return value


def excerpt(offset: str | None, duration: str | None) -> tuple[float, float | None]:
    """Parse ``-s`` and ``-d`` into start and length in seconds; no length: to the end. Raises ``CatalogError``."""
    length = None if duration is None else seconds("-d", duration)
    if length == 0:
        raise refusal("-d 0: there would be nothing to write")
    return seconds("-s", offset or "0"), length


def check_possible(*, mwf: bool, adapter: str, codec: str) -> None:
    """Refuse what Spleeter can do and we cannot. Raises ``CatalogError``."""
    if mwf:
        raise refusal(NO_MWF)
    if adapter != ADAPTER:
        raise refusal(NO_ADAPTER)
    if codec == "wma":
        raise refusal(NO_WMA.format(codecs=", ".join(OUTPUT)))


@dataclass(frozen=True)
class FilenameFormat:
    """A template of ``str.format`` for output paths, relative to the output folder."""

    template: str

    def __post_init__(self) -> None:
        """Refuse an invalid template, and one that gives two stems the same path. Raises ``CatalogError``."""
        stems = {stem for spec in modelspec.SPECS.values() for stem in spec.stems}
        try:
            paths = {self.path(Path("/folder/song.mp3"), stem, "wav") for stem in stems}
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            names = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise refusal(f"-f {self.template}: this is no template; it may have {names}") from error
        if len(paths) < len(stems):
            raise refusal(f"-f {self.template}: stems would share one name; it needs {{instrument}}")

    def path(self, song: Path, stem: str, extension: str) -> Path:
        """Return the path for a stem of the file ``song``."""
        song = song.resolve()
        values = (song.stem, stem, extension, song.parent.name)
        return Path(self.template.format(**dict(zip(PLACEHOLDERS, values, strict=True))))
