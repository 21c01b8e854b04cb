"""Former addresses: one step, whatever happened on the way."""

import uuid

import pytest

from catalog.models import Artist, FormerAddress
from catalog.redirects import Kind, find_target, forget, remember

pytestmark = pytest.mark.django_db

A, B, C = (uuid.UUID(int=number) for number in (1, 2, 3))


def test_chains_of_redirects_are_one_step() -> None:
    remember(Kind.ALBUM, A, B)
    remember(Kind.ALBUM, B, C)
    assert find_target(Kind.ALBUM, A) == find_target(Kind.ALBUM, str(B)) == C
    assert find_target(Kind.ALBUM, C) is None
    assert find_target(Kind.TRACK, A) is None


def test_undone_merge_leaves_no_loop() -> None:
    remember(Kind.TRACK, A, B)
    remember(Kind.TRACK, B, A)
    assert find_target(Kind.TRACK, A) is None
    assert find_target(Kind.TRACK, B) == A
    forget(Kind.TRACK, B)
    assert not FormerAddress.objects.exists()


def test_slugs_redirect_and_never_to_themselves() -> None:
    artist = Artist.objects.get_or_create_by_name("Ana Ríos")
    remember(Kind.ARTIST, "anna-rios", artist.pk)
    remember(Kind.ARTIST, artist.slug, artist.pk)
    assert find_target(Kind.ARTIST, "anna-rios") == artist.pk
    assert find_target(Kind.ARTIST, artist.slug) is None
    assert find_target(Kind.ARTIST, "x" * 500) is None
