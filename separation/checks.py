"""What ``manage.py check`` says about the engine."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info, register

from separation.native import library


@register("separation")
def native_engine(**_kwargs: Any) -> list[CheckMessage]:
    """OpenVINO does the same work, only slower; that it does is worth knowing."""
    if settings.SEPARATOR_ENGINE != "auto" or library.is_built():
        return []
    return [
        Info(library.INSTEAD, hint="Run: python -m separation.native", id="separation.I001"),
    ]
