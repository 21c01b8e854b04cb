"""Malformed ids, filters and forms in the admin site are invalid input, not errors of the server."""

from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from catalog.models import FormerAddress, Track
from tests.catalog.test_admin import url
from tests.factories import make_track

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("lookup", ["created_at__year=99999999999", "created_at__year=99999"])
def test_impossible_dates_are_an_invalid_filter(admin_client: Client, lookup: str) -> None:
    answer = admin_client.get(f"{url('track')}?{lookup}")
    assert (answer.status_code, answer["Location"]) == (302, f"{url('track')}?e=1")


@pytest.mark.parametrize(
    ("model", "lookup"),
    [("track", "genre"), ("change", "kind"), ("notice", "kind"), ("formeraddress", "kind")],
)
def test_filters_accept_any_text(admin_client: Client, model: str, lookup: str) -> None:
    assert admin_client.get(f"{url(model)}?{lookup}=%00", follow=True).status_code == 200


@pytest.mark.parametrize("action", ["share", "make_private", "export_csv", "export_json", "delete_selected"])
@pytest.mark.parametrize("key", ["abc", "\0"])
def test_actions_ignore_malformed_ids(admin_client: Client, user: User, action: str, key: str) -> None:
    track = make_track(user)
    data = {"action": action, "_selected_action": key, "post": "yes"}
    answer = admin_client.post(url("track"), data, follow=True)
    assert answer.status_code == 200
    assert "Items must be selected" in answer.content.decode()
    assert Track.objects.get() == track


@pytest.mark.parametrize("key", ["-1", "9" * 30, "abc"])
def test_actions_ignore_ids_out_of_range(admin_client: Client, key: str) -> None:
    FormerAddress.objects.create(kind="track", old="old", target=uuid4())
    data = {"action": "delete_selected", "_selected_action": key, "post": "yes"}
    assert admin_client.post(url("formeraddress"), data, follow=True).status_code == 200
    assert FormerAddress.objects.exists()


@pytest.mark.parametrize("key", ["abc", "\0"])
def test_a_malformed_id_is_an_error_in_the_form(admin_client: Client, user: User, key: str) -> None:
    track = make_track(user, title="Open")
    data = {
        "title": "Opened",
        "artist": key,
        "credits-TOTAL_FORMS": "1",
        "credits-INITIAL_FORMS": "0",
        "credits-0-artist": key,
        "credits-0-position": "1",
    }
    answer = admin_client.post(url("track", "change", track.pk), data)
    assert answer.status_code == 200
    assert "artist" in answer.context["adminform"].form.errors
    track.refresh_from_db()
    assert track.title == "Open"
