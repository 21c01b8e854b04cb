"""Ids as PostgreSQL sends them."""

from uuid import UUID, uuid4

import pytest
from django.db import connection

from operations.ids import IdLoader


@pytest.mark.parametrize("key", [UUID(int=0), uuid4()])
def test_an_id_is_what_the_library_makes_of_it(key: UUID) -> None:
    for sent in (str(key).encode(), memoryview(str(key).encode())):
        loaded = IdLoader(0).load(sent)
        assert loaded == key
        assert type(loaded) is UUID
        assert hash(loaded) == hash(key)


@pytest.mark.django_db
def test_the_connection_uses_it() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("for PostgreSQL")
    key = uuid4()
    with connection.cursor() as cursor:
        cursor.execute("SELECT NULL::uuid, ARRAY[%s::uuid]", [key])
        assert cursor.fetchone() == (None, [key])
    assert connection.connection.adapters.get_loader(2950, 0) is IdLoader
