"""The id of a request in its answer and its log lines, and the lines of the access log."""

import json
import logging
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from operations.monitoring.access_log import VALID_ID
from tests.factories import make_track
from tests.operations.monitoring.conftest import Log


def test_each_request_has_an_id_of_its_own(client: Client) -> None:
    first, second = (client.get("/healthz")["X-Request-ID"] for _ in range(2))
    assert first != second
    assert VALID_ID.fullmatch(first)


@pytest.mark.parametrize(
    ("proxies", "sent", "taken"),
    [
        (1, "7f3a-from.the=proxy", True),
        (0, "7f3a-from.the=proxy", False),
        (1, "", False),
        (1, "two words", False),
        (1, "x" * 65, False),
        (1, "ñandú", False),
        (1, 'a"b', False),
    ],
)
def test_valid_id_of_a_declared_proxy_is_taken(
    client: Client, settings: Any, proxies: int, sent: str, taken: bool
) -> None:
    settings.PROXIES = proxies
    answer = client.get("/healthz", headers={"x-request-id": sent})
    assert (answer["X-Request-ID"] == sent) == taken


def test_errors_are_logged_with_the_id_of_their_request(client: Client, db: None, log: Log) -> None:
    answer = client.get("/nowhere/")
    [line] = log.lines
    assert line.endswith(f"django.request: Not Found: /nowhere/ [request_id={answer['X-Request-ID']}]")
    logging.getLogger("later").warning("of no request")
    assert log.lines[-1].endswith("WARNING later: of no request")


def test_request_and_separation_are_joined_by_the_line_that_queues_it(
    client: Client, user: User, log: Log
) -> None:
    log.use("json")
    track = make_track(user)
    client.force_login(user)
    answer = client.post(f"/tracks/{track.pk}/separate/", {"model": "compact:2stems"})
    [entry] = [json.loads(line) for line in log.lines if "queued" in line]
    separation = track.audio.separations.get()
    assert entry["message"] == f"separation {separation.pk}: queued"
    assert (entry["separation_id"], entry["request_id"]) == (str(separation.pk), answer["X-Request-ID"])


def test_no_access_log_by_default(client: Client, log: Log) -> None:
    client.get("/healthz")
    assert log.lines == []


def test_access_log_of_a_visitor_as_text(client: Client, settings: Any, log: Log) -> None:
    settings.ACCESS_LOG = True
    client.get("/healthz?password=secret")
    [line] = log.lines
    assert "INFO operations.monitoring.access_log: GET /healthz 200 " in line
    assert " ms 2 bytes, visitor [request_id=" in line
    assert "secret" not in line


def test_access_log_of_an_account_as_json(client: Client, user: User, settings: Any, log: Log) -> None:
    settings.ACCESS_LOG = True
    log.use("json")
    client.force_login(user)
    answer = client.get("/library/")
    [entry] = map(json.loads, log.lines)
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/library/", 200)
    assert entry["bytes"] == len(answer.content)
    assert entry["ms"] > 0
    assert entry["account"] == str(user.pk)
    assert entry["request_id"] == answer["X-Request-ID"]
    assert user.email not in log.lines[0]


def test_access_log_of_a_token_names_its_account(client: Client, user: User, settings: Any, log: Log) -> None:
    sign_in = {"email": user.email, "password": "a long enough one"}
    token = client.post("/api/v1/auth/token/", sign_in, "application/json").json()["access"]
    settings.ACCESS_LOG = True
    client.get("/api/v1/me/", headers={"authorization": f"Bearer {token}"})
    assert f" bytes, {user.pk} [" in log.lines[-1]


def test_access_log_hides_addresses_that_let_a_reader_in(
    client: Client, db: None, settings: Any, log: Log
) -> None:
    settings.ACCESS_LOG = True
    for path in ("/s/aSecretLink/", "/accounts/password/reset/key/1-aSecretKey/", "/listen/aSecretToken/"):
        client.get(path)
    lines = [line for line in log.lines if "access_log" in line]
    assert len(lines) == 3
    assert "Secret" not in "".join(lines)


def test_access_log_writes_paths_on_one_line(client: Client, db: None, settings: Any, log: Log) -> None:
    settings.ACCESS_LOG = True
    client.get("/genres/a%0Ab%20ñ/")
    [line] = [line for line in log.lines if "access_log" in line]
    assert "GET /genres/a%0Ab%20%C3%B1/ 404" in line
