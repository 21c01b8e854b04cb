"""Stars: one of each person for each stem and for the whole."""

from typing import Any

import pytest

from accounts.models import User
from separation.models import Rating, Separation, Status
from tests.catalog.races import at_once
from tests.factories import make_separation, make_track


@pytest.fixture
def separation(user: User) -> Separation:
    return make_separation(make_track(user))


@pytest.fixture
def path(separation: Separation) -> str:
    return f"/api/v1/separations/{separation.pk}/rating/"


def test_rating_the_whole_and_a_stem(
    api_of: Any, user: User, other: User, path: str, separation: Separation
) -> None:
    ana, ben = api_of(user), api_of(other)
    ana.put(path, {"score": 2})
    ana.put(path, {"score": 5})
    ben.put(path, {"score": 4})
    vocals = separation.stems.get(name="vocals")
    by_id = ben.put(path, {"stem": str(vocals.pk), "score": 1})
    assert ben.put(path, {"stem": "vocals", "score": 1}).json() == by_id.json()
    band = separation.stems.get(name="accompaniment")
    assert by_id.json() == {
        "average": 4.5,
        "count": 2,
        "mine": 4,
        "stems": [
            {"id": str(vocals.pk), "name": "vocals", "average": 1.0, "count": 1, "mine": 1},
            {"id": str(band.pk), "name": "accompaniment", "average": None, "count": 0, "mine": None},
        ],
    }
    assert Rating.objects.count() == 3


def test_visitors_see_averages(api: Any, api_of: Any, user: User, path: str) -> None:
    api_of(user).put(path, {"score": 3})
    answer = api.get(path).json()
    assert (answer["average"], answer["count"], answer["mine"]) == (3.0, 1, None)


@pytest.mark.parametrize("by_body", [False, True])
def test_rating_is_deleted(api_of: Any, user: User, path: str, *, by_body: bool) -> None:
    client = api_of(user)
    client.put(path, {"score": 3})
    client.put(path, {"stem": "vocals", "score": 2})
    asked = (path, {"stem": "vocals"}) if by_body else (f"{path}?stem=vocals",)
    for _twice in range(2):
        assert client.delete(*asked).status_code == 204
    assert [(rating.stem, rating.score) for rating in Rating.objects.all()] == [(None, 3)]
    client.delete(path)
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    ("sent", "code", "field"),
    [
        ({"score": 0}, "invalid", "score"),
        ({"score": 6}, "invalid", "score"),
        ({"score": 3.5}, "invalid", "score"),
        ({"score": "many"}, "invalid", "score"),
        ({"score": None}, "invalid", "score"),
        ({}, "invalid", "score"),
        ({"stem": "drums", "score": 3}, "unknown_stem", "stem"),
        ({"stem": ["vocals"], "score": 3}, "invalid", "stem"),
    ],
)
def test_bad_ratings_are_refused(
    api_of: Any, user: User, path: str, sent: dict[str, Any], code: str, field: str
) -> None:
    answer = api_of(user).put(path, sent)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert list(answer.json()["fields"]) == [field]
    assert not Rating.objects.exists()


def test_rating_an_unfinished_separation_is_refused(api_of: Any, user: User) -> None:
    running = make_separation(make_track(user), status=Status.RUNNING)
    answer = api_of(user).put(f"/api/v1/separations/{running.pk}/rating/", {"score": 3})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


@pytest.mark.django_db(transaction=True)
def test_concurrent_ratings_leave_one(api_of: Any, user: User, path: str) -> None:
    answers = at_once(8, lambda n: api_of(user).put(path, {"score": n % 5 + 1}).status_code)
    assert answers == [200] * 8
    assert Rating.objects.count() == 1
