"""Content negotiation without 406."""

from collections.abc import Iterable

from django.http import Http404
from rest_framework import exceptions
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class LenientContentNegotiation(DefaultContentNegotiation):
    """Answer in the first format when the client accepts none of ours.

    Players ask for ``audio/*`` and browsers for ``text/html``; 406 would help neither.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        try:
            selected: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        except (exceptions.NotAcceptable, Http404):
            first = next(iter(renderers))
            return first, first.media_type
        return selected
