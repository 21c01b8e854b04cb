"""What a test leaves behind in its process is gone when the next one begins."""

import os
import signal
from pathlib import Path

import pytest
from django.core.cache import caches
from django.test import Client
from django.utils import timezone, translation

# On one worker, so that the second of each pair runs in the process of the first, whichever comes first.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("isolation")]
either = pytest.mark.parametrize("place", ["first", "second"])


@either
def test_language_of_a_request_ends_with_the_test(place: str) -> None:
    assert translation.get_language() == "en"
    Client(headers={"Accept-Language": "es"}).get("/")
    assert translation.get_language() == "es", "else this test proves nothing"


@either
def test_time_zone_environment_folder_and_signals_are_restored(place: str, tmp_path: Path) -> None:
    assert timezone.get_current_timezone_name() == "UTC"
    assert "STEMOTECA_LEFT_BEHIND" not in os.environ
    assert Path.cwd() != Path("/")
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    timezone.activate("Asia/Tokyo")
    os.environ["STEMOTECA_LEFT_BEHIND"] = place
    os.chdir("/")
    signal.signal(signal.SIGALRM, signal.SIG_IGN)


@either
def test_caches_are_empty(place: str) -> None:
    for cache in caches.all(initialized_only=False):
        assert cache.get("left-behind") is None
        cache.set("left-behind", place)


def test_tests_of_a_group_share_a_worker(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("runs in one process")
    assert request.node.nodeid.endswith("@isolation")
