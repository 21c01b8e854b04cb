"""System checks of the engine."""

from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning, register  # noqa: A004 (Django's name)

from separation.engines.modelspec import SPECS
from separation.engines.spleeter.native import build
from separation.engines.torch import interpreter

_HINT = "Run: python -m separation.engines.spleeter.native"
_WHOLE = "The whole installation has it: make run without SLIM=1, or the image full"


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
def own_descriptors(**_kwargs: Any) -> list[CheckMessage]:
    """Report descriptors of the administrator's own models that are wrong; everything else goes on without them."""
    return [
        Warning(sentence, f"Correct it in {SPECS.folder}, or remove it.", id="separation.W001")
        for sentence in SPECS.wrong.values()
    ]


@register("separation")
def reference_engine(**_kwargs: Any) -> list[CheckMessage]:
    """Report that this is a small installation; an error where the settings demand what it lacks."""
    if find_spec("tensorflow") is not None:
        return []
    if settings.SEPARATOR_ENGINE == "tensorflow":
        return [
            Error(
                "STEMOTECA_ENGINE is tensorflow, but TensorFlow is not installed",
                _WHOLE,
                id="separation.E002",
            )
        ]
    return [
        Info(
            "The reference engine (TensorFlow) is not installed; nothing else needs it",
            _WHOLE,
            id="separation.I002",
        )
    ]


@register("separation")
def torch_engine(**_kwargs: Any) -> list[CheckMessage]:
    """Report that the settings demand PyTorch, and the interpreter that they name has none."""
    if settings.SEPARATOR_ENGINE != "torch" or not (problem := interpreter.problem(settings.TORCH_PYTHON)):
        return []
    return [
        Error(
            f"STEMOTECA_ENGINE is torch, but {problem}",
            f"Run: make reference, or name another interpreter with {interpreter.VARIABLE}",
            id="separation.E003",
        )
    ]
