"""System checks of the engine."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, register

from separation.engines.spleeter.native import build
from separation.engines.torch import interpreter

_HINT = "Run: python -m separation.engines.spleeter.native"


@register("separation")
def native_engine(**_kwargs: Any) -> list[CheckMessage]:
    """Report that OpenVINO separates instead of our faster engine; an error where the settings demand ours."""
    if settings.SEPARATOR_ENGINE not in {"auto", "native", "torch"} or build.is_built():
        return []
    if settings.SEPARATOR_ENGINE == "native":
        return [
            Error(
                "STEMOTECA_ENGINE is native, but the native engine is not built", _HINT, id="separation.E001"
            )
        ]
    return [Info(build.FALLBACK, _HINT, id="separation.I001")]


@register("separation")
def torch_engine(**_kwargs: Any) -> list[CheckMessage]:
    """Report that the settings demand PyTorch, and the interpreter that they name has none."""
    if settings.SEPARATOR_ENGINE != "torch" or not (problem := interpreter.problem(settings.TORCH_PYTHON)):
        return []
    return [
        Error(
            f"STEMOTECA_ENGINE is torch, but {problem}",
            f"Run: make reference, or name another interpreter with {interpreter.VARIABLE}",
            id="separation.E002",
        )
    ]
