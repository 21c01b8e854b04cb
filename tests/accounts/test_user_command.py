"""``manage.py user``: accounts from the command line."""

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User

pytestmark = pytest.mark.django_db


def run(*arguments: str, typed: str = "", monkeypatch: pytest.MonkeyPatch | None = None) -> str:
    output = io.StringIO()
    if monkeypatch:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    call_command("user", *arguments, stdout=output)
    return output.getvalue()


def test_account_is_added_with_the_password_of_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        run("Ana@Example.org", typed="blue-trombone-9\n", monkeypatch=monkeypatch)
        == "Added ana@example.org\n"
    )
    user = User.objects.get(email="ana@example.org")
    assert user.check_password("blue-trombone-9")
    assert not user.is_superuser


def test_generated_password_is_printed_and_works() -> None:
    password = run("ana@example.org", "--generate").split()[-1]
    assert User.objects.get(email="ana@example.org").check_password(password)


def test_rights_change_without_a_new_password(user: User) -> None:
    before = user.password
    assert run(user.email, "--administrator") == f"Changed {user.email}\n"
    user.refresh_from_db()
    assert user.is_superuser
    assert user.is_staff
    assert user.password == before
    run(user.email, "--no-administrator")
    user.refresh_from_db()
    assert not user.is_superuser


@pytest.mark.parametrize(
    ("address", "typed", "message"),
    [
        ("ana@example.org", "12345\n", "too short"),
        ("ana@example.org", "", "the password is empty; --generate makes one"),
        ("ana", "", "'ana' is not an e-mail address"),
    ],
)
def test_what_cannot_be_used_is_refused(
    address: str, typed: str, message: str, monkeypatch: pytest.MonkeyPatch, django_user_model: Any
) -> None:
    with pytest.raises(CommandError, match=message):
        run(address, typed=typed, monkeypatch=monkeypatch)
    assert not django_user_model.objects.exists()
