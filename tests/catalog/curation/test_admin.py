"""The queue of reports, the changes and the blocks in the admin site."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from catalog.curation.editing import edit
from catalog.curation.reports import report
from catalog.models import Block, Change, Notice, Report, Track, Visibility
from tests.factories import make_track

pytestmark = pytest.mark.django_db


def act(client: Client, action: str, rows: Any, model: str = "report", **more: str) -> str:
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    answer = client.post(reverse(f"admin:catalog_{model}_changelist"), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_reports_are_answered_by_actions(admin_client: Client, user: User, other: User) -> None:
    tracks = [make_track(user, title=str(n)) for n in range(2)]
    rows = [report(track, other, Report.Reason.NAMES, "wrong")[0] for track in tracks]
    page = admin_client.get(reverse("admin:catalog_report_changelist"), {"q": "torres"}).content.decode()
    assert reverse("track", args=[tracks[0].pk]) in page
    assert "1 report was answered." in act(admin_client, "mark_fixed", rows[:1])
    assert "1 report was answered." in act(admin_client, "refuse", rows)
    assert [Report.objects.get(pk=row.pk).outcome for row in rows] == ["done", "refused"]
    assert Notice.objects.filter(user=other, kind=Notice.Kind.REPORT).count() == 2
    assert admin_client.get(reverse("admin:catalog_report_change", args=[rows[0].pk])).status_code == 200


def test_takedown_asks_for_confirmation(admin_client: Client, user: User, other: User) -> None:
    track, kept = make_track(user, title="Goes"), make_track(user, title="Stays")
    rows = [report(track, person, Report.Reason.RIGHTS)[0] for person in (user, other)]
    page = act(admin_client, "take_down", rows)
    assert page.count("Ana Torres - Goes") == 1
    assert Track.objects.count() == 2
    page = act(admin_client, "take_down", rows, confirmed="yes", reason="Not\x00 ours")
    assert "1 song was taken down." in page
    assert list(Track.objects.all()) == [kept]
    block = Block.objects.get()
    assert (block.label, block.reason) == ("Ana Torres - Goes", "Not ours")
    assert set(Report.objects.values_list("outcome", flat=True)) == {"takendown"}
    assert "gone already" in act(admin_client, "take_down", rows)
    assert "Not ours" in admin_client.get(reverse("admin:catalog_block_changelist")).content.decode()
    assert admin_client.get(reverse("admin:catalog_block_change", args=[block.pk])).status_code == 200
    assert "can be added again" in act(admin_client, "lift", [block], "block")
    assert not Block.objects.exists()


def test_staff_without_permission_cannot_take_down(user: User, curator: User) -> None:
    curator.is_staff = True
    curator.save()
    client = Client()
    client.force_login(curator)
    row, _new = report(make_track(user), user, Report.Reason.OTHER)
    page = client.get(reverse("admin:catalog_report_changelist")).content.decode()
    assert "mark_fixed" in page
    assert "take_down" not in page
    act(client, "take_down", [row], confirmed="yes")
    assert Track.objects.exists()


def test_changes_of_private_songs_are_not_listed(admin_client: Client, user: User) -> None:
    edit(make_track(user, title="Open"), user, {"title": "Opened"})
    edit(make_track(user, title="Hidden", visibility=Visibility.PRIVATE), user, {"title": "Hidden too"})
    page = admin_client.get(reverse("admin:catalog_change_changelist")).content.decode()
    assert "Opened" in page
    assert "Hidden" not in page
    change = Change.objects.get(private_to=None)
    assert admin_client.get(reverse("admin:catalog_change_change", args=[change.pk])).status_code == 200
    found = admin_client.get(reverse("admin:catalog_change_changelist"), {"q": str(change.target_id)})
    assert list(found.context["cl"].result_list) == [change]
