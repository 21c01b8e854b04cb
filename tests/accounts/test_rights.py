"""Permission to change accounts grants no rights, passwords or addresses in the admin site."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import User

LIST = "/admin/accounts/user/"
PASSWORD = "a long enough one"
EVERYTHING = {
    "email": "taken@example.org",
    "display_name": "Changed",
    "language": "",
    "is_active": "on",
    "is_staff": "on",
    "is_superuser": "on",
    "stored_bytes": "0",
    "password": "pbkdf2_sha256$1$a$a",
}


@pytest.fixture
def superuser(db: None) -> User:
    return User.objects.create_superuser("root@example.org", PASSWORD)


@pytest.fixture
def helper(db: None) -> User:
    """Staff with every right over accounts, groups and addresses."""
    person = User.objects.create_user("helper@example.org", PASSWORD, is_staff=True)
    person.user_permissions.set(
        Permission.objects.filter(content_type__app_label__in=["accounts", "auth", "account"])
    )
    return person


@pytest.fixture
def colleague(db: None) -> User:
    return User.objects.create_user("colleague@example.org", PASSWORD, is_staff=True)


@pytest.fixture
def panel(client: Client, helper: User) -> Client:
    client.force_login(helper)
    return client


def some_permissions() -> list[int]:
    return list(Permission.objects.values_list("pk", flat=True)[:20])


def everything() -> dict[str, Any]:
    curators, _new = Group.objects.get_or_create(name="Curators")
    return EVERYTHING | {
        "groups": [curators.pk],
        "user_permissions": some_permissions(),
    }


def rights(user: User) -> tuple[Any, ...]:
    user = User.objects.get(pk=user.pk)
    return (
        user.email,
        user.password,
        user.is_active,
        user.is_staff,
        user.is_superuser,
        user.groups.count(),
        user.user_permissions.count(),
    )


def test_staff_rename_and_close_ordinary_account_without_granting_permissions(
    panel: Client, user: User
) -> None:
    before = rights(user)
    assert panel.post(f"{LIST}{user.pk}/change/", everything()).status_code == 302
    assert rights(user) == before
    user.refresh_from_db()
    assert user.display_name == "Changed"
    panel.post(f"{LIST}{user.pk}/change/", {"display_name": "Changed"})
    assert rights(user) == (*before[:2], False, *before[3:])


@pytest.mark.parametrize("whom", ["helper", "superuser", "colleague"])
def test_staff_cannot_change_staff_or_superusers(
    panel: Client, request: pytest.FixtureRequest, whom: str
) -> None:
    account: User = request.getfixturevalue(whom)
    before = rights(account)
    pages = ("change/", "delete/", "password/")
    answers = [panel.post(f"{LIST}{account.pk}/{page}", everything() | {"post": "yes"}) for page in pages]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    bulk = {"action": "delete_selected", "_selected_action": [account.pk], "post": "yes"}
    assert panel.post(LIST, bulk).status_code == 403
    assert rights(account) == before
    assert 'name="is_superuser"' not in panel.get(f"{LIST}{account.pk}/change/").content.decode()
    assert account.password not in panel.get(f"{LIST}{account.pk}/change/").content.decode()
    assert panel.get(f"{LIST}{account.pk}/history/").status_code == 200


def test_bulk_delete_with_protected_account_deletes_nothing(
    panel: Client, user: User, superuser: User
) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [user.pk, superuser.pk], "post": "yes"}
    assert panel.post(LIST, chosen).status_code == 403
    assert User.objects.filter(pk__in=[user.pk, superuser.pk]).count() == 2
    assert panel.post(LIST, {**chosen, "_selected_action": [user.pk]}).status_code == 302
    assert not User.objects.filter(pk=user.pk).exists()


def test_staff_cannot_set_passwords(panel: Client, user: User) -> None:
    new = {"password1": "another long one", "password2": "another long one", "usable_password": "true"}
    assert panel.get(f"{LIST}{user.pk}/password/").status_code == 403
    assert panel.post(f"{LIST}{user.pk}/password/", new).status_code == 403
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_account_added_by_staff_has_no_permissions(panel: Client) -> None:
    new = {"password1": "another long one", "password2": "another long one", "usable_password": "true"}
    assert panel.post(f"{LIST}add/", everything() | new).status_code == 302
    made = User.objects.get(email="taken@example.org")
    assert rights(made)[2:] == (True, False, False, 0, 0)


@pytest.mark.parametrize("table", ["auth/group", "account/emailaddress"])
def test_groups_and_addresses_require_superuser(
    panel: Client, helper: User, superuser: User, table: str
) -> None:
    group = Group.objects.create(name="Theirs")
    helper.groups.add(group)
    address = EmailAddress.objects.create(user=superuser, email="root@example.org", primary=True)
    row = group.pk if table == "auth/group" else address.pk
    body = {
        "name": "Theirs",
        "permissions": some_permissions(),
        "user": str(superuser.pk),
        "email": "helper@example.org",
        "verified": "on",
    }
    for path in ("", "add/", f"{row}/change/", f"{row}/delete/", f"{row}/history/"):
        assert panel.get(f"/admin/{table}/{path}").status_code == 403
        assert panel.post(f"/admin/{table}/{path}", body | {"post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [row], "post": "yes"}
    assert panel.post(f"/admin/{table}/", bulk).status_code == 403
    assert group.permissions.count() == 0
    assert not EmailAddress.objects.filter(email="helper@example.org").exists()
    assert table not in panel.get("/admin/").content.decode()


def test_superuser_changes_permissions_password_and_address(
    client: Client, superuser: User, user: User
) -> None:
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    EmailAddress.objects.create(user=user, email="old@example.org", verified=True)
    client.force_login(superuser)
    assert client.post(f"{LIST}{user.pk}/change/", everything()).status_code == 302
    assert rights(user)[2:5] == (True, True, True)
    assert rights(user)[0] == "taken@example.org"
    assert list(EmailAddress.objects.values_list("email", "primary")) == [("taken@example.org", True)]
    new = {"password1": "another long one", "password2": "another long one", "usable_password": "true"}
    assert client.post(f"{LIST}{user.pk}/password/", new).status_code == 302
    assert User.objects.get(pk=user.pk).check_password("another long one")
    assert client.post("/admin/auth/group/add/", {"name": "New"}).status_code == 302
    assert client.get("/admin/account/emailaddress/").status_code == 200


def test_inactive_superuser_has_no_access(client: Client, superuser: User) -> None:
    client.force_login(superuser)
    User.objects.filter(pk=superuser.pk).update(is_active=False)
    assert client.get("/admin/auth/group/").status_code == 302


def test_admin_password_change_redirects_to_website(client: Client, superuser: User) -> None:
    client.force_login(superuser)
    assert client.get("/admin/password_change/").headers["Location"] == "/accounts/password/change/"


@pytest.mark.parametrize(
    "table",
    [
        "django_q/ormq",
        "django_q/success",
        "django_q/failure",
        "django_q/schedule",
        "sessions/session",
        "admin/logentry",
        "auth/permission",
        "token_blacklist/outstandingtoken",
        "token_blacklist/blacklistedtoken",
        "account/emailconfirmation",
    ],
)
def test_unregistered_model_returns_404(client: Client, superuser: User, table: str) -> None:
    client.force_login(superuser)
    assert client.get(f"/admin/{table}/").status_code == 404
