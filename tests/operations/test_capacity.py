"""How an installation divides its machine, from the smallest to a large one."""

import pytest

from operations import capacity
from separation.engines import hardware

GB = 1_000_000_000


@pytest.mark.parametrize(
    ("cores", "memory", "workers", "threads"),
    [
        (1, 1 * GB, 1, 1),
        (2, 1 * GB, 1, 2),
        (2, 8 * GB, 1, 2),
        (4, 8 * GB, 1, 4),
        (8, 16 * GB, 2, 4),
        (8, 2 * GB, 1, 4),
        (24, 64 * GB, 6, 4),
        (64, 128 * GB, 16, 4),
        (64, 8 * GB, 7, 4),
    ],
)
def test_workers_and_threads_by_cores_and_memory(cores: int, memory: int, workers: int, threads: int) -> None:
    assert capacity.workers(cores, memory) == workers
    assert capacity.threads(cores, workers) == threads
    assert workers * threads <= cores
    assert 2 <= capacity.running_per_person(workers) <= max(2, workers)


def test_environment_overrides_capacity(settings: object) -> None:
    assert capacity.threads(2, 4) == 1
    assert 1 <= hardware.cores() <= 4096
    assert hardware.total_memory() > GB // 10
