"""By what a list of songs can be narrowed: model, genre, decade."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from catalog import hooks
from catalog.normalization import fold

MOST_CHOICES = 8
LOOKED_AT = 100  # songs of which it is asked who separated them, when nothing depends on it but a choice


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
            genre=fold(str(parameters.get("genre") or "")[:80].replace("\0", " "))[:80],
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


class Facts(NamedTuple):
    """What is said of a song that a list is narrowed by."""

    track: str
    genre: str
    genre_key: str
    year: int | None


@dataclass(frozen=True)
class Choice:
    """One value of a facet, and how many songs have it; ``None`` where not all were looked at."""

    value: str
    label: str
    count: int | None


@dataclass(frozen=True)
class Facets:
    models: tuple[Choice, ...] = ()
    genres: tuple[Choice, ...] = ()
    decades: tuple[Choice, ...] = ()


def done_by(songs: Sequence[Facts]) -> list[Collection[str]]:
    """For each of ``songs`` the models that have separated it."""
    done = hooks.combined(hooks.models_of_tracks.send({song.track for song in songs})) if songs else {}
    return [done.get(song.track, ()) for song in songs]


def model_label(slug: str) -> str:
    """What people call the model."""
    return next(iter(hooks.model_label.send(slug)), slug)


def count(songs: Sequence[Facts]) -> Facets:
    """The choices that ``songs`` leave, the most frequent first; decades in their order."""
    separated = Counter(slug for done in done_by(songs[:LOOKED_AT]) for slug in done)
    exact = len(songs) <= LOOKED_AT
    decades = Counter(song.year // 10 * 10 for song in songs if song.year is not None)
    genres: Counter[str] = Counter()
    spelt: dict[str, str] = {}
    for (key, name), n in Counter((song.genre_key, song.genre) for song in songs).most_common():
        if key:
            genres[key] += n
            spelt.setdefault(key, name)  # as most songs have it
    return Facets(
        models=tuple(
            Choice(slug, model_label(slug), n if exact else None)
            for slug, n in separated.most_common(MOST_CHOICES)
        ),
        genres=tuple(Choice(key, spelt[key], n) for key, n in genres.most_common(MOST_CHOICES)),
        decades=tuple(
            Choice(str(decade), f"{decade}–{decade + 9}", n)  # noqa: RUF001  # from-to
            for decade, n in sorted(decades.most_common(MOST_CHOICES))
        ),
    )
