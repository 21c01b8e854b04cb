"""The choice of a model for people: grouped by the number of parts, the best first, with stars and time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from separation import demanding, model_choice, quality
from separation.display_names import ModelChoice, describe, describe_slug, duration
from separation.engines.modelspec import SPECS
from separation.installations.lifecycle import with_other_weights
from separation.models import Separation, Status
from separation.queue.speed import measured_seconds

SONG_MINUTES = 3


@dataclass(frozen=True)
class Option:
    """A model to choose, with the song's best separation by it if there is one."""

    model: ModelChoice
    stars: int | None = None
    """One to five, see ``quality.stars``; none for other weights than those that were measured."""
    time: str = ""
    """How long it takes here, empty where that was never measured."""
    refusal: str = ""
    """When it may be asked for again, where the limit of a day is reached."""
    separation: Separation | None = None

    @property
    def status(self) -> str:
        """Return the status of the separation, empty without one."""
        return self.separation.status if self.separation else ""

    @property
    def is_worth_showing(self) -> bool:
        """Whether there is something to play or to wait for."""
        return self.status in {Status.SUCCEEDED, Status.QUEUED, Status.RUNNING}


@dataclass(frozen=True)
class OptionGroup:
    """The models with the same number of parts; what stands in ``more`` unfolds."""

    title: str
    first: list[Option]
    more: list[Option] = field(default_factory=list)

    def holds(self, slug: str) -> bool:
        """Whether the model stands in ``more``."""
        return any(option.model.slug == slug for option in self.more)


def installed(user: User | AnonymousUser) -> list[OptionGroup]:
    """List every installed model; the default one of each number of parts comes first, then what has most stars."""
    groups = _grouped((len(option.model.stems), option) for option in _options(user, with_other_weights()))
    return [OptionGroup(title, group[:1], _best_first(group[1:])) for title, group in groups]


def beside(
    best: Mapping[str, Separation], shown: Separation | None, user: User | AnonymousUser
) -> list[OptionGroup]:
    """List the models beside that of ``shown``: every installed one, and every other with something to play.

    ``best`` separation of the song by model.
    """
    others = with_other_weights()
    options = {option.model.slug: option for option in _options(user, others, best)}
    for slug, separation in best.items():
        if separation.status == Status.SUCCEEDED and slug not in options:
            options[slug] = _option(describe_slug(slug), others, separation=separation)
    if shown is not None and shown.status != Status.CANCELLED:
        options.pop(shown.model, None)
    found = []
    for title, group in _grouped((_parts(option), option) for option in options.values()):
        first = [option for option in group if option.is_worth_showing] or group[:1]
        found.append(
            OptionGroup(title, first, _best_first(option for option in group if option not in first))
        )
    return found


def _best_first(options: Iterable[Option]) -> list[Option]:
    """Sort by stars; without any, in the order of preference."""
    return sorted(options, key=lambda option: -(option.stars or 0))


def _options(
    user: User | AnonymousUser, others: set[str], best: Mapping[str, Separation] | None = None
) -> list[Option]:
    wait = 0 if user.is_anonymous else demanding.seconds_until_next(user)
    return [
        _option(
            describe(spec),
            others,
            wait=wait if demanding.is_demanding(spec) else 0,
            separation=(best or {}).get(spec.slug),
        )
        for spec in model_choice.available()
    ]


def _option(
    model: ModelChoice, others: set[str], *, wait: int = 0, separation: Separation | None = None
) -> Option:
    """Describe a choice; ``others`` are the folders whose weights are not those that were measured."""
    spec = SPECS.get(model.slug)
    seconds = measured_seconds(model.slug, of_shared=True)
    time = _("About %(time)s for a song of %(minutes)d min") % {
        "time": duration(SONG_MINUTES * (seconds or 0)),
        "minutes": SONG_MINUTES,
    }
    return Option(
        model=model,
        stars=quality.stars(spec) if spec and spec.folder not in others else None,
        time=time if seconds else "",
        refusal=demanding.note(wait) if wait else "",
        separation=separation,
    )


def _parts(option: Option) -> int:
    """Count the parts, also of a model that is no longer known."""
    return len(option.model.stems) or (len(option.separation.stems.all()) if option.separation else 0)


def _grouped(options: Iterable[tuple[int, Option]]) -> list[tuple[str, list[Option]]]:
    groups: dict[int, list[Option]] = defaultdict(list)
    for parts, option in options:
        groups[parts].append(option)
    return [(_title(parts, groups[parts]), groups[parts]) for parts in sorted(groups)]


def _title(parts: int, options: list[Option]) -> str:
    if all(set(option.model.stems) == {"vocals", "accompaniment"} for option in options):
        return _("Singer and band")
    names = {4: _("Four parts"), 5: _("Five parts"), 6: _("Six parts")}
    return names.get(parts) or ngettext("%(n)d part", "%(n)d parts", parts) % {"n": parts}
