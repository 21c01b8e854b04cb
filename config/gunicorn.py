"""How the website is served: ``gunicorn -c python:config.gunicorn``. Read by gunicorn itself."""

import gc
import os
from typing import Any

from config import lifeline
from config.env import read_environment

env = read_environment()

wsgi_app = "config.wsgi:application"
bind = [f"{env.str('BIND', default='127.0.0.1')}:{os.environ.get('PORT') or 8000}"]
worker_class = "gthread"
workers = env.int("WEB_PROCESSES", default=1)
threads = env.int("WEB_THREADS", default=8)
# A request may take as long as it needs: gthread's own loop tells the master that the worker lives.
timeout = 120
graceful_timeout = 10
keepalive = 15
# The sign of life is a file: better in memory than on a disk that may be busy.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  # opened safely
control_socket_disable = True
loglevel = "warning"


def on_starting(_server: Any) -> None:
    """The master dies with the supervisor."""
    lifeline.die_with_starter()


def post_fork(server: Any, _worker: Any) -> None:
    """Each worker dies with the master."""
    lifeline.die_with(server.pid)


def post_worker_init(_worker: Any) -> None:
    """Django is loaded: the garbage collector need not look at it again, nor in the middle of every long list.

    At Python's own thresholds it takes a page of 50 songs from 35 ms to 160 in one of twenty cases.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
