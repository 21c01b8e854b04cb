"""The family's model for the conformance suite."""

from dataclasses import replace

from separation.engines import modelspec
from separation.engines.convtasnet.network import shapes
from separation.engines.convtasnet.settings import ConvTasNetSettings, ConvTasNetSpec
from tests.separation.engines.states import state_file
from tests.separation.engines.tiny import TinyModel

_SETTINGS = ConvTasNetSettings(
    segment=4000, filters=12, frame_length=20, bottleneck=8, hidden=16, kernel=3, blocks=3, repeats=2
)
_SPEC: ConvTasNetSpec = replace(modelspec.get("convtasnet:tasnet"), settings=_SETTINGS)


def _files(settings: ConvTasNetSettings) -> dict[str, bytes]:
    (file,) = _SPEC.files
    return {file.name: state_file(shapes(settings, len(_SPEC.stems)), 1)}


TINY = TinyModel(
    _SPEC,
    files=lambda: _files(_SETTINGS),
    files_of_another=lambda: _files(replace(_SETTINGS, hidden=24)),
    kinds=("openvino",),
)
