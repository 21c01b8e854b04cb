"""The hint on a song's page that the same recording was separated already."""

from typing import Any

from django import template

from catalog.models import Track
from separation.duplicates import similar_tracks

register = template.Library()


@register.inclusion_tag("separation/alike.html", takes_context=True)
def sounds_like(context: dict[str, Any], track: Track) -> dict[str, Any]:
    """Link to separated songs that sound like ``track``; empty if there are none."""
    return {"others": similar_tracks(track, context["user"])}
