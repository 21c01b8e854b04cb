"""Template tags for stems, progress and ratings."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import template
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.templatetags.pictures import icon
from separation.display_names import ModelChoice, stem_label
from separation.feedback.ratings import FEWEST, MOST, RatingSummary
from separation.stem_looks import look
from separation.web.model_menu import OptionGroup

register = template.Library()


@register.filter
def stem_name(name: str) -> str:
    """Name a stem for people."""
    return str(stem_label(name))


@register.filter
def stem_colour(name: str) -> str:
    """Return the class that gives a stem its colour."""
    return look(name).colour


@register.simple_tag
def stem_icon(name: str) -> SafeString:
    """Draw the picture of a stem."""
    return icon(look(name).icon)


@register.filter
def percent(share: float) -> int:
    """Turn ``0.423`` into ``42``; at most 99, as 100 means finished."""
    return min(int(share * 100), 99)


@register.simple_tag
def growing(model: ModelChoice, key: UUID, share: float = 0.0) -> SafeString:
    """Draw the waveforms of a separation in progress: faint, and in colour up to ``share`` (0 to 1)."""
    seed = key.int
    rows = []
    for row, name in enumerate(model.stems):
        middle = 18 + 36 * row
        bars = []
        for column in range(66):
            height = 2 + (seed >> (column * 3 + row * 17) % 113) % 13
            bars.append(f"M{column * 6 + 4} {middle - height}v{2 * height}")
        rows.append(f'<path class="{look(name).colour}" d="{"".join(bars)}"/>')
    paths, height = "".join(rows), 36 * len(model.stems)
    return mark_safe(  # noqa: S308 (numbers and our own names only)
        f'<svg class="waveform-growing" viewBox="0 0 400 {height}" preserveAspectRatio="none" aria-hidden="true">'
        f'<clipPath id="grown"><rect width="{400 * share:.1f}" height="{height}"/></clipPath>'
        f'<g class="waveform-ahead">{paths}</g><g clip-path="url(#grown)">{paths}</g></svg>'
    )


@register.simple_tag
def place_in_line(position: int | None) -> SafeString:
    """Draw a queue of at most twelve heads, the last one in colour."""
    ahead = min((position or 1) - 1, 11)
    heads = "".join(f'<circle cx="{16 + 30 * n}" cy="16" r="11"/>' for n in range(ahead))
    me = f'<circle class="queue-own" cx="{16 + 30 * ahead}" cy="16" r="13"/>'
    return mark_safe(  # noqa: S308 (numbers only)
        f'<svg class="queue-line" viewBox="0 0 {32 + 30 * ahead} 32" width="{32 + 30 * ahead}" height="32" '
        f'aria-hidden="true">{heads}{me}</svg>'
    )


@register.filter
def about(seconds: float | None) -> str:
    """Turn ``95`` into "about 2 min left"; empty for an unknown time."""
    if seconds is None:
        return ""
    if seconds < 55:
        return _("about {n} s left").format(n=max(5, 5 * round(seconds / 5)))
    return _("about {n} min left").format(n=max(1, round(seconds / 60)))


@register.simple_tag
def bar(share: int) -> SafeString:
    """Draw a bar of ``share`` percent of the width; screen readers get the figure beside it."""
    return format_html(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{}" height="10"/></svg>',
        int(share),
    )


@register.simple_tag
def starred(rated: Mapping[str, Any]) -> SafeString:
    """Show ``average`` of ``count`` ratings."""
    if not rated["count"]:
        return format_html('<span class="soft">{}</span>', _("Not rated yet"))
    return format_html(
        '<span class="rating-average">{} {}</span>', icon("star"), _average(rated["average"], rated["count"])
    )


@register.simple_tag
def five_stars(rated: RatingSummary) -> SafeString:
    """Offer one to five stars, the reader's own checked; disabled until the script runs."""
    name = f"stars-{rated.stem.name if rated.stem else ''}"
    return format_html_join(
        "\n",
        '<label><input type="radio" name="{}" value="{}"{} disabled>{}<span class="visually-hidden">{}</span></label>',
        (
            (name, n, mark_safe(" checked") if n == rated.mine else "", icon("star"), _stars(n))
            for n in range(FEWEST, MOST + 1)
        ),
    )


@register.simple_tag
def stars_of_five(n: int) -> SafeString:
    """Show how good a model is by what was published."""
    drawn = format_html_join(
        "",
        '<span class="{}">{}</span>',
        (("" if each <= n else "no-star", icon("star")) for each in range(1, MOST + 1)),
    )
    said = _("{n} of 5 stars, by published figures").format(n=n)
    return format_html(
        '<span class="model-stars" role="img" aria-label="{}" title="{}">{}</span>', said, said, drawn
    )


@register.filter
def holds(group: OptionGroup, slug: str) -> bool:
    """Whether a model is among those that unfold."""
    return group.holds(slug)


def _stars(n: int) -> str:
    return ngettext("%(n)s star", "%(n)s stars", n) % {"n": n}


@register.simple_tag
def describe_rating(rated: RatingSummary) -> str:
    """Return ``"4.2 of 5, 3 ratings"``."""
    return _("Not rated yet") if rated.average is None else _average(rated.average, rated.count)


def _average(average: float, count: int) -> str:
    sentence = _("{average} of 5, one rating") if count == 1 else _("{average} of 5, {n} ratings")
    return sentence.format(
        average=formats.number_format(average, 1), n=formats.number_format(count, 0, force_grouping=True)
    )
