"""Bodies are refused by their headers: nobody unknown, nothing where no file belongs, nothing without room."""

import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern

from accounts.models import User
from accounts.tokens import pair_for
from catalog.uploads import PENDING_BODY
from tests.factories import make_track

FORM = "multipart/form-data; boundary=x"
UPLOADS = "/api/v1/uploads/"
SAMPLES = {"uuid": str(uuid4()), "int": "1", "str": "x", "slug": "x", "path": "x"}


class Untouchable(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_args: Any) -> bytes:
        raise AssertionError("the body was read")


class Arriving:
    """A body that a server holds back."""

    def __init__(self, length: int | None, received: int = 0, others: int = 0) -> None:
        self.length, self.received, self.others = length, received, others
        self.disk_full = False
        self.limit = 0

    def admit(self, limit: int, seconds: float = math.inf) -> None:
        self.limit, self.seconds = limit, seconds

    def count_for(self, who: str, at_most: int) -> bool:
        assert who
        return self.others < at_most


def addresses(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    """An example of every address of the site."""
    for entry in (resolver or get_resolver()).url_patterns:
        pattern = entry.pattern
        if isinstance(pattern, RoutePattern):
            own = re.sub(r"<(\w+):\w+>", lambda found: SAMPLES[found[1]], str(pattern))
        else:
            own = re.sub(r"\(\?P<\w+>[^)]*\)+", "x", str(pattern)).strip("^$\\Z").replace("\\", "")
        if isinstance(entry, URLPattern):
            yield before + own
        else:
            yield from addresses(entry, before + own)


def test_the_walk_finds_addresses() -> None:
    found = set(addresses())
    assert {"/upload/", UPLOADS, "/api/separate", "/accounts/login/", "/admin/login/"} <= found
    assert len(found) > 150


@pytest.mark.django_db
def test_visitors_send_no_large_body_anywhere() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = "a" * 32
    browser.cookies["sessionid"] = "b" * 32
    for address in addresses():
        more: dict[str, Any] = {
            "wsgi.input": Untouchable(),
            "CONTENT_TYPE": FORM,
            "CONTENT_LENGTH": "300000000",
        }
        answer = browser.generic("POST", address, b"", **more)
        assert answer.status_code in {301, 302, 401, 404, 413}, address
        if address.startswith("/api/") and answer.status_code >= 400:
            assert set(answer.json()) == {"code", "detail"}, address


@pytest.mark.django_db
def test_files_of_visitors_are_never_written(settings: Any, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "none"  # whoever wrote one would fail
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = "a" * 32
    for address in addresses():
        answer = browser.post(address, {"file": SimpleUploadedFile("a.wav", bytes(5_000)), "audio": "x"})
        assert answer.status_code < 500, address


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/signup/", "/admin/login/"])
def test_file_at_an_address_without_policy_is_413(client: Client, db: None, address: str) -> None:
    answer = client.post(address, {"file": SimpleUploadedFile("a.wav", bytes(100))})
    assert answer.status_code == 413
    assert b"No file can be sent to this address" in answer.content


def test_form_without_files_may_be_chunked(client: Client, user: User) -> None:
    fields = {"login": user.email, "password": "a long enough one"}  # Django's test client sends multipart
    assert client.post("/accounts/login/", fields).status_code == 302


def test_upload_pages_redirect_visitors_to_sign_in(client: Client, db: None) -> None:
    more: dict[str, Any] = {"wsgi.input": Untouchable(), "CONTENT_TYPE": FORM, "CONTENT_LENGTH": "1000"}
    answer = client.generic("POST", "/upload/", b"", **more)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/upload/")


def test_too_large_page_is_in_the_language_of_the_request(client: Client, user: User) -> None:
    client.force_login(user)
    more: dict[str, Any] = {
        "wsgi.input": Untouchable(),
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": "99999999999",
    }
    for address in ("/upload/", f"/tracks/{make_track(user).pk}/cover/", "/accounts/email/"):
        answer = client.generic("POST", address, b"", headers={"Accept-Language": "es"}, **more)
        assert answer.status_code == 413, address
        assert b'lang="es"' in answer.content


@pytest.mark.parametrize("address", [UPLOADS, "/api/separate"])
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"DISK_FLOOR_BYTES": 10**18}, 507, "no_space"),
        ({"QUOTA_BYTES": 1_000_000}, 413, "quota_exceeded"),
        ({"MAX_UPLOAD_BYTES": 1_000_000}, 413, "too_large"),
    ],
)
def test_full_disk_is_refused_before_the_body(
    user: User, settings: Any, address: str, change: dict[str, int], status: int, code: str
) -> None:
    for name, value in change.items():
        setattr(settings, name, value)
    client = Client(headers={"Authorization": f"Bearer {pair_for(user)['access']}"})
    body = Arriving(30_000_000)
    more: dict[str, Any] = {
        "wsgi.input": Untouchable(),
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": "30000000",
        PENDING_BODY: body,
    }
    answer = client.generic("POST", address, b"", **more)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert body.limit == 0


