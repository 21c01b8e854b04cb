"""Defaults for workers and threads, from the processors and the memory of this machine or its container."""

THREADS_PER_WORKER = 4
# Memory of a worker and its separator with four stems, and of the website, the queue and the system together.
WORKER_BYTES = 900_000_000
BASE_BYTES = 1_000_000_000


def workers(cores: int, memory: int) -> int:
    """Return how many songs are separated at once: one for every four cores, as far as memory allows.

    One song on four cores takes less memory than four songs, and each finishes sooner.
    """
    return max(1, min(cores // THREADS_PER_WORKER, (memory - BASE_BYTES) // WORKER_BYTES))


def threads(cores: int, workers: int) -> int:
    """Return the threads of each song, so that all songs together use every core."""
    return max(1, min(THREADS_PER_WORKER, cores // workers))


def running_per_person(workers: int) -> int:
    """Return how many songs of one person are separated at once: half the workers, at least a long and a short one."""
    return max(2, workers // 2)
