from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django_q.models import OrmQ

from accounts.models import User
from separation.models import Separation, SeparationRequest, Status, Stem
from tests.factories import make_separation, make_track


@pytest.fixture
def staff(user: User, client: Client) -> Client:
    """The browser of somebody who looks after the server."""
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    client.force_login(user)
    return client


@pytest.mark.parametrize("model", [Separation, SeparationRequest, Stem])
def test_pages_open_and_are_read_only(staff: Client, user: User, model: Any) -> None:
    make_separation(make_track(user, title="<script>alert(1)</script>"), asked_by=user)
    name = f"admin:separation_{model._meta.model_name}"
    listed = staff.get(reverse(f"{name}_changelist"), {"q": "alert"})
    assert listed.status_code == 200
    assert "<script>alert" not in listed.content.decode()
    assert staff.get(reverse(f"{name}_change", args=[model.objects.all()[0].pk])).status_code == 200
    assert staff.get(reverse(f"{name}_add")).status_code == 403


def test_search_finds_separations_of_a_song_and_of_its_stems(staff: Client, user: User) -> None:
    whole = make_separation(make_track(user, title="Barquito"))
    part = make_separation(whole.track_separations.get().track, stem=whole.stems.all()[0])
    other = make_separation(make_track(user, title="Paloma"))

    def found(model: str, words: str) -> set[Any]:
        listed = staff.get(reverse(f"admin:separation_{model}_changelist"), {"q": words})
        return {row.pk for row in listed.context["cl"].result_list}

    assert found("separation", "barquito") == {whole.pk, part.pk}
    assert found("separation", str(other.pk)) == {other.pk}
    stems = Stem.objects.filter(separation__in=[whole, part])
    assert found("stem", "barquito") == set(stems.values_list("pk", flat=True))
    assert found("stem", "nobody") == set()


def act(browser: Client, action: str, rows: list[Separation]) -> str:
    answer = browser.post(
        reverse("admin:separation_separation_changelist"),
        {"action": action, "_selected_action": [row.pk for row in rows]},
        follow=True,
    )
    assert answer.status_code == 200
    return answer.content.decode()


def test_actions_start_failed_and_stop_waiting_separations(staff: Client, user: User) -> None:
    failed = make_separation(make_track(user), status=Status.FAILED)
    done = make_separation(make_track(user))
    act(staff, "start_again", [failed])
    failed.refresh_from_db()
    assert (failed.status, OrmQ.objects.count()) == (Status.QUEUED, 1)
    assert "1 separation was stopped." in act(staff, "stop", [failed, done])
    assert "None of these was waiting or running." in act(staff, "stop", [failed, done])
    assert {row.pk: row.status for row in Separation.objects.all()} == {
        failed.pk: Status.CANCELLED,
        done.pk: Status.SUCCEEDED,
    }


def test_start_again_of_ready_separation_asks_first(staff: Client, user: User) -> None:
    failed = make_separation(make_track(user), status=Status.FAILED)
    done = make_separation(make_track(user, title="<b>Barquito</b>"))
    rows = [failed.pk, done.pk]
    form = {"action": "start_again", "_selected_action": rows}
    asked = staff.post(reverse("admin:separation_separation_changelist"), form)
    assert "&lt;b&gt;Barquito" in asked.content.decode()
    assert set(Separation.objects.values_list("status", flat=True)) == {Status.FAILED, Status.SUCCEEDED}
    answer = staff.post(reverse("admin:separation_separation_changelist"), form | {"confirmed": "yes"})
    assert answer.status_code == 302
    assert set(Separation.objects.values_list("status", flat=True)) == {Status.QUEUED}


def test_view_permission_allows_no_action(staff: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_superuser=False)
    user.user_permissions.add(Permission.objects.get(codename="view_separation"))
    failed = make_separation(make_track(user), status=Status.FAILED)
    assert staff.get(reverse("admin:separation_separation_changelist")).status_code == 200
    act(staff, "start_again", [failed])
    failed.refresh_from_db()
    assert failed.status == Status.FAILED


def test_tables_of_django_q_are_not_registered() -> None:
    assert not any(model._meta.app_label == "django_q" for model in admin.site._registry)
    with pytest.raises(NoReverseMatch):
        reverse("admin:django_q_success_changelist")


def test_the_filter_by_model_takes_any_text(staff: Client) -> None:
    answer = staff.get(reverse("admin:separation_separation_changelist"), {"model": "\0"}, follow=True)
    assert answer.status_code == 200


def test_a_malformed_owner_is_an_error_in_the_form(staff: Client, tmp_path: Path) -> None:
    form = {"folder": str(tmp_path), "owner": "abc", "visibility": "shared", "model": ""}
    answer = staff.post(reverse("admin:separation_importrun_add"), form)
    assert answer.status_code == 200
    assert "owner" in answer.context["adminform"].form.errors
