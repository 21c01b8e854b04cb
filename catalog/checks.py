"""System checks of the catalogue."""

from typing import Any

from django.core.checks import CheckMessage, Info, register

from catalog import fingerprints


@register("catalog")
def chromaprint(**_kwargs: Any) -> list[CheckMessage]:
    """Warn when fingerprints cannot be made; they are optional."""
    if fingerprints.version():
        return []
    return [Info(fingerprints.NO_LIBRARY, id="catalog.I001")]
