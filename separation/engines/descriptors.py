"""What is known of a model: a TOML file for each, in the folder ``models`` of its family, read strictly.

A key that is unknown, missing or of another type is an error that names file and key: a typing error in a
descriptor must not become a model that sounds wrong. Administrators add descriptors of their own, see `read_own`.
"""

import math
import re
import stat
import tomllib
from collections.abc import Collection
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Any,
    Generic,
    Literal,
    Protocol,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
    runtime_checkable,
)
from urllib.parse import unquote, urlsplit

SAMPLE_RATE = 44_100
"""Songs are decoded to this rate, in Hz."""

_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_SLUG = re.compile(r"[a-z0-9]+:[\w-]+")
_STEM = re.compile(r"[a-z][a-z0-9_]*")
_FILE_NAME = re.compile(r"\w[\w.+-]*")
_DIGEST = re.compile(r"[0-9a-f]{0,64}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

SEAL = "verified.json"
"""The file in which `model_files` records the others."""
OWN_FAMILY = "exchange"
"""The family of models whose descriptors administrators write."""
_MOST_BYTES = 1 << 16
_LONGEST_LINE = 4000
"""Bytes; reading a key with tens of thousands of dots takes as long as their square."""
_HUGE = 10**15
"""More than whole numbers may be that databases and float64 have to hold."""
_LONGEST = {"slug": 40, "revision": 40, "folder": 80, "stem": 20}
"""In characters, as far as the database has room."""
_LONGEST_SENTENCE = 300
_PARAMETERS = frozenset(
    {"bitrate", "cents", "click", "codec", "countin", "from", "semitones", "tempo", "to", "unfolded", "v"}
)
"""What a mix has besides the volumes of its stems, under whose names they are sent."""

Settings = TypeVar("Settings")


class DescriptorError(ValueError):
    """A descriptor is wrong; the message names the file and the key."""


class ModelUnavailable(Exception):  # noqa: N818 (a state, not a mistake)
    """The model is unknown, not installed, or its files are damaged."""


@runtime_checkable
class DependentSettings(Protocol):
    """Settings that only fit some models."""

    def check(self, stems: Collection[str], files: Collection[str]) -> None:
        """Raise ValueError unless they fit a model with these `stems` and names of `files`."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file that the model consists of."""

    name: str
    size: int | None = None
    """In bytes, where it is known."""
    sha256: str = ""
    """The digest, or as much of its beginning as is published."""
    url: str = ""
    """Where the file itself can be downloaded; empty for one that comes in an archive."""

    def __post_init__(self) -> None:
        is_plain = bool(_FILE_NAME.fullmatch(self.name)) and self.name != SEAL
        _require(is_plain, f"name: {self.name!r} is no plain file name")
        _check_release(self.url, self.sha256, self.size)


@dataclass(frozen=True, slots=True)
class Archive:
    """A file in which all files of the model are released together."""

    url: str
    sha256: str
    size: int | None = None

    def __post_init__(self) -> None:
        _check_release(self.url, self.sha256, self.size)
        _require(bool(_FILE_NAME.fullmatch(self.name)), f"url: {self.url!r} ends with no plain file name")

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return unquote(urlsplit(self.url).path).rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Quality:
    """A published figure."""

    value: float
    unit: str
    data_set: str
    source: str
    stem: str = ""
    """The stem that it is of; empty for the mean of all."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a song of three minutes takes."""

    cpu_seconds: float
    source: str
    memory_mb: int | None = None
    """Most resident memory of the separator, with two threads."""


@dataclass(frozen=True, slots=True)
class Translation:
    """The texts of a descriptor for people in another language than English."""

    language: str
    """Its code, such as ``es``."""
    licence: str
    provenance: str
    cost: str = ""
    """How the cost was measured, where that is more than the name of a file."""
    data_set: str = ""
    """What the published quality was measured on, where that is more than a name."""


@dataclass(frozen=True, slots=True)
class Descriptor(Generic[Settings]):
    """One pretrained model: what every model has, and the `settings` that only its family understands."""

    slug: str
    family: str
    """The folder of its descriptor, and of the code that runs it."""
    stems: tuple[str, ...]
    """In the order in which the model gives them."""
    sample_rate: int
    bandwidth_hz: int
    """The highest frequency that the model separates."""
    rank: int
    """Place among the models with the same number of stems; the installed one with the lowest is preferred."""
    revision: str
    """Changes with the weights: stems of another revision are separated anew."""
    files: tuple[ModelFile, ...]
    licence: str
    """Of code and weights, in plain words."""
    provenance: str
    """Who trained it, and on what, in plain words."""
    settings: Settings
    takes: str = ""
    """The stem that it separates further, such as drums; empty if it takes a mixture."""
    folder: str = ""
    """Name of its folder in ``models_dir``, which several models may share; empty if it is bundled."""
    archive: Archive | None = None
    quality: tuple[Quality, ...] = ()
    cost: Cost | None = None
    translations: tuple[Translation, ...] = ()
    """Of the texts above. A model without them is described in English."""

    @property
    def bundled(self) -> bool:
        """Return whether its files come with Stemoteca, in the folder ``bundled`` of the family."""
        return not self.folder

    def __post_init__(self) -> None:
        _require(bool(_SLUG.fullmatch(self.slug)), f"slug: {self.slug!r} is not of the form name:variant")
        for key in ("slug", "revision", "folder"):
            is_short = len(getattr(self, key)) <= _LONGEST[key]
            _require(is_short, f"{key}: longer than {_LONGEST[key]} characters")
        if self.sample_rate != SAMPLE_RATE:
            raise ValueError(
                f"sample_rate: {self.sample_rate} Hz; every model must take {SAMPLE_RATE} Hz, as nothing resamples"
            )
        _require(0 < self.bandwidth_hz <= self.sample_rate // 2, "bandwidth_hz: above half the sample rate")
        _require(0 < len(set(self.stems)) == len(self.stems), "stems: none, or one of them twice")
        _require(not self.takes or _is_stem(self.takes), f"takes: {self.takes!r} is no name of a stem")
        _require(self.takes not in self.stems, "takes: one of its own stems")
        for stem in self.stems:
            _require(_is_stem(stem), f"stems: {stem!r} is no name of a stem")
        names = [file.name for file in self.files]
        _require(0 < len(set(names)) == len(names), "files: none, or one of them twice")
        languages = [translation.language for translation in self.translations]
        _require(len(set(languages)) == len(languages), "translations: a language twice")
        _require(not self.folder or bool(_FILE_NAME.fullmatch(self.folder)), "folder: no plain folder name")
        if self.bundled:
            whole = all(len(file.sha256) == 64 for file in self.files)
            _require(whole, "files: a bundled model needs the whole digest of each")
        if isinstance(self.settings, DependentSettings):
            self.settings.check(self.stems, names)


ModelSpec: TypeAlias = Descriptor[Any]


def read(path: Path, settings: type[Any]) -> ModelSpec:
    """Read the descriptor in `path`, ``<family>/models/<name>.toml``, with the family's `settings`, a dataclass.

    Raises `DescriptorError`, OSError.
    """
    return parse(path.read_bytes(), path.name, path.parent.parent.name, settings)


def read_own(path: Path, settings: type[Any]) -> ModelSpec:
    """Read an administrator's descriptor, of a model with `settings`. Raises `DescriptorError`, OSError."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
        raise DescriptorError(f"{path.name}: is no file, or larger than {_MOST_BYTES >> 10} KiB")
    return parse_own(path.read_bytes(), path.name, settings)


def parse_own(content: bytes, name: str, settings: type[Any]) -> ModelSpec:
    """Read the `content` of an administrator's descriptor called `name`. Raises `DescriptorError`."""
    if len(content) > _MOST_BYTES:
        raise DescriptorError(f"{name}: larger than {_MOST_BYTES >> 10} KiB")
    if max(map(len, content.split(b"\n"))) > _LONGEST_LINE:
        raise DescriptorError(f"{name}: a line is longer than {_LONGEST_LINE} bytes")
    spec = parse(content, name, OWN_FAMILY, settings)
    if not spec.slug.startswith(f"{OWN_FAMILY}:"):
        raise DescriptorError(f"{name}: slug: {spec.slug!r} does not begin with {OWN_FAMILY}:")
    if spec.bundled:
        raise DescriptorError(f"{name}: folder: missing")
    return spec


def parse(content: bytes, name: str, family: str, settings: type[Any]) -> ModelSpec:
    """Read the `content` of a descriptor called `name`. Raises `DescriptorError`."""
    try:
        table = tomllib.loads(content.decode())
        hints = get_type_hints(Descriptor) | {"settings": settings}
        spec: ModelSpec = _instance(Descriptor, hints, table, "", {"family": family})
    except RecursionError as error:
        raise DescriptorError(f"{name}: nested too deeply") from error
    except ValueError as error:  # tomllib's, UnicodeDecodeError and ours
        raise DescriptorError(f"{name}: {_shortened(str(error))}") from error
    return spec


def _instance(
    cls: type[Any], hints: dict[str, Any], table: dict[str, Any], where: str, given: dict[str, Any]
) -> Any:
    """Make a dataclass of `table`, and of the values `given` that a table may not state."""
    known = {field.name: field for field in fields(cls) if field.name not in given}
    if unknown := sorted(table.keys() - known):
        raise ValueError(f"{where}{unknown[0]}: unknown key; known are {', '.join(known)}")
    values = dict(given)
    for name, field in known.items():
        if name in table:
            values[name] = _value(hints[name], table[name], where + name)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{where}{name}: missing")
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{where}{error}") from error


def _value(hint: Any, value: Any, where: str) -> Any:
    """Return `value` as the type `hint`: plain, a choice, optional, a tuple of one type, or a dataclass."""
    origin = get_origin(hint)
    if origin in {UnionType, Literal} or is_dataclass(hint) or origin is tuple:
        return _composed(hint, origin, value, where)
    if hint is float and type(value) is int and abs(value) < _HUGE:
        value = float(value)
    if type(value) is not hint or (hint is float and not math.isfinite(value)):
        raise ValueError(f"{where}: must be {_NAMES[hint]}, not {value!r}")
    if hint is str and _UNPRINTABLE.search(value):
        raise ValueError(f"{where}: holds a control character")
    return value


def _composed(hint: Any, origin: Any, value: Any, where: str) -> Any:
    arguments = get_args(hint)
    if origin is UnionType:
        (only,) = (argument for argument in arguments if argument is not NoneType)
        return _value(only, value, where)
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{where}: must be one of {', '.join(map(str, arguments))}, not {value!r}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where}: must be a list, not {value!r}")
        return tuple(_value(arguments[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if not isinstance(value, dict):
        raise ValueError(f"{where}: must be a table, not {value!r}")  # noqa: TRY004 (a wrong file, not a wrong call)
    return _instance(hint, get_type_hints(hint), value, f"{where}.", {})


def _check_release(url: str, sha256: str, size: int | None) -> None:
    _require(bool(_DIGEST.fullmatch(sha256)), f"sha256: {sha256!r} is no hexadecimal digest")
    _require(not url or url.startswith(("https://", "http://")), f"url: {url!r} is no address")
    _require(not url or bool(sha256), "sha256: missing beside an address")
    _require(size is None or 0 < size < _HUGE, "size: not above zero, or absurd")


def _shortened(sentence: str) -> str:
    """Return `sentence`, which may repeat a long value, in a length that people read."""
    return sentence if len(sentence) <= _LONGEST_SENTENCE else f"{sentence[:_LONGEST_SENTENCE]}…"


def _is_stem(name: str) -> bool:
    """Return whether stems may have this `name`, which also names a parameter, and files."""
    is_plain = bool(_STEM.fullmatch(name)) and len(name) <= _LONGEST["stem"]
    return is_plain and name not in _PARAMETERS and not name.endswith("_pan")


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 (a condition)
    if not condition:
        raise ValueError(message)
