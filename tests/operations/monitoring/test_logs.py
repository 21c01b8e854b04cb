"""The log: its two formats, and what it says of requests that anybody can send."""

import json
import logging

from django.test import Client

from accounts.models import User
from separation.queue.log_context import log_separation
from tests.operations.monitoring.conftest import Log


def test_wrong_host_is_logged_without_traceback(client: Client, db: None, log: Log) -> None:
    assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 400
    (line,) = log.lines
    assert "WARNING django.security.DisallowedHost: Invalid HTTP_HOST header: 'elsewhere.example'" in line


def test_a_page_for_curators_only_is_logged_without_traceback(client: Client, user: User, log: Log) -> None:
    client.force_login(user)
    assert client.get("/changes/").status_code == 403
    (line,) = log.lines
    assert "WARNING django.request: Forbidden (Permission denied): /changes/" in line


def test_what_the_api_does_not_have_is_no_warning(client: Client, db: None, log: Log) -> None:
    assert client.get("/api/v1/tracks/c0ffee00-0000-4000-8000-000000000000/").status_code == 404
    assert log.lines == []
    assert client.get("/tracks/c0ffee00-0000-4000-8000-000000000000/").status_code == 404
    (line,) = log.lines
    assert "WARNING django.request: Not Found: /tracks/" in line


def test_json_lines_hold_message_separation_and_traceback(log: Log) -> None:
    log.use("json")
    with log_separation("outer"), log_separation("inner"):
        try:
            int("two\nlines")
        except ValueError:
            logging.getLogger("music").exception("failed: %s", "Ñandú")
    [entry] = map(json.loads, log.lines)
    assert (entry["level"], entry["logger"], entry["message"]) == ("ERROR", "music", "failed: Ñandú")
    assert entry["separation_id"] == "inner"
    assert "request_id" not in entry
    assert entry["exception"].endswith("with base 10: 'two\\nlines'")
    assert entry["time"].endswith("+00:00")


def test_text_lines_name_the_separation_once(log: Log) -> None:
    with log_separation("c0ffee"):
        logging.getLogger("music").info("separation c0ffee: started")
        logging.getLogger("music").info("something else")
    named, other = log.lines
    assert named.endswith("music: separation c0ffee: started")
    assert other.endswith("music: something else [separation_id=c0ffee]")
