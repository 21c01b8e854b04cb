"""The hint on a song's page that the same recording is taken apart already."""

from typing import Any

from django import template

from catalog.models import Track
from separation.duplicates import others_like

register = template.Library()


@register.inclusion_tag("separation/alike.html", takes_context=True)
def sounds_like(context: dict[str, Any], track: Track) -> dict[str, Any]:
    """Links to songs that sound like ``track``; nothing where there are none."""
    return {"others": others_like(track, context["user"])}
