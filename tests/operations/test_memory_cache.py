"""Limits on the embedded default: counted in memory that many addresses cannot empty."""

import tracemalloc
from typing import Any

import pytest
import time_machine
from django.conf import settings as site
from django.core.cache import caches
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts.models import User
from accounts.security.throttles import VisitorThrottle, limits
from operations.caches.memory_cache import MemoryCache
from tests.accounts.sign_in import WAIT, outcome, simple, tries

in_memory = pytest.mark.skipif(bool(site.REDIS_URL), reason="limits are in Redis")


def cache_of(entries: int, name: str) -> MemoryCache:
    cache = MemoryCache(name, {"OPTIONS": {"MAX_ENTRIES": entries, "CULL_FREQUENCY": 10}})
    cache.clear()
    return cache


def entries(cache: MemoryCache) -> int:
    return len(cache._cache)  # type: ignore[attr-defined]


def test_flood_of_addresses_does_not_reset_rate_limit(db: None, settings: Any) -> None:
    tries(simple, Client(REMOTE_ADDR="192.0.2.1"), "ana@example.org", 10)
    calls = APIRequestFactory()
    for number in range(10_000):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        request = APIView().initialize_request(calls.get("/", REMOTE_ADDR=address))
        assert VisitorThrottle().allow_request(request, APIView())
    assert tries(simple, Client(REMOTE_ADDR="192.0.2.1"), "ana@example.org", 1) == [WAIT]


def test_flood_of_password_attempts_does_not_reset_limit(user: User) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        tries(simple, Client(REMOTE_ADDR="192.0.2.1"), user.email, 10)
        for number in range(10_000):
            limits.set(f"wrong-network-10.0.{number}-x", 1, 86_400)
        assert outcome(simple(Client(REMOTE_ADDR="192.0.2.1"), user.email, "a long enough one")) == WAIT


def test_limits_survive_full_default_cache(user: User) -> None:
    tries(simple, Client(REMOTE_ADDR="192.0.2.1"), user.email, 10)
    caches["default"].clear() if not site.REDIS_URL else caches["default"].delete("anything")
    for number in range(1_000):
        caches["default"].set(f"count-{number}", number)
    assert outcome(simple(Client(REMOTE_ADDR="192.0.2.1"), user.email, "a long enough one")) == WAIT


def test_full_cache_evicts_expired_then_soonest_to_expire() -> None:
    cache = cache_of(100, "full")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        cache.set("ever", 1, None)
        cache.set("long", 1, 3_600)
        for number in range(49):
            cache.set(f"short-{number}", 1, 10)
        for number in range(49):
            cache.set(f"minute-{number}", 1, 60)
        clock.shift(11)
        cache.set("one", 1, 60)
        assert entries(cache) == 52
        assert cache.get("minute-0") == 1
        for number in range(1_000):
            cache.set(f"flood-{number}", 1, 5)
        assert cache.get_many(["ever", "long", "minute-0", "minute-48"]) == {
            "ever": 1,
            "long": 1,
            "minute-0": 1,
            "minute-48": 1,
        }
        assert entries(cache) <= 100


@in_memory
def test_memory_cache_is_bounded() -> None:
    cache = cache_of(site.CACHES["limits"]["OPTIONS"]["MAX_ENTRIES"], "bounded")
    tracemalloc.start()
    try:
        for number in range(250_000):
            cache.set(
                f"throttle_anon_2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::/64", [float(number)], 60
            )
        used, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        cache.clear()
    assert used < 60_000_000
