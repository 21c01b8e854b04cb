"""What the wheel needs besides files of the repository: its requirements, and the native engine for other machines."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class Requirements(MetadataHookInterface):
    """The wheel requires exactly what ``requirements-slim.txt`` names: it is a program, not a library.

    Its extra ``s3`` requires what ``requirements-s3.txt`` names.
    """

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        metadata["dependencies"] = self._pins("requirements-slim.txt")
        metadata["optional-dependencies"] = {"s3": self._pins("requirements-s3.txt")}

    def _pins(self, name: str) -> list[str]:
        lines = (Path(self.root) / name).read_text().splitlines()
        return [line for line in lines if line and not line.startswith("#")]


class NativeLibraries(BuildHookInterface[Any]):
    """Compile the native engine for every processor that the wheel is for."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (the hook's)
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from separation.engines.spleeter.native import build  # noqa: PLC0415

        build.prebuild()
