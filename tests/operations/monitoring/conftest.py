"""What the server writes on stderr."""

import io
import logging

import pytest

from operations.monitoring.logs import logging_config


class Log:
    """The lines of the log, in either format."""

    def __init__(self, console: logging.StreamHandler[io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
        self._console, self._monkeypatch = console, monkeypatch
        self._stream = io.StringIO()
        monkeypatch.setattr(console, "stream", self._stream)

    @property
    def lines(self) -> list[str]:
        return self._stream.getvalue().splitlines()

    def use(self, log_format: str) -> None:
        """Write ``text`` or ``json`` from now on."""
        config = logging_config("INFO", "WARNING", log_format)
        formatter = config["formatters"][config["handlers"]["console"]["formatter"]]["()"]
        self._monkeypatch.setattr(self._console, "formatter", formatter())


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    (console,) = (handler for handler in logging.getLogger().handlers if handler.name == "console")
    assert isinstance(console, logging.StreamHandler)
    return Log(console, monkeypatch)
