"""What the page of models shows: facts of the descriptors, figures of this server, and states."""

from dataclasses import dataclass, replace

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from separation import model_choice
from separation.display_names import describe, duration, stem_label, texts
from separation.engines import download, hardware, memory, model_files, modelspec, registry
from separation.engines.descriptors import ModelSpec, Quality, Translation
from separation.installations.states import sentence
from separation.models import ModelInstallation
from separation.quality import is_comparable, overall
from separation.queue.speed import measured_seconds

SONG_MINUTES = 3
SCALE = 12
"""The end of the scale that quality is drawn on, in dB: just above what anybody has published."""


@dataclass(frozen=True)
class Figure:
    """How well a model separates one part, or all of them, as somebody has published it."""

    part: str
    value: float
    text: str
    """Value, unit and data set."""
    source: str
    """An address, or a file of this project."""
    is_comparable: bool
    """Whether it was measured on the data set that most figures are of."""

    @property
    def address(self) -> str:
        """The address in `source`, which may name a table behind it; empty where there is none."""
        first = self.source.partition(" ")[0].rstrip(",")
        return first if first.startswith("https://") else ""


@dataclass(frozen=True)
class Card:
    """One model as the page shows it."""

    spec: ModelSpec
    texts: Translation
    """Licence, provenance and more in the language of the request."""
    about: str
    """Its name and what it is, for people; empty for a model that has no other name than its slug."""
    parts: list[str]
    size: str
    quality: Figure | None
    """Of all parts together."""
    qualities: list[Figure]
    """Of each part."""
    speed: str
    memory: str
    fits: bool
    is_installed: bool
    is_default: bool
    together: list[str]
    """Other models that are installed and removed with it, as they share its files."""
    files: list[str]
    """The names of the files to upload."""
    can_fetch: bool
    descriptor: str
    """The name of its descriptor, where it is a model of the administrator's own."""
    row: ModelInstallation | None

    @property
    def is_busy(self) -> bool:
        return self.row is not None and self.row.is_unfinished

    @property
    def percent(self) -> int | None:
        """How much has arrived, None where the size is not known."""
        if self.row is None or not self.row.total_bytes:
            return None
        return min(100, 100 * self.row.done_bytes // self.row.total_bytes)

    @property
    def published(self) -> Figure | None:
        """The figure that names the source of all of them."""
        return self.quality or next(iter(self.qualities), None)

    @property
    def state(self) -> str:
        """The state in one sentence."""
        return sentence(self.row, is_installed=self.is_installed)


@dataclass(frozen=True)
class Group:
    """The models for songs with the same number of parts, or those for one stem, the preferred first."""

    title: str
    cards: list[Card]


def groups() -> list[Group]:
    """Return all models as the page shows them."""
    rows = {row.folder: row for row in ModelInstallation.objects.select_related("accepted_by")}
    chosen = model_choice.chosen()
    found: dict[str, list[Card]] = {}
    preferred: set[str] = set()
    for spec in model_choice.in_order(modelspec.SPECS.values(), chosen):
        title, shown = _group_title(spec), _card(spec, rows.get(spec.folder))
        if shown.is_installed and title not in preferred:
            preferred.add(title)
            shown = replace(shown, is_default=True)
        found.setdefault(title, []).append(shown)
    return [Group(title, cards) for title, cards in found.items()]


def card(spec: ModelSpec) -> Card:
    """Return one model as its own pages show it."""
    return _card(spec, ModelInstallation.objects.filter(folder=spec.folder).first())


def _card(spec: ModelSpec, row: ModelInstallation | None) -> Card:
    needed = needed_bytes(spec)
    budget = min(settings.SEPARATOR_MEMORY, hardware.total_memory())
    own = modelspec.SPECS.own.get(spec.slug)
    words, described = texts(spec), describe(spec)
    return Card(
        spec=spec,
        texts=words,
        about=f"{described.name}. {described.detail}" if described.detail else "",
        parts=[str(stem_label(name)) for name in spec.stems],
        size=_size(spec),
        quality=_figure(of_all, words) if (of_all := overall(spec.quality)) else None,
        qualities=[_figure(figure, words) for figure in spec.quality if figure.stem],
        speed=_speed(spec),
        memory=_memory(needed, budget),
        fits=needed is None or needed <= budget,
        is_installed=model_files.is_available(spec, settings.MODELS_DIR),
        is_default=False,
        together=[other.slug for other in download.sharing(spec.folder) if other != spec],
        files=[file.name for file in download.wanted(spec)],
        descriptor=own.name if own else "",
        can_fetch=download.fetchable(spec) or bool(settings.MODELS_SOURCE),
        row=row if not spec.bundled else None,
    )


def needed_bytes(spec: ModelSpec) -> int | None:
    """Return the memory that a separation with ``spec`` takes here at least, None where no engine can tell."""
    try:
        return memory.needed_bytes(spec, 1, registry.on_processors(spec, settings.SEPARATOR_ENGINE))
    except (ImportError, OSError, ValueError, KeyError):
        return None


def _size(spec: ModelSpec) -> str:
    if spec.bundled:
        return filesizeformat(sum(file.size or 0 for file in spec.files))
    size = download.download_bytes(spec)
    return filesizeformat(size) if size is not None else _("not known before it is fetched")


def _figure(figure: Quality, words: Translation) -> Figure:
    return Figure(
        part=str(stem_label(figure.stem)) if figure.stem else _("All parts"),
        value=figure.value,
        text=_("%(value)s %(unit)s on %(data_set)s")
        % {"value": number_format(figure.value, 1), "unit": figure.unit, "data_set": words.data_set},
        source=figure.source,
        is_comparable=is_comparable(figure),
    )


def _speed(spec: ModelSpec) -> str:
    seconds = measured_seconds(spec.slug)
    if seconds is not None:
        return _("%(minutes)d minutes of music take about %(time)s on this server.") % {
            "minutes": SONG_MINUTES,
            "time": duration(SONG_MINUTES * seconds),
        }
    if spec.cost is not None:
        return _("%(minutes)d minutes of music took %(seconds)s s of processor time on another machine.") % {
            "minutes": SONG_MINUTES,
            "seconds": number_format(spec.cost.cpu_seconds, 0 if spec.cost.cpu_seconds >= 100 else 1),
        }
    return _("Not measured yet.")


def _memory(needed: int | None, budget: int) -> str:
    if needed is None:
        return _("Not known: the software that runs it is not installed.")
    if needed > budget:
        return _("It does not fit: it needs %(needed)s, and a separation may have %(budget)s.") % {
            "needed": filesizeformat(needed),
            "budget": filesizeformat(budget),
        }
    return _("%(needed)s of the %(budget)s that a separation may have.") % {
        "needed": filesizeformat(needed),
        "budget": filesizeformat(budget),
    }


def _group_title(spec: ModelSpec) -> str:
    if spec.takes:
        return _("Parts of a part: %(stem)s") % {"stem": stem_label(spec.takes)}
    return ngettext("%(n)d part", "%(n)d parts", len(spec.stems)) % {"n": len(spec.stems)}
