"""What every test may ask for."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.utils import timezone, translation
from rest_framework.test import APIClient

from accounts import outgoing_mail
from accounts.models import User
from catalog.storage.encoding_pool import EncodingPool


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--browser-tests", action="store_true", help="also run the tests that drive a real browser"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--browser-tests"):
        chosen = [item for item in items if item.get_closest_marker("browser") is None]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


@pytest.fixture(autouse=True)
def quiet_machine(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Fast passwords, plain static files, files in a folder of this test's own, nothing left in the cache."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    storages = dict(settings.STORAGES)
    storages["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    if storages["files"]["BACKEND"] == "django.core.files.storage.FileSystemStorage":
        storages["files"] = {
            **storages["files"],
            "OPTIONS": {"location": tmp_path / "files", "base_url": None},
        }
    settings.STORAGES = storages
    for alias in settings.CACHES:
        caches[alias].clear()
    yield
    outgoing_mail.executor.submit(lambda: None).result(10)  # no message may come while the next test counts


@pytest.fixture(autouse=True)
def restored_process() -> Iterator[None]:
    """Restore what belongs to the process and not to a test: language, time zone, environment, folder, signals.

    A request leaves its language behind in the thread that answered it, which here is the thread of all tests.
    """
    environment, folder = dict(os.environ), Path.cwd()
    handlers = {
        number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
    }
    yield
    translation.deactivate()
    timezone.deactivate()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def encoding_threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encode in the thread that asks where a test's rows stand in a transaction that other threads cannot see."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None or not marker.kwargs.get("transaction"):
        monkeypatch.setattr(EncodingPool, "_start_thread", EncodingPool._work)


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ana@example.org", "a long enough one", display_name="Ana")


@pytest.fixture
def other(db: None) -> User:
    return User.objects.create_user("ben@example.org", "a long enough one", display_name="Ben")


@pytest.fixture
def api() -> APIClient:
    """A visitor's API client."""
    return APIClient()


@pytest.fixture
def api_of(db: None) -> Any:
    """``api_of(user)``: an API client signed in as that person."""

    def sign_in(person: User) -> APIClient:
        client = APIClient()
        client.force_authenticate(person)
        return client

    return sign_in