def ask(client: Client, address: str, body: Arriving, **more: Any) -> Any:
    return client.generic(
        "POST",
        address,
        b"",
        **{"wsgi.input": Untouchable(), "CONTENT_TYPE": FORM, PENDING_BODY: body, **more},
    )


def test_bodies_are_admitted_up_to_a_limit(user: User, settings: Any) -> None:
    client = Client(headers={"Authorization": f"Bearer {pair_for(user)['access']}"})
    known, chunked = Arriving(30_000_000), Arriving(None)
    for body in (known, chunked):
        assert ask(client, UPLOADS, body).status_code == 100
        assert body.limit == settings.MAX_UPLOAD_BYTES + 1_000_000
    assert (
        ask(client, UPLOADS, Arriving(None, received=settings.MAX_UPLOAD_BYTES + 1_000_001)).status_code
        == 413
    )
    form = Arriving(900_000)
    assert ask(client, "/api/v1/setlists/", form).status_code == 100
    assert form.limit == settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert ask(client, "/api/v1/setlists/", Arriving(1_100_000)).status_code == 413


def test_concurrent_uploads_of_one_account_are_limited(user: User, settings: Any) -> None:
    settings.UPLOADS_PER_PERSON = 3
    client = Client(headers={"Authorization": f"Bearer {pair_for(user)['access']}"})
    assert ask(client, UPLOADS, Arriving(30_000_000, others=2)).status_code == 100
    refused = ask(client, UPLOADS, Arriving(30_000_000, others=3))
    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (
        429,
        "too_many_uploads",
        "10",
    )


def test_disk_full_during_the_transfer_is_507(user: User) -> None:
    client = Client()
    client.force_login(user)
    body = Arriving(30_000_000, received=8_000_000)
    body.disk_full = True
    assert ask(client, UPLOADS, body).json()["code"] == "no_space"
    page = ask(client, "/upload/", body)
    assert (page.status_code, page["Content-Type"]) == (507, "text/html; charset=utf-8")


def test_closed_account_may_not_send(user: User) -> None:
    token = pair_for(user)["access"]
    client = Client(headers={"Authorization": f"Bearer {token}"})
    assert ask(client, UPLOADS, Arriving(30_000_000)).status_code == 100
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert ask(client, UPLOADS, Arriving(30_000_000)).status_code == 401
    stranger = Client(headers={"Authorization": "Bearer nonsense"})
    answer = ask(stranger, UPLOADS, Arriving(30_000_000))
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


def test_page_of_a_request_that_is_too_large_names_the_limit_and_leads_back(
    client: Client, user: User
) -> None:
    client.force_login(user)
    body = "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    form = "application/x-www-form-urlencoded"
    before = "http://testserver/wishes/new/?q=1"
    answer = client.post(reverse("wish-new"), body, content_type=form, headers={"Referer": before})
    page = answer.content.decode()
    assert answer.status_code == 413
    assert re.search(r"At most [\d.]+ MB can be sent at once\.", page)
    assert f'href="{before}"' in page
    answer = client.post(
        reverse("wish-new"), body, content_type=form, headers={"Referer": "http://evil.example/"}
    )
    assert "evil.example" not in answer.content.decode()
