"""Accounts in the admin site."""

import pytest
from django.test import Client

from accounts.models import User

LIST = "/admin/accounts/user/"


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root@example.org", "a long enough one"))
    return client


def test_account_list_search_and_detail(staff: Client, user: User) -> None:
    user.display_name = "<script>alert(1)</script>"
    user.save()
    page = staff.get(LIST, {"q": "ana"}).content.decode()
    assert "ana@example.org" in page
    assert "<script>alert(1)" not in page
    assert staff.get(f"{LIST}{user.pk}/change/").status_code == 200


def test_added_account_has_lower_case_address_and_password(staff: Client) -> None:
    fields = {
        "email": "New@Example.org",
        "display_name": "",
        "usable_password": "true",
        "password1": "quite a long one",
        "password2": "quite a long one",
    }
    answer = staff.post(f"{LIST}add/", fields)
    assert answer.status_code == 302, answer.content.decode()
    assert User.objects.get(email="new@example.org").check_password("quite a long one")


def test_account_admin_requires_staff(client: Client, user: User) -> None:
    client.force_login(user)
    assert client.get(LIST).status_code == 302


def test_token_models_are_not_registered(staff: Client) -> None:
    assert staff.get("/admin/token_blacklist/outstandingtoken/").status_code == 404


@pytest.mark.parametrize(
    ("page", "field"), [("accounts/user", "email"), ("account/emailaddress", "email"), ("auth/group", "name")]
)
@pytest.mark.parametrize("text", ["abc", "\0"])
def test_lists_take_any_text_in_filters_and_chosen_keys(
    staff: Client, page: str, field: str, text: str
) -> None:
    assert staff.get(f"/admin/{page}/", {field: text}, follow=True).status_code == 200
    chosen = {"action": "delete_selected", "_selected_action": text, "post": "yes"}
    answer = staff.post(f"/admin/{page}/", chosen, follow=True)
    assert answer.status_code == 200
    assert "Items must be selected" in answer.content.decode()
    assert User.objects.exists()
