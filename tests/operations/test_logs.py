"""What the log says of requests that anybody can send."""

import io
import logging

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the server writes on stderr."""
    written = io.StringIO()
    (console,) = (handler for handler in logging.getLogger().handlers if handler.name == "console")
    monkeypatch.setattr(console, "stream", written)
    return written


def test_wrong_host_is_logged_without_traceback(client: Client, db: None, log: io.StringIO) -> None:
    assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 400
    (line,) = log.getvalue().splitlines()
    assert "WARNING django.security.DisallowedHost: Invalid HTTP_HOST header: 'elsewhere.example'" in line


def test_a_page_for_curators_only_is_logged_without_traceback(
    client: Client, user: User, log: io.StringIO
) -> None:
    client.force_login(user)
    assert client.get("/changes/").status_code == 403
    (line,) = log.getvalue().splitlines()
    assert "WARNING django.request: Forbidden (Permission denied): /changes/" in line
