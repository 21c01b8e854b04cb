"""Models that do not fit are refused, with numbers; others get the threads that fit."""

from pathlib import Path

import pytest

from separation.engines import memory, modelspec, processors
from separation.engines.memory import EngineKind, NotEnoughMemory

ENGINES: tuple[EngineKind, ...] = ("native", "openvino")
TWO = modelspec.get("spleeter:2stems")
MB = 1_000_000


def machine(root: Path, files: dict[str, str]) -> Path:
    """A folder that looks like the root of a machine."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


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


def test_the_machine_is_a_bound_and_so_is_the_setting(tmp_path: Path) -> None:
    root = machine(tmp_path, {"proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:    5000 kB\n"})
    assert memory.available_bytes(root=root) == 5000 * 1024
    assert memory.available_bytes(1000, root) == 1000
    assert memory.available_bytes(root=tmp_path / "nowhere") > 1 << 50


@pytest.mark.parametrize("path", ["/", "/pod/container"])
def test_a_container_is_a_bound_that_its_cached_files_do_not_fill(tmp_path: Path, path: str) -> None:
    group = f"sys/fs/cgroup{path}".rstrip("/")
    root = machine(
        tmp_path,
        {
            "proc/meminfo": "MemAvailable: 5000000 kB\n",
            "proc/self/cgroup": f"0::{path}\n",
            f"{group}/memory.max": "600000000\n",
            f"{group}/memory.current": "500000000\n",
            f"{group}/memory.stat": "anon 1\ninactive_file 250000000\n",
        },
    )
    assert memory.available_bytes(root=root) == 350 * MB


def test_a_group_around_the_own_one_bounds_too_in_version_1(tmp_path: Path) -> None:
    top = "sys/fs/cgroup/memory"
    root = machine(
        tmp_path,
        {
            "proc/self/cgroup": "9:cpu:/x\n4:memory:/outer/inner\n",
            f"{top}/outer/inner/memory.limit_in_bytes": "9223372036854771712\n",
            f"{top}/outer/inner/memory.usage_in_bytes": "100000000\n",
            f"{top}/outer/inner/memory.stat": "total_inactive_file 0\n",
            f"{top}/outer/memory.limit_in_bytes": "300000000\n",
            f"{top}/outer/memory.usage_in_bytes": "100000000\n",
            f"{top}/outer/memory.stat": "total_inactive_file 0\n",
        },
    )
    assert memory.available_bytes(root=root) == 200 * MB


def test_an_unlimited_group_is_none(tmp_path: Path) -> None:
    root = machine(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"})
    assert memory.available_bytes(root=root) > 1 << 50


def test_here_and_now_there_is_some() -> None:
    assert memory.available_bytes() > 50 * MB


@pytest.mark.parametrize(
    ("files", "threads"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "250000 100000\n"}, 2),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
    ],
)
def test_threads_are_the_processors_that_a_container_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], threads: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    root = machine(tmp_path, {f"sys/fs/cgroup/{name}": content for name, content in files.items()})
    assert processors.automatic_threads(root) == threads
