"""Notices of the person who reads a page."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser

from catalog.social import notices

register = template.Library()


@register.simple_tag(takes_context=True)
def unseen(context: Any) -> int:
    """Count the notices this person has not seen; 0 for visitors and on pages of errors, without a query."""
    request = context.get("request")
    return notices.unseen(getattr(request, "user", None) or AnonymousUser())
