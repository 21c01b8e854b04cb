"""Whether there is a page on which visitors separate songs in their own browser."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def separates_in_browser() -> bool:
    """Return whether the page is offered."""
    return bool(settings.BROWSER_SEPARATION)
