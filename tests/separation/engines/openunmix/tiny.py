"""The family's model for the conformance suite."""

from dataclasses import replace

from separation.engines import modelspec
from separation.engines.descriptors import ModelFile
from separation.engines.openunmix.network import shapes
from separation.engines.openunmix.settings import OpenUnmixSettings, OpenUnmixSpec
from tests.separation.engines.states import state_file
from tests.separation.engines.tiny import TinyModel

_SETTINGS = OpenUnmixSettings(
    hidden=8, input_bins=100, iterations=1, frame_length=256, hop=64, window_frames=12
)
_SPEC: OpenUnmixSpec = replace(
    modelspec.get("openunmix:umxhq"),
    settings=_SETTINGS,
    stems=("vocals", "drums"),
    files=(ModelFile("vocals-1.pth"), ModelFile("drums-1.pth")),
)


def _files(settings: OpenUnmixSettings) -> dict[str, bytes]:
    return {file.name: state_file(shapes(settings), seed) for seed, file in enumerate(_SPEC.files)}


TINY = TinyModel(
    _SPEC,
    files=lambda: _files(_SETTINGS),
    files_of_another=lambda: _files(replace(_SETTINGS, hidden=10)),
    kinds=("openvino",),
)
