"""The queue of requests that wait for a thread. Clients take turns, so hundreds of one delay another by one."""

from collections import deque
from typing import Protocol


class Waiting(Protocol):
    """A connection with a request that is complete."""

    @property
    def client(self) -> str: ...


class TurnQueue:
    """Replace the deque of waitress's dispatcher, which locks each call."""

    def __init__(self) -> None:
        self._by_client: dict[str, deque[Waiting]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, channel: Waiting) -> None:
        self._by_client.setdefault(channel.client, deque()).append(channel)
        self._count += 1

    def popleft(self) -> Waiting:
        """Return the oldest request of the next client, and move that client to the end."""
        client = next(iter(self._by_client))
        waiting = self._by_client.pop(client)
        channel = waiting.popleft()
        if waiting:
            self._by_client[client] = waiting
        self._count -= 1
        return channel
