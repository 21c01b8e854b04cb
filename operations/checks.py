"""System checks of the settings."""

import difflib
import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register  # noqa: A004 (Django's name)

from operations.process_lifecycle import SUPERVISOR_PID_VARIABLE

_PREFIX = "STEMOTECA_"
_OURS = (SUPERVISOR_PID_VARIABLE, f"{_PREFIX}TEST_")


def unknown_variables() -> list[str]:
    """Return a sentence for each variable that looks like a setting and is none, such as a misspelt one.

    These are no errors: Kubernetes adds variables that begin with the name of a service.
    """
    names = {name for name in os.environ if name.startswith(_PREFIX) and not name.startswith(_OURS)}
    return [
        f"{name} is not a setting" + "".join(f"; {similar} is one" for similar in _similar(name))
        for name in sorted(names - settings.KNOWN_VARIABLES)
    ]


def _similar(name: str) -> list[str]:
    return difflib.get_close_matches(name, settings.KNOWN_VARIABLES, 1, 0.8)


@register("operations")
def unknown_settings(**_kwargs: Any) -> list[CheckMessage]:
    """Report variables that look like settings and are none."""
    return [
        Warning(sentence, "docs/settings.md has all settings.", id="operations.W001")
        for sentence in unknown_variables()
    ]
