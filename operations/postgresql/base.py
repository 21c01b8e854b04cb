"""Django looks for ``DatabaseWrapper`` here."""

import time
from collections.abc import Generator
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel

HEALTH_CHECK_SECONDS = 5.0


class Connection(psycopg.Connection[Any]):
    """A connection that is closed when an operation takes longer than ``answer_seconds``."""

    answer_seconds: float | None = None

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:
        """Run one operation: a generator of the driver that yields, ten times a second, while it waits."""
        if self.answer_seconds is not None:
            gen = self._limited(gen, self.answer_seconds)
        return super().wait(gen, *args, **options)

    def _limited(self, gen: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
        deadline = time.monotonic() + seconds
        try:
            state = next(gen)
            while True:
                state = gen.send((yield state))
                if time.monotonic() > deadline:
                    self.close()
                    raise psycopg.OperationalError(f"the server has not answered within {seconds:g} s")
        except StopIteration as end:
            return end.value


class DatabaseWrapper(base.DatabaseWrapper):
    connection: Connection | None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        self.isolation_level = IsolationLevel.READ_COMMITTED
        return Connection.connect(**conn_params)

    def is_usable(self) -> bool:
        """Check the connection, as Django does before each request, with a short limit."""
        connection = self.connection
        if connection is None:
            return False
        limit, connection.answer_seconds = connection.answer_seconds, HEALTH_CHECK_SECONDS
        try:
            return bool(super().is_usable())
        finally:
            connection.answer_seconds = limit


def limit_statements(connection: BaseDatabaseWrapper, **_options: Any) -> None:
    """Have PostgreSQL cancel statements after ``STEMOTECA_STATEMENT_SECONDS``, and give it up a little later.

    A receiver of ``connection_created``.
    """
    if isinstance(connection, DatabaseWrapper) and connection.connection is not None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {1000 * settings.STATEMENT_SECONDS}")
        connection.connection.answer_seconds = settings.STATEMENT_SECONDS + HEALTH_CHECK_SECONDS
