"""One's own profile by the API."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from tests.factories import make_separation, make_track

ME = "/api/v1/me/"


def test_me_returns_profile_quota_and_statistics(api_of: Any, user: User, other: User, settings: Any) -> None:
    settings.QUOTA_BYTES = 1_000
    user.stored_bytes = 250
    user.save()
    track = make_track(user)
    make_separation(track, asked_by=user)
    make_track(other)
    answer = api_of(user).get(ME).json()
    assert answer.pop("date_joined")
    assert answer == {
        "id": str(user.pk),
        "email": "ana@example.org",
        "display_name": "Ana",
        "language": "",
        "mail_notices": False,
        "quota": {"used": 250, "limit": 1_000},
        "statistics": {"uploads": 1, "tracks": 1, "separations": 1},
    }


def test_me_patch_changes_name_and_language_only(api_of: Any, user: User) -> None:
    wanted = {
        "display_name": "Ana María",
        "language": "es",
        "email": "other@example.org",
        "is_staff": True,
        "stored_bytes": 0,
        "quota": {"limit": 10**15},
    }
    answer = api_of(user).patch(ME, wanted)
    assert answer.status_code == 200
    assert answer.json()["display_name"] == "Ana María"
    user.refresh_from_db()
    assert (user.language, user.email, user.is_staff) == ("es", "ana@example.org", False)


@pytest.mark.parametrize("change", [{"language": "xx"}, {"display_name": "x" * 81}])
def test_me_patch_with_invalid_value_returns_400(api_of: Any, user: User, change: dict[str, Any]) -> None:
    answer = api_of(user).patch(ME, change)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == list(change)


def test_me_without_account_returns_401(api: APIClient, db: None) -> None:
    for answer in (api.get(ME), api.patch(ME, {})):
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_authenticated"


def test_me_with_session_requires_csrf_token_for_changes(user: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    assert browser.get(ME).status_code == 200
    refused = browser.patch(ME, {"language": "es"}, content_type="application/json")
    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"
    browser.cookies["csrftoken"] = "a" * 32
    headers = {"X-CSRFToken": "a" * 32}
    allowed = browser.patch(ME, {"language": "es"}, content_type="application/json", headers=headers)
    assert allowed.status_code == 200
    as_text = browser.patch(ME, '{"language": "en"}', content_type="text/plain", headers=headers)
    assert as_text.status_code == 415
