"""How often passwords may be tried, and that nobody is kept out by what others try."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.conf import settings as site
from django.contrib.auth import hashers
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.accounts.sign_in import IN, WAIT, WAYS, WRONG, outcome, panel, simple, token, tries, website

PASSWORD = "a long enough one"
own_clock = pytest.mark.skipif(bool(site.REDIS_URL), reason="Redis forgets by its own clock")
Door = Callable[[Client, str, str], Any]


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("root@example.org", PASSWORD)


def at(address: str) -> Client:
    return Client(REMOTE_ADDR=address)


@pytest.mark.parametrize("door", WAYS)
def test_eleventh_wrong_password_has_to_wait(door: Door, staff: User) -> None:
    attacker = at("192.0.2.1")
    assert tries(door, attacker, staff.email, 12) == [WRONG] * 10 + [WAIT] * 2
    refused = door(attacker, staff.email, PASSWORD)
    assert outcome(refused) == WAIT
    assert 0 < int(refused["Retry-After"]) <= 30


@pytest.mark.parametrize("attacked", WAYS)
def test_wrong_passwords_from_other_address_do_not_lock_owner_out(attacked: Door, staff: User) -> None:
    tries(attacked, at("192.0.2.1"), staff.email, 30)
    assert [outcome(door(at("198.51.100.7"), staff.email, PASSWORD)) for door in WAYS] == [IN] * 4


@pytest.mark.parametrize("attacked", WAYS)
def test_attempts_are_counted_across_website_admin_and_api(attacked: Door, staff: User) -> None:
    tries(attacked, at("192.0.2.1"), staff.email, 10)
    assert [outcome(door(at("192.0.2.1"), staff.email, PASSWORD)) for door in WAYS] == [WAIT] * 4


def test_other_accounts_sign_in_from_attackers_address(user: User, other: User) -> None:
    tries(website, at("192.0.2.1"), user.email, 12)
    assert outcome(website(at("192.0.2.1"), other.email, PASSWORD)) == IN


@own_clock
def test_delays_double_up_to_an_hour_and_expire_after_a_day(user: User) -> None:
    waits: list[int] = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        attacker = at("192.0.2.1")
        tries(token, attacker, user.email, 10)
        for _attempt in range(9):
            waits.append(int(token(attacker, user.email, "wrong")["Retry-After"]))
            clock.shift(waits[-1])
            assert outcome(token(attacker, user.email, "wrong")) == WRONG
        assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
        clock.shift(86_401)
        assert tries(token, attacker, user.email, 10) == [WRONG] * 10


@own_clock
def test_refused_attempts_do_not_lengthen_delay(user: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        tries(token, at("192.0.2.1"), user.email, 60)
        clock.shift(30)
        assert outcome(token(at("192.0.2.1"), user.email, PASSWORD)) == IN


@pytest.mark.parametrize("door", WAYS)
def test_right_password_resets_wrong_attempts(door: Door, staff: User) -> None:
    client = at("192.0.2.1")
    for _round in range(3):
        assert tries(door, client, staff.email, 9) == [WRONG] * 9
        assert outcome(door(Client(REMOTE_ADDR="192.0.2.1"), staff.email, PASSWORD)) == IN


def test_refusal_says_how_long_in_both_languages(user: User) -> None:
    tries(website, at("192.0.2.1"), user.email, 10)
    answer = token(at("192.0.2.1"), user.email, PASSWORD)
    assert answer.json()["code"] == "locked_out"
    assert "30 seconds" in answer.json()["detail"]
    page = website(at("192.0.2.1"), user.email, PASSWORD)
    assert "30 seconds" in page.content.decode()
    assert "/accounts/login/code/" in page.content.decode()
    assert "/accounts/password/reset/" in page.content.decode()
    es = Client(REMOTE_ADDR="192.0.2.1", headers={"accept-language": "es"})
    assert '<html lang="es">' in website(es, user.email, PASSWORD).content.decode()


@pytest.mark.parametrize("door", [website, panel])
def test_known_device_signs_in_behind_attackers_address(door: Door, staff: User) -> None:
    owner = at("192.0.2.1")
    assert outcome(door(owner, staff.email, PASSWORD)) == IN
    owner.post("/accounts/logout/")
    tries(website, at("192.0.2.1"), staff.email, 30)
    assert outcome(website(at("192.0.2.1"), staff.email, PASSWORD)) == WAIT
    assert outcome(door(owner, staff.email, PASSWORD)) == IN


def test_known_device_counts_for_its_account_with_own_limits(user: User, other: User) -> None:
    device = at("192.0.2.1")
    website(device, user.email, PASSWORD)
    device.post("/accounts/logout/")
    assert tries(website, device, other.email, 11) == [WRONG] * 10 + [WAIT]
    assert tries(website, device, user.email, 11) == [WRONG] * 10 + [WAIT]
    assert outcome(website(at("192.0.2.1"), user.email, PASSWORD)) == IN


@pytest.mark.parametrize("cookie", ["", "x", "W10:1:aaaa", "\x80", "a" * 4_000])
def test_forged_device_cookie_is_ignored(user: User, cookie: str) -> None:
    tries(website, at("192.0.2.1"), user.email, 10)
    device = at("192.0.2.1")
    device.cookies["devices"] = cookie
    assert outcome(website(device, user.email, PASSWORD)) == WAIT


def test_device_cookie_keeps_last_accounts_and_is_not_set_by_api(user: User) -> None:
    browser = Client()
    for number in range(7):
        person = User.objects.create_user(f"p{number}@example.org", PASSWORD)
        website(browser, person.email, PASSWORD)
        browser.post("/accounts/logout/")
    assert len(browser.cookies["devices"].value) < 700
    for number in (1, 2, 6):
        tries(token, at("127.0.0.1"), f"p{number}@example.org", 11)
    seen = [outcome(website(browser, f"p{number}@example.org", PASSWORD)) for number in (1, 2)]
    assert seen == [WAIT, IN]
    program = Client()
    assert outcome(simple(program, user.email, PASSWORD)) == IN
    assert "devices" not in program.cookies


def test_distributed_attack_is_slowed_without_locking_owner_out(user: User) -> None:
    owner = at("203.0.113.5")
    website(owner, user.email, PASSWORD)
    owner.post("/accounts/logout/")
    with time_machine.travel(timezone.now(), tick=False):
        seen = [tries(token, at(f"10.0.0.{host}"), user.email, 12).count(WRONG) for host in range(30)]
        assert seen[:10] == [10] * 10
        assert seen[10:] == [1] * 20
        assert outcome(website(owner, user.email, PASSWORD)) == IN
        assert [
            outcome(door(at("198.51.100.7"), user.email, PASSWORD)) for door in (website, token, simple)
        ] == [IN] * 3


def test_address_may_try_hundred_passwords_in_ten_minutes(db: None) -> None:
    moment = timezone.now().replace(minute=1, second=0)
    owner = User.objects.create_user("owner@example.org", PASSWORD)
    with time_machine.travel(moment, tick=False) as clock:
        known = at("192.0.2.1")
        website(known, owner.email, PASSWORD)
        known.post("/accounts/logout/")
        seen: list[str] = []
        for number in range(110):
            clock.shift(2)
            seen += tries(token, at("192.0.2.1"), f"somebody{number}@example.org", 1)
        assert seen == [WRONG] * 100 + [WAIT] * 10
        assert outcome(website(at("192.0.2.1"), owner.email, PASSWORD)) == WAIT
        assert outcome(website(known, owner.email, PASSWORD)) == IN
        assert outcome(website(at("192.0.2.2"), owner.email, PASSWORD)) == IN
        clock.shift(600)
        assert outcome(website(at("192.0.2.1"), owner.email, PASSWORD)) == IN


def test_school_class_behind_one_address_registers_and_signs_in(db: None) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for number in range(30):
            pupil = at("192.0.2.1")
            form = {"email": f"pupil{number}@example.org", "password1": PASSWORD}
            assert (
                pupil.post("/accounts/signup/", {"email": "mistaken", "password1": "short"}).status_code
                == 200
            )
            assert pupil.post("/accounts/signup/", form).status_code == 302
        for number in range(30):
            clock.shift(4)
            pupil = at("192.0.2.1")
            assert tries(website, pupil, f"pupil{number}@example.org", 2) == [WRONG] * 2
            assert outcome(website(pupil, f"pupil{number}@example.org", PASSWORD)) == IN


def test_registration_limit_is_shared_by_website_and_api(db: None) -> None:
    new = {"email": "new@example.org", "password": PASSWORD}
    for number in range(50):
        at("192.0.2.1").post("/api/v1/auth/register/", {}, content_type="application/json")
        at("192.0.2.1").post("/accounts/signup/", {"email": f"not an address {number}"})
    program = at("192.0.2.1").post("/api/v1/auth/register/", new, content_type="application/json")
    page = at("192.0.2.1").post("/accounts/signup/", {"email": "new@example.org", "password1": PASSWORD})
    assert (program.status_code, page.status_code) == (429, 429)
    assert program.json()["code"] == "throttled"
    assert 3_500 < int(page["Retry-After"]) <= 3_600
    elsewhere = at("192.0.2.2").post("/api/v1/auth/register/", new, content_type="application/json")
    assert elsewhere.status_code == 201


@pytest.mark.parametrize("door", WAYS)
@pytest.mark.parametrize("known", [True, False])
def test_attempt_hashes_once_and_refused_attempt_never(
    door: Door, known: bool, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str] = []
    encode = hashers.MD5PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> Any:
        hashes.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", counted)
    address = staff.email if known else "nobody@example.org"
    tries(door, at("192.0.2.1"), address, 14)
    assert len(hashes) == 10


def test_refusals_for_known_and_unknown_addresses_are_identical(user: User) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        for number, door in enumerate(WAYS):
            known = _answers(door, f"192.0.2.{number}", user.email)
            assert known == _answers(door, f"192.0.2.{number}", "nobody@example.org")
            assert [status for status, _page in known][10:] == [429]


def _answers(door: Door, client: str, address: str) -> list[tuple[int, str]]:
    """Return status and page of eleven wrong attempts, without what differs from page to page."""
    answers = [door(at(client), address, "wrong") for _attempt in range(11)]
    pages = [answer.content.decode().replace(address, "") for answer in answers]
    return [(answer.status_code, _without_tokens(page)) for answer, page in zip(answers, pages, strict=True)]


def _without_tokens(page: str) -> str:
    return re.sub(r'(nonce|value)="[^"]{20,}"', "", page)
