"""The server: the listening socket, limits on all connections together, and an orderly stop."""

import heapq
import resource
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from operations.server.body import UploadCounter
from operations.server.channel import SEND_BYTES, Channel
from operations.server.parser import FREE_BYTES
from operations.server.turns import TurnQueue

MAX_CONNECTIONS = 4_096
# A connection has its socket, and a temporary file while it receives and while it sends.
FILES_PER_CONNECTION = 3
SPARE_FILES = 256
ACCEPTED_AT_ONCE = 64
STOP_SECONDS = 9.0
# Limit of unread responses of all clients together, in memory and temporary files; stored files do not count.
MAX_UNSENT_BYTES = 128_000_000


class Server(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Serve ``application`` on ``listener``, which several processes may share.

    ``proxies`` is the number of addresses in ``X-Forwarded-For``, counted from the end, that are trusted.
    """

    channel_class = Channel
    stopping = False

    def __init__(
        self,
        application: Any,
        listener: socket.socket,
        threads: int,
        proxies: int = 0,
        *,
        path: str = "",
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        """Serve the site below ``path``, which a proxy may have cut off.

        Call ``on_stop`` when the stop begins, to cancel work that requests are waiting for.
        """
        adjustments = Adjustments(
            threads=threads,
            ident="Stemoteca",
            server_name="localhost",
            url_prefix=path,  # is cut off where a proxy has not done that
            clear_untrusted_proxy_headers=False,  # Django knows how many proxies to trust
            connection_limit=1 << 30,  # see `_make_room`
            cleanup_interval=1,
            asyncore_loop_timeout=1,
            asyncore_use_poll=True,
            log_socket_errors=False,
            recv_bytes=32_768,
            max_request_header_size=32_768,
            max_request_body_size=1 << 62,  # Django knows who may send how much
            inbuf_overflow=FREE_BYTES,
            outbuf_overflow=524_288,
            outbuf_high_watermark=4_194_304,
        )
        adjustments.socket_options = [
            (socket.SOL_TCP, socket.TCP_NODELAY, 1),
            # The kernel would take megabytes for each client that does not read.
            (socket.SOL_TCP, socket.TCP_NOTSENT_LOWAT, SEND_BYTES),
        ]
        self._on_stop = on_stop
        self.uploads = UploadCounter()
        self.proxies = proxies
        self.max_connections = _max_connections()
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.queue = TurnQueue()
        dispatcher.set_thread_count(threads)
        super().__init__(
            application,
            map={},
            _sock=listener,
            dispatcher=dispatcher,
            adj=adjustments,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
            bind_socket=False,
        )

    def run(self) -> None:
        """Serve until ``stop()``, then finish open requests, for at most ``STOP_SECONDS``."""
        while not self.stopping:
            wasyncore.poll2(self.adj.asyncore_loop_timeout, self._map)
        self.accepting = False
        self._on_stop()
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            for channel in list(self.active_channels.values()):
                if not channel.requests and not channel.total_outbufs_len:
                    channel.handle_close()
            if not self.active_channels:
                break
            wasyncore.poll2(0.1, self._map)
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        self.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def stop(self, *_signal: object) -> None:
        """End ``run()``. Also a signal handler."""
        self.stopping = True
        with suppress(OSError):  # the loop has ended already: a second signal
            self.pull_trigger()

    def handle_accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                return
            self._make_room()

    def maintenance(self, now: float) -> None:
        """Close overdue connections. Called once a second; an exception must not end the loop."""
        try:
            self._close_overdue(now)
        except Exception:
            self.logger.exception("closing overdue connections failed")

    def _close_overdue(self, now: float) -> None:
        """Close overdue connections, and the slowest readers if too much is unsent."""
        unsent = 0
        waiting: list[Channel] = []
        for channel in list(self.active_channels.values()):
            if channel.overdue(now):
                channel.handle_close()
            elif (size := channel.unsent_bytes) > 0:
                unsent += size
                waiting.append(channel)
        waiting.sort(key=lambda channel: channel.last_activity)
        for channel in waiting:
            if unsent <= MAX_UNSENT_BYTES:
                break
            unsent -= channel.unsent_bytes
            channel.handle_close()

    def _make_room(self) -> None:
        """Close the oldest idle connections if there are too many."""
        if len(self.active_channels) <= self.max_connections:
            return
        idle = [channel for channel in self.active_channels.values() if not channel.requests]
        for channel in heapq.nsmallest(
            max(1, self.max_connections // 20), idle, key=lambda channel: channel.rank
        ):
            channel.handle_close()


def _max_connections() -> int:
    """Raise the limit of open files as far as allowed; return how many connections it permits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS * FILES_PER_CONNECTION + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(64, min(MAX_CONNECTIONS, (soft - SPARE_FILES) // FILES_PER_CONNECTION))
