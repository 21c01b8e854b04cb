"""System checks of the catalogue."""

from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Info, register

from catalog import fingerprints


@register("catalog")
def chromaprint(**_kwargs: Any) -> list[CheckMessage]:
    """Warn when fingerprints cannot be made; they are optional."""
    if fingerprints.version():
        return []
    return [Info(fingerprints.NO_LIBRARY, id="catalog.I001")]


@register("catalog")
def s3(**_kwargs: Any) -> list[CheckMessage]:
    """Say that files and backups cannot be on S3; settings that want them there stop the start."""
    if find_spec("boto3") is not None:
        return []
    return [
        Info(
            "Files and backups cannot be on S3: its packages are not installed",
            "Install the wheel with its extra: pip install 'FILE.whl[s3]'",
            id="catalog.I002",
        )
    ]
