"""What stops a start says why in a sentence."""

import errno
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import DatabaseError

from operations import bootstrap
from operations.checks import unknown_settings


def disk_is_full() -> bool:
    raise OSError(errno.ENOSPC, "No space left on device")


def database_is_damaged() -> None:
    raise DatabaseError("database disk image is malformed")


@pytest.mark.parametrize(
    ("step", "fault", "sentence"),
    [
        (
            "migrate_database",
            database_is_damaged,
            "the database cannot be used: database disk image is malformed",
        ),
        ("collect_static", disk_is_full, "cannot write to the data folder {data}: No space left on device"),
    ],
)
def test_fault_of_the_disk_is_a_sentence_without_a_traceback(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    step: str,
    fault: Any,
    sentence: str,
) -> None:
    monkeypatch.setattr(bootstrap, "migrate_database", lambda: None)
    monkeypatch.setattr(bootstrap, step, fault)
    with pytest.raises(SystemExit):
        bootstrap.prepare_installation()
    assert capfd.readouterr().err.splitlines() == [f"stemoteca: {sentence.format(data=settings.DATA_DIR)}"]


def test_pytorch_that_is_missing_stops_the_start(settings: Any) -> None:
    settings.SEPARATOR_ENGINE = "torch"
    settings.TORCH_PYTHON = Path(sys.executable).parent / "no-python"
    with pytest.raises(CommandError, match=r"STEMOTECA_ENGINE is torch, but .*no-python does not run"):
        bootstrap.require_engine()


def test_misspelt_setting_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unknown_settings() == []
    monkeypatch.setenv("STEMOTECA_REGISTRATON", "off")
    monkeypatch.setenv("STEMOTECA_SERVICE_HOST", "10.0.0.1")
    assert [message.msg for message in unknown_settings()] == [
        "STEMOTECA_REGISTRATON is not a setting; STEMOTECA_REGISTRATION is one",
        "STEMOTECA_SERVICE_HOST is not a setting",
    ]


@pytest.mark.parametrize(
    ("host", "reason"),
    [("no host", "Name or service not known"), ("192.0.2.1", "Cannot assign requested address")],
)
def test_address_that_is_not_of_this_machine_is_named(host: str, reason: str) -> None:
    with pytest.raises(SystemExit, match=f"cannot listen on {host}:0: {reason}$"):
        bootstrap.listen(host, 0)
