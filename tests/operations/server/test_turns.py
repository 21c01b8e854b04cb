from operations.server.turns import TurnQueue
from tests.operations.server.conftest import Running, eventually


class One:
    def __init__(self, client: str, number: int) -> None:
        self.client, self.number = client, number


def test_turn_queue_alternates_clients() -> None:
    queue = TurnQueue()
    for client, number in (("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5), ("b", 6)):
        queue.append(One(client, number))
    assert len(queue) == 6
    order = [queue.popleft() for _ in range(6)]
    assert [one.number for one in order if isinstance(one, One)] == [1, 4, 5, 2, 6, 3]
    assert not queue


def test_hundreds_of_requests_of_one_client_do_not_delay_others(running: Running) -> None:
    wait = b"GET /wait HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.1, 10.0.0.1\r\n\r\n"
    running.server.proxies = 2
    for _ in range(40):
        running.connect(wait)
    for _ in range(2):  # as many as there are threads
        assert running.application.entered.acquire(timeout=20)
    other = running.connect(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.2, 10.0.0.1\r\n\r\n"
    )
    running.connect(wait)
    eventually(lambda: len(running.server.task_dispatcher.queue) == 40)
    served: list[str] = []
    running.application.order = served
    running.application.release.set()
    assert other.recv(100).startswith(b"HTTP/1.1 200")
    assert served.index("192.0.2.2, 10.0.0.1") <= 2
