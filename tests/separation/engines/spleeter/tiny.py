"""The family's model for the conformance suite."""

from separation.engines.spleeter.settings import SpleeterSpec
from tests.separation.engines.spleeter.archives import checkpoint
from tests.separation.engines.spleeter.models import MODELS, SMALL, with_filters
from tests.separation.engines.tiny import TinyModel

_SPEC: SpleeterSpec = MODELS["two"]

TINY = TinyModel(
    _SPEC,
    files=lambda: checkpoint(_SPEC),
    files_of_another=lambda: checkpoint(with_filters(_SPEC, (2, *SMALL[1:]))),
    kinds=("native", "openvino"),
)
