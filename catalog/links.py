"""Addresses of many things of one kind: made once for a whole list, and each thing's id put into it."""

from collections.abc import Callable
from uuid import UUID

from django.urls import reverse

_ANY = UUID(int=0)


def pattern(name: str, build: Callable[[str], str] = str) -> str:
    """The address of the view ``name`` with ``{}`` where the id is; ``build`` may add the host in front."""
    return build(reverse(name, args=[_ANY])).replace(str(_ANY), "{}")
