"""Signing in for programs: what a token opens and what ends it."""

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.conf import settings as site
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import User
from accounts.tokens import FamilyToken, pair_for

PASSWORD = "a long enough one"
TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
BLACKLIST = "/api/v1/auth/token/blacklist/"
ME = "/api/v1/me/"


def bearer(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def changed(token: str, **claims: Any) -> dict[str, Any]:
    """The claims of a token, some of them replaced."""
    payload: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return payload | claims


def signed(claims: dict[str, Any], key: str = site.SECRET_KEY, **options: Any) -> str:
    return jwt.encode(claims, key, algorithm="HS256", **options)


def test_token_pair_authenticates_profile(api: APIClient, user: User) -> None:
    answer = api.post(TOKEN, {"email": " ANA@example.org ", "password": PASSWORD})
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh"}
    me = bearer(answer.json()["access"]).get(ME)
    assert me.status_code == 200
    assert me.json()["id"] == str(user.pk)
    user.refresh_from_db()
    assert user.last_login is not None


def test_token_accepts_form_fields(api: APIClient, user: User) -> None:
    fields = {"email": user.email, "password": PASSWORD}
    kind = "application/x-www-form-urlencoded"
    assert api.post(TOKEN, urlencode(fields), content_type=kind).status_code == 200
    refused = api.post(TOKEN, fields, format="multipart")
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


def test_token_refusals_of_wrong_unknown_and_closed_are_identical(
    api: APIClient, user: User, other: User
) -> None:
    User.objects.filter(pk=other.pk).update(is_active=False)
    answers = [
        api.post(TOKEN, {"email": email, "password": password})
        for email, password in [
            (user.email, "wrong"),
            ("nobody@example.org", PASSWORD),
            (other.email, PASSWORD),
            ("not an address", PASSWORD),
        ]
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "wrong_credentials"
    assert answers[0]["WWW-Authenticate"].startswith("Bearer")


def test_token_ignores_expired_authorization_header(user: User) -> None:
    answer = bearer("nonsense").post(TOKEN, {"email": user.email, "password": PASSWORD})
    assert answer.status_code == 200


@pytest.mark.parametrize("body", [{}, {"email": "a@b.org"}, {"email": [], "password": {}}, [], "text", None])
def test_token_with_invalid_body_returns_400(api: APIClient, db: None, body: Any) -> None:
    answer = api.generic("POST", TOKEN, json.dumps(body), content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


def test_token_refused_for_unverified_address_if_verification_is_mandatory(
    api: APIClient, user: User, settings: Any
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    credentials = {"email": user.email, "password": PASSWORD}
    assert api.post(TOKEN, credentials).json()["code"] == "address_not_verified"
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    assert api.post(TOKEN, credentials).status_code == 200


def test_token_rate_limit_returns_429(api: APIClient, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {**SimpleRateThrottle.THROTTLE_RATES, "token": "2/min"}
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    answers = [
        # A made-up X-Forwarded-For per request does not help: no proxy is trusted here.
        api.post(TOKEN, {"email": user.email, "password": PASSWORD}, HTTP_X_FORWARDED_FOR=f"192.0.2.{n}")
        for n in range(3)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "throttled"
    assert 0 < int(answers[2]["Retry-After"]) <= 61


def test_refresh_rotates_token_once(api: APIClient, user: User) -> None:
    first = pair_for(user)
    answer = api.post(REFRESH, {"refresh": first["refresh"]})
    assert answer.status_code == 200
    second = answer.json()
    assert second["refresh"] != first["refresh"]
    assert bearer(second["access"]).get(ME).status_code == 200


def test_refresh_token_reuse_revokes_its_family_only(api: APIClient, user: User) -> None:
    first, elsewhere = pair_for(user), pair_for(user)
    second = api.post(REFRESH, {"refresh": first["refresh"]}).json()
    again = api.post(REFRESH, {"refresh": first["refresh"]})
    assert again.status_code == 401
    assert again.json()["code"] == "token_not_valid"
    assert api.post(REFRESH, {"refresh": second["refresh"]}).status_code == 401
    assert api.post(REFRESH, {"refresh": elsewhere["refresh"]}).status_code == 200


def test_refresh_with_blacklisted_token_returns_401(api: APIClient, user: User) -> None:
    pair = pair_for(user)
    assert api.post(BLACKLIST, {"refresh": pair["refresh"]}).status_code == 200
    assert api.post(REFRESH, {"refresh": pair["refresh"]}).status_code == 401
    assert api.post(BLACKLIST, {"refresh": pair["refresh"]}).status_code == 401


def test_password_change_revokes_all_tokens(api: APIClient, user: User) -> None:
    pair = pair_for(user)
    rotated = api.post(REFRESH, {"refresh": pair["refresh"]}).json()
    user.set_password("another long one")
    user.save()
    assert bearer(rotated["access"]).get(ME).status_code == 401
    assert api.post(REFRESH, {"refresh": rotated["refresh"]}).status_code == 401


@pytest.mark.parametrize("what", ["closed", "gone"])
def test_tokens_of_inactive_or_deleted_account_return_401(api: APIClient, user: User, what: str) -> None:
    pair = pair_for(user)
    if what == "closed":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        user.delete()
    assert bearer(pair["access"]).get(ME).status_code == 401
    assert api.post(REFRESH, {"refresh": pair["refresh"]}).status_code == 401


def test_forged_and_misused_tokens_return_401(user: User) -> None:
    pair = pair_for(user)
    access = pair["access"]
    claims = changed(access)
    header, payload, signature = access.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    bad = {
        "refresh as access": pair["refresh"],
        "alg none": f"{none}.{payload}.",
        "alg none, signed": f"{none}.{payload}.{signature}",
        "another key": signed(claims, "x" * 50),
        "tampered": f"{header}.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()}.{signature}",
        "no user": signed({name: value for name, value in claims.items() if name != "user_id"}),
        "user 0": signed(changed(access, user_id="0")),
        "unknown user": signed(changed(access, user_id="00000000-0000-4000-8000-000000000000")),
        "user of another kind": signed(changed(access, user_id={"a": 1})),
        "without end": signed({name: value for name, value in claims.items() if name != "exp"}),
        "not yet": signed(changed(access, nbf=2_000_000_000)),
        "very long": signed(changed(access, more="x" * 1_000_000), "x" * 50),
        "no token": "a.b.c",
        "not ASCII": "ñ.ñ.ñ",
        "empty": "",
        "two": f"{access} {access}",
    }
    answers = {name: bearer(token).get(ME).status_code for name, token in bad.items()}
    assert answers == dict.fromkeys(bad, 401)
    strange_key = signed(claims, headers={"kid": "../../dev/null"})
    assert bearer(strange_key).get(ME).status_code == 200  # the name of a key is not looked at


def test_access_token_expires_after_an_hour(user: User) -> None:
    access = pair_for(user)["access"]
    with time_machine.travel(timezone.now() + timedelta(minutes=59)):
        assert bearer(access).get(ME).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert bearer(access).get(ME).status_code == 401


def test_authorization_scheme_is_case_insensitive(api: APIClient, user: User) -> None:
    access = pair_for(user)["access"]
    assert api.get(ME, HTTP_AUTHORIZATION=f"bearer {access}").status_code == 200
    assert api.get(ME, HTTP_AUTHORIZATION="Basic YTpi").status_code == 401


@pytest.mark.parametrize("path", [TOKEN, REFRESH, BLACKLIST])
def test_token_endpoints_allow_post_only(api: APIClient, db: None, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"


def test_refresh_tokens_of_one_sign_in_share_a_family(user: User) -> None:
    first = FamilyToken.for_user(user)
    family = first["jti"].partition(".")[0]
    first.set_jti()
    assert first["jti"].partition(".")[0] == family
    assert FamilyToken.for_user(user)["jti"].partition(".")[0] != family


def test_sign_in_deletes_expired_tokens_of_the_account(user: User, other: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=31)):
        pair_for(user)
        pair_for(other)
    pair_for(user)
    assert OutstandingToken.objects.filter(user=user).count() == 1
    assert OutstandingToken.objects.filter(user=other).count() == 1
