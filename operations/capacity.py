"""How many songs at once, and how many threads for each: what fits a machine when nobody has said."""

THREADS_PER_WORKER = 4
# What a worker and its separator take with four stems, and what the website, the queue and the system take.
WORKER_BYTES = 900_000_000
REST_BYTES = 1_000_000_000


def workers(cores: int, memory: int) -> int:
    """Songs at once: one for every four cores, as far as the memory goes.

    One song on several cores takes less memory than several songs, and each is done sooner.
    """
    return max(1, min(cores // THREADS_PER_WORKER, (memory - REST_BYTES) // WORKER_BYTES))


def threads(cores: int, workers: int) -> int:
    """Threads for each song, so that all songs together keep every core busy, and none waits for another."""
    return max(1, min(THREADS_PER_WORKER, cores // workers))


def running_per_person(workers: int) -> int:
    """Songs of one person at once: not all the workers, but a long one and a short one always."""
    return max(2, workers // 2)
