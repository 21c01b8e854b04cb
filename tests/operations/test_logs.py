"""What the log says of requests that anybody can send."""

import io
import logging

import pytest
from django.test import Client


def test_wrong_host_is_logged_without_traceback(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    (console,) = (handler for handler in logging.getLogger().handlers if handler.name == "console")
    monkeypatch.setattr(console, "stream", log)
    assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 400
    (line,) = log.getvalue().splitlines()
    assert "WARNING django.security.DisallowedHost: Invalid HTTP_HOST header: 'elsewhere.example'" in line
