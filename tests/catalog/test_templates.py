"""Templates are given finished lists: rendering one starts no query."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from catalog.models import Artist, Like, Setlist, Track
from catalog.uploads.featured_artists import credit
from tests.factories import make_separation, make_track

pytestmark = pytest.mark.django_db

# The number beside the bell, on every page; and what an account may do, which Django reads when it is asked.
EXCEPT = ("catalog/templatetags/library.py", "django/contrib/auth/")


def frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


@contextmanager
def queries_of_templates() -> Iterator[list[str]]:
    """Collects the statements that are executed while a template is being rendered."""
    found: list[str] = []

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        stack = [(frame.f_code.co_filename, frame.f_code.co_name) for frame in frames(sys._getframe(1))]
        renders = any(name == "render_annotated" for _file, name in stack)
        if renders and not any(part in file for part in EXCEPT for file, _name in stack):
            found.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield found


@pytest.fixture
def track(user: User) -> Track:
    for number in range(3):
        row = make_track(user, title=f"Song {number}", artist="Ana", album="Orilla", genre="Folk")
        credit(row, [Artist.objects.get_or_create_by_name("Ben")])
        make_separation(row, asked_by=user)
        Like.objects.create(user=user, track=row)
    return row


@pytest.mark.parametrize(
    "address",
    [
        *("/", "/?q=song", "/?q=song&narrow=1", "/songs/", "/songs/?with=ben", "/genres/", "/genres/folk/"),
        *(
            "/artists/",
            "/artists/ana/",
            "/artists/ben/",
            "/albums/",
            "/albums/?artist=ana",
            "/albums/{album}/",
        ),
        *("/library/", "/library/asked/", "/library/liked/", "/setlists/{setlist}/"),
    ],
)
def test_templates_start_no_query(client: Client, user: User, track: Track, address: str) -> None:
    setlist = Setlist.objects.create(owner=user, title="Tonight")
    setlist.entries.create(track=track, position=1)
    client.force_login(user)
    with queries_of_templates() as queries:
        answer = client.get(address.format(album=track.album_id, setlist=setlist.pk))
    assert answer.status_code == 200
    assert b"Song" in answer.content or b"Folk" in answer.content or b"Ana" in answer.content
    assert not queries


def test_queries_of_templates_are_found(client: Client, user: User) -> None:
    from django.template import Context, Template  # noqa: PLC0415

    make_track(user)
    with queries_of_templates() as queries:
        Template("{% for row in rows %}{{ row.pk }}{% endfor %}").render(
            Context({"rows": Track.objects.all()})
        )
    assert len(queries) == 1
