"""Cores and memory of machines and containers."""

from pathlib import Path

import pytest

from separation.engines import hardware

MB = 1_000_000


def machine(root: Path, files: dict[str, str]) -> Path:
    """A folder that looks like the root of a machine."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def test_the_machine_is_a_bound_and_so_is_the_setting(tmp_path: Path) -> None:
    root = machine(tmp_path, {"proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:    5000 kB\n"})
    assert hardware.available_memory(root=root) == 5000 * 1024
    assert hardware.available_memory(1000, root) == 1000
    assert hardware.available_memory(root=tmp_path / "nowhere") > 1 << 50


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
    assert hardware.available_memory(root=root) == 350 * MB


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
    assert hardware.available_memory(root=root) == 200 * MB


def test_an_unlimited_group_is_none(tmp_path: Path) -> None:
    root = machine(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"})
    assert hardware.available_memory(root=root) > 1 << 50


def test_here_and_now_there_is_some() -> None:
    assert hardware.available_memory() > 50 * MB


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 64),
        ({"cpu.max": "max 100000\n"}, 64),
        ({"cpu.max": "9900000 100000\n"}, 64),
        ({"cpu.max": "250000 100000\n"}, 2),
        ({"cpu.max": "180000 100000\n"}, 2),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "10000 100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 64),
    ],
)
def test_cores_are_those_that_a_container_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], cores: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    root = machine(tmp_path, {f"sys/fs/cgroup/{name}": content for name, content in files.items()})
    assert hardware.cores(root) == cores


def test_total_memory_is_that_of_the_smallest_container(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/pod"
    root = machine(
        tmp_path,
        {
            "proc/self/cgroup": "0::/pod/container\n",
            f"{group}/memory.max": "90000000\n",
            f"{group}/memory.current": "50000000\n",
            f"{group}/memory.stat": "inactive_file 0\n",
            f"{group}/container/memory.max": "max\n",
        },
    )
    assert hardware.total_memory(root) == 90 * MB
    assert hardware.total_memory(tmp_path / "nowhere") > 100 * MB
