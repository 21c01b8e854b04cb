"""Django's Redis cache, with one exception for a server that cannot be used."""

from typing import Any

import redis
from django.core.cache.backends import redis as django_redis

from catalog.errors import CacheUnavailableError


class RedisConnection(redis.Redis):
    """Redis' own client; raises ``CacheUnavailableError`` for all that a command can fail with."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except redis.RedisError as error:
            raise CacheUnavailableError(str(error)) from error


class RedisCacheClient(django_redis.RedisCacheClient):
    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options)
        self._client = RedisConnection


class RedisCache(django_redis.RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = RedisCacheClient
