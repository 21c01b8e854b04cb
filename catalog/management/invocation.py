"""How a command is called here: the wheel has ``stemoteca``, a checkout ``manage.py``."""

import sys
from pathlib import Path


def command_line(command: str) -> str:
    """Return what somebody types for a command of Django, as far as messages of commands name them."""
    if Path(sys.argv[0]).name == "stemoteca":
        return f"stemoteca {command.replace('_', '-')}"
    return f"manage.py {command}"
