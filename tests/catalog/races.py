"""Doing the same thing in many threads at the same moment."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Run ``act(n)`` in ``count`` threads that start together; their results, or exceptions, in order.

    Each thread has a connection of its own, so the test needs ``django_db(transaction=True)``.
    """
    barrier = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(n: int) -> None:
        try:
            barrier.wait()
            results[n] = act(n)
        except Exception as error:  # noqa: BLE001  # looked at by the caller
            results[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
