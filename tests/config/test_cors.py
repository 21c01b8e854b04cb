"""Pages of other origins: what a browser asks before it sends their requests, and what they may read of answers."""

import pytest
import requests
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from accounts.models import User
from tests.factories import make_separation, make_track

ORIGIN = "https://player.example"
# What a browser lets a page send to, and read from, another origin without being told so ("CORS-safelisted").
SENT = {"accept", "accept-language", "content-language"}
READ = {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified"}


def preflight(address: str, method: str, *headers: str) -> requests.Response:
    """The question that a browser asks for a page of ``ORIGIN``; ``headers`` in its sorted, lower-case form."""
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": ",".join(sorted(headers)),
    }
    return requests.options(address, headers=asked, timeout=30)


def allows(answer: requests.Response, method: str, *headers: str) -> bool:
    """Whether a browser would send the request after this answer."""
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    methods = {name.strip() for name in answer.headers["Access-Control-Allow-Methods"].split(",")}
    return (
        answer.ok
        and answer.headers["Access-Control-Allow-Origin"] in {"*", ORIGIN}
        and method in methods
        and allowed | SENT >= set(headers)
    )


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "stems/{stem}/audio/", ["authorization", "range"]),
        ("GET", "stems/{stem}/audio/", ["authorization", "if-range", "range"]),
        ("GET", "stems/{stem}/segments/0/", ["authorization", "if-none-match"]),
        ("GET", "separations/{separation}/archive/", ["authorization", "if-range", "range"]),
        ("GET", "separations/{separation}/mix/", ["authorization", "if-none-match", "prefer", "range"]),
        ("PUT", "separations/{separation}/rating/", ["authorization", "content-type"]),
        ("PATCH", "me/", ["authorization", "content-type"]),
        ("DELETE", "separations/{separation}/", ["authorization"]),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_preflight_allows_headers_of_api(
    live_server: LiveServer, user: User, method: str, path: str, headers: list[str]
) -> None:
    separation = make_separation(make_track(user))
    stem = separation.stems.get(name="vocals")
    address = f"{live_server}/api/v1/{path.format(stem=stem.pk, separation=separation.pk)}"
    answer = preflight(address, method, *headers)
    assert allows(answer, method, *headers), answer.headers
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.django_db(transaction=True)
def test_cross_origin_range_request(live_server: LiveServer, user: User) -> None:
    """Every header that the next request is made of can be read from the answer."""
    separation = make_separation(make_track(user), stored=True)
    stem = separation.stems.get(name="vocals")
    address = f"{live_server}/api/v1/stems/{stem.pk}/audio/?codec=mp3"
    whole = requests.get(address, headers={"Origin": ORIGIN}, timeout=60)
    assert whole.status_code == 200
    seen = readable(whole)
    assert {"etag", "accept-ranges", "content-disposition"} <= seen.keys()
    conditions = {"Origin": ORIGIN, "Range": "bytes=1000-", "If-Range": seen["etag"]}
    rest = requests.get(address, headers=conditions, timeout=60)
    assert (rest.status_code, rest.content) == (206, whole.content[1000:])
    assert readable(rest)["content-range"] == f"bytes 1000-{len(whole.content) - 1}/{len(whole.content)}"
    again = requests.get(address, headers={"Origin": ORIGIN, "If-None-Match": seen["etag"]}, timeout=60)
    assert again.status_code == 304
    assert again.headers["Access-Control-Allow-Origin"] == "*"


def readable(answer: requests.Response) -> dict[str, str]:
    """The headers that a browser shows to a page of another origin."""
    exposed = answer.headers["Access-Control-Expose-Headers"].split(",")
    names = READ | {name.strip().lower() for name in exposed}
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() in names}


@pytest.mark.django_db(transaction=True)
def test_cross_origin_error_is_readable(live_server: LiveServer) -> None:
    answer = requests.get(f"{live_server}/api/v1/me/", headers={"Origin": ORIGIN}, timeout=30)
    assert answer.status_code == 401
    assert readable(answer)["www-authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.django_db
def test_website_pages_have_no_cors_headers(api: APIClient) -> None:
    answer = api.options("/", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"})
    assert "Access-Control-Allow-Origin" not in answer
