"""The line about separations below each song of a list."""

import itertools
import re

import pytest
from django.test import Client

from accounts.models import User
from separation.display_names import stem_label
from separation.engines import modelspec
from separation.models import Status
from tests.factories import make_separation, make_track

RUNNING, WAITING = "Being separated", "Waiting to be separated"
TWO, FOUR, FIVE = (
    ", ".join(str(stem_label(name)) for name in modelspec.get(model).stems)
    for model in ("compact:2stems", "compact:4stems", "spleeter:5stems")
)


def lines(client: Client, user: User) -> list[str]:
    """The lines of all songs on the start page, as they are read aloud."""
    client.force_login(user)
    page = client.get("/").content.decode()
    return [
        label or text
        for label, text in re.findall(
            r'class="stem-bars"(?: role="img" aria-label="([^"]*)")?>([^<]*)<', page
        )
    ]


@pytest.mark.parametrize(
    ("statuses", "line"),
    [
        ([Status.QUEUED], WAITING),
        ([Status.RUNNING], RUNNING),
        ([Status.QUEUED, Status.RUNNING], RUNNING),
        ([Status.SUCCEEDED, Status.RUNNING], TWO),
        ([Status.SUCCEEDED, Status.QUEUED], TWO),
        ([Status.SUCCEEDED, Status.QUEUED, Status.RUNNING], TWO),
        ([Status.FAILED, Status.QUEUED], WAITING),
    ],
)
def test_finished_before_running_before_waiting(
    client: Client, user: User, statuses: list[Status], line: str
) -> None:
    models = ["compact:2stems", "compact:4stems", "spleeter:5stems"]
    for order in itertools.permutations(zip(models, statuses, strict=False)):
        track = make_track(user)
        for model, status in order:
            make_separation(track, model=model, status=status)
    found = lines(client, user)
    assert set(found) == {line}


@pytest.mark.parametrize(
    ("models", "line"),
    [
        (["compact:2stems", "compact:4stems"], FOUR),
        (["compact:4stems", "spleeter:5stems"], FIVE),
        (["compact:2stems", "compact:4stems", "spleeter:5stems"], FIVE),
    ],
)
def test_the_richest_set_is_listed(client: Client, user: User, models: list[str], line: str) -> None:
    for _song in range(4):
        for order in itertools.permutations(models):
            track = make_track(user)
            for model in order:
                make_separation(track, model=model)
    assert set(lines(client, user)) == {line}


@pytest.mark.parametrize("status", [None, Status.FAILED, Status.CANCELLED])
def test_song_without_separations_has_no_line(client: Client, user: User, status: Status | None) -> None:
    track = make_track(user)
    if status:
        make_separation(track, status=status)
    assert lines(client, user) == []
