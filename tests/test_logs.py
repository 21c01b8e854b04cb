"""What the log says of requests that anybody can send."""

import pytest
from django.test import Client


def test_a_wrong_host_is_one_line_without_a_traceback(
    client: Client, db: None, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 400
    (record,) = caplog.records
    assert (record.levelname, record.getMessage(), record.exc_info) == ("WARNING", "Bad Request: /", None)
