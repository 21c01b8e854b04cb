"""By what a list of songs can be narrowed: model, genre, decade."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from catalog.search.ranking import Hit
from catalog.text import fold

ModelsOf = Callable[[Collection[Any]], Mapping[Any, Collection[str]]]
Label = Callable[[str], str]

MOST_CHOICES = 8


@dataclass
class _Models:
    """What an app above knows: which models have separated some audio, and how they are called."""

    of: ModelsOf | None = None
    label: Label = str


models = _Models()


def tells_models(label: Label) -> Callable[[ModelsOf], ModelsOf]:
    """Register a function that tells by which models some audio (ids) has been separated."""

    def register(of: ModelsOf) -> ModelsOf:
        models.of, models.label = of, label
        return of

    return register


@dataclass(frozen=True)
class Filters:
    """What a search is narrowed to; empty means anything."""

    model: str = ""
    genre: str = ""
    decade: int | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Filters":
        """From ``?model=&genre=&decade=``; what makes no sense is left out."""
        decade = str(parameters.get("decade") or "")
        fits = decade.isascii() and decade.isdigit() and 3 <= len(decade) <= 4
        return cls(
            model=str(parameters.get("model") or "")[:40].replace("\0", ""),
            genre=fold(str(parameters.get("genre") or "")[:80])[:80],
            decade=int(decade) // 10 * 10 if fits else None,
        )

    @property
    def tags(self) -> list[str]:
        """What documents hold that answer to genre and decade."""
        found = []
        if self.genre:
            found.append("#g#" + self.genre.replace(" ", "#"))
        if self.decade is not None:
            found.append(f"#d{self.decade}")
        return found

    def __bool__(self) -> bool:
        return self != Filters()


@dataclass(frozen=True)
class Choice:
    """One value of a facet, and how many of the songs that were looked at have it."""

    value: str
    label: str
    count: int


@dataclass(frozen=True)
class Facets:
    models: Sequence[Choice] = ()
    genres: Sequence[Choice] = ()
    decades: Sequence[Choice] = ()


def by_model(hits: Sequence[Hit], model: str) -> tuple[list[Hit], Counter[str]]:
    """Those of ``hits`` that ``model`` has separated (all of them for ``""``), and how many each model has."""
    if models.of is None or not hits:
        return ([] if model else list(hits)), Counter()
    known = {key: UUID(str(key)) for key in {hit.audio_id for hit in hits}}
    done = models.of(list(known.values()))
    kept = [hit for hit in hits if not model or model in done.get(known[hit.audio_id], ())]
    return kept, Counter(slug for hit in kept for slug in done.get(known[hit.audio_id], ()))


def count(hits: Iterable[Hit], models_done: Counter[str]) -> Facets:
    """The choices that ``hits`` leave, the most frequent first; decades in their order."""
    genres: Counter[str] = Counter()
    spelt: dict[str, Counter[str]] = {}
    decades: Counter[int] = Counter()
    for hit in hits:
        if hit.genre_key:
            genres[hit.genre_key] += 1
            spelt.setdefault(hit.genre_key, Counter())[hit.genre] += 1
        if hit.year is not None:
            decades[hit.year // 10 * 10] += 1
    return Facets(
        models=[Choice(slug, models.label(slug), n) for slug, n in models_done.most_common(MOST_CHOICES)],
        genres=[Choice(key, spelt[key].most_common(1)[0][0], n) for key, n in genres.most_common(MOST_CHOICES)],
        decades=[
            Choice(str(decade), f"{decade}–{decade + 9}", n)  # noqa: RUF001  # from-to
            for decade, n in sorted(decades.most_common(MOST_CHOICES))
        ],
    )


def without(filters: Filters, name: str) -> Filters:
    """The filters when one of them is taken off."""
    return replace(filters, **{name: None if name == "decade" else ""})
