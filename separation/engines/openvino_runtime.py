"""OpenVINO, for the families that build their networks with it."""

import sys
from typing import Any


def import_without_telemetry() -> Any:
    """Import OpenVINO without its telemetry, which reports each import to its makers."""
    if "openvino" not in sys.modules:
        # Makes the import of the telemetry fail, upon which OpenVINO uses a stub that does nothing.
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # as Python documents it
    import openvino

    return openvino
