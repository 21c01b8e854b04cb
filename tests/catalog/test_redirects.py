"""Former addresses: one step, whatever happened on the way."""

import uuid

import pytest

from catalog.models import Artist, FormerAddress
from catalog.redirects import Kind, add_redirect, find_target

pytestmark = pytest.mark.django_db

A, B, C = (uuid.UUID(int=number) for number in (1, 2, 3))


def test_chains_of_redirects_are_one_step() -> None:
    add_redirect(Kind.ALBUM, A, B)
    add_redirect(Kind.ALBUM, B, C)
    assert find_target(Kind.ALBUM, A) == find_target(Kind.ALBUM, str(B)) == C
    assert find_target(Kind.ALBUM, C) is None
    assert find_target(Kind.TRACK, A) is None


def test_undone_merge_leaves_no_loop() -> None:
    add_redirect(Kind.TRACK, A, B)
    add_redirect(Kind.TRACK, B, A)
    assert find_target(Kind.TRACK, A) is None
    assert find_target(Kind.TRACK, B) == A
    assert FormerAddress.objects.count() == 1


def test_slugs_redirect_and_never_to_themselves() -> None:
    artist = Artist.objects.get_or_create_by_name("Ana Ríos")
    add_redirect(Kind.ARTIST, "anna-rios", artist.pk)
    add_redirect(Kind.ARTIST, artist.slug, artist.pk)
    assert find_target(Kind.ARTIST, "anna-rios") == artist.pk
    assert find_target(Kind.ARTIST, artist.slug) is None
    assert find_target(Kind.ARTIST, "x" * 500) is None
