"""Models that do not fit are refused, with numbers; others get the threads that fit."""

import pytest

from separation.engines import memory, modelspec
from separation.engines.memory import NotEnoughMemory
from separation.engines.protocol import EngineKind

ENGINES: tuple[EngineKind, ...] = ("native", "openvino")
TWO = modelspec.get("spleeter:2stems")
MB = 1_000_000


def test_more_stems_bandwidth_and_threads_need_more() -> None:
    four, wide = modelspec.get("spleeter:4stems"), modelspec.get("spleeter:2stems-16kHz")
    for engine in ENGINES:
        least = memory.needed_bytes(TWO, 1, engine)
        assert least < memory.needed_bytes(TWO, 2, engine)
        assert least < memory.needed_bytes(four, 1, engine)
        assert least < memory.needed_bytes(wide, 1, engine)
        assert least < memory.needed_bytes(TWO, 1, "tensorflow")


def test_threads_are_as_many_as_fit_and_at_least_one() -> None:
    enough = memory.needed_bytes(TWO, 3, "openvino")
    assert memory.fitting_threads(TWO, 8, "openvino", enough) == 3
    assert memory.fitting_threads(TWO, 2, "openvino", enough) == 2
    with pytest.raises(NotEnoughMemory, match=r"spleeter:2stems needs 4\d\d MB .* 300 MB are available"):
        memory.fitting_threads(TWO, 8, "openvino", 300 * MB)
