"""Separating songs again, on the page of models and with the command."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from separation.engines.descriptors import ModelSpec
from separation.models import ModelUpgrade, Separation
from tests.factories import make_separation, make_track
from tests.separation.upgrades.conftest import NEW, OLD

pytestmark = pytest.mark.django_db

MODELS = "/admin/separation/modelinstallation/"
PAGE = "/admin/separation/modelupgrade/"


@pytest.fixture
def administrator(client: Client) -> User:
    someone = User.objects.create_superuser("root@example.org")
    client.force_login(someone)
    return someone


def act(client: Client, address: str, **fields: Any) -> str:
    return client.post(address, fields, follow=True).content.decode()


def test_page_says_what_it_takes_and_begins(
    client: Client, administrator: User, user: User, better: ModelSpec
) -> None:
    make_separation(make_track(user, seconds=60.0), model=OLD)
    page = client.get(f"{PAGE}start/{NEW}/").content.decode()
    assert f"<strong>{OLD}</strong>:" in page
    assert "more storage." in page
    assert "above 0" in act(client, f"{PAGE}start/{NEW}/", source=OLD, limit="-1")
    assert not ModelUpgrade.objects.exists()
    page = act(client, f"{PAGE}start/{NEW}/", source=OLD, limit="")
    assert "The songs are separated in idle time." in page
    assert "Songs with the better parts: 0 of 1. Left: 1." in page
    upgrade = ModelUpgrade.objects.get()
    assert upgrade.started_by == administrator
    assert Separation.objects.unfinished().get().model == NEW
    page = act(client, f"{PAGE}{upgrade.pk}/stop/")
    assert "Left: 1. Stopped." in page
    assert not Separation.objects.unfinished().exists()
    assert "It goes on." in act(client, f"{PAGE}{upgrade.pk}/resume/")
    assert [entry.change_message.split()[-2:] for entry in LogEntry.objects.order_by("pk")] == [
        ["separated", "again"]
    ] * 3
    assert client.get(PAGE).status_code == 200
    assert client.get(f"{PAGE}{upgrade.pk}/change/").status_code == 200


def test_only_who_may_change_models_may_begin(client: Client, user: User, better: ModelSpec) -> None:
    user.is_staff = True
    user.save()
    client.force_login(user)
    make_separation(make_track(user), model=OLD)
    assert client.post(f"{PAGE}start/{NEW}/", {"source": OLD}).status_code == 403
    upgrade = ModelUpgrade.objects.create(source_model=OLD, target_model=NEW, started_at="2026-01-01T00:00Z")
    assert client.post(f"{PAGE}{upgrade.pk}/stop/").status_code == 403


def test_getting_changes_nothing(client: Client, administrator: User, better: ModelSpec) -> None:
    upgrade = ModelUpgrade.objects.create(source_model=OLD, target_model=NEW, started_at="2026-01-01T00:00Z")
    assert client.get(f"{PAGE}{upgrade.pk}/stop/").status_code == 405
    assert "no song that it could separate" in client.get(f"{PAGE}start/{NEW}/").content.decode()


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("upgrade_separations", *arguments, stdout=out)
    return out.getvalue()


def test_command_does_the_same(user: User, better: ModelSpec) -> None:
    for _ in range(2):
        make_separation(make_track(user), model=OLD)
    assert run("--status") == "nothing was begun\n"
    assert run("--from", OLD, "--to", NEW, "--dry-run").startswith("Songs: 2. About ")
    assert not ModelUpgrade.objects.exists()
    said = run("--from", OLD, "--to", NEW, "--limit", "1")
    assert "Songs: 1. About" in said
    assert "Left: 1." in said
    assert "Stopped." in run("--stop")
    assert "Stopped." not in run("--resume")
    for arguments, error in [
        (("--from", OLD, "--to", NEW), "busy"),
        (("--from", OLD, "--to", "no:model"), "unknown_model"),
        (("--to", NEW), "name both models"),
        (("--from", OLD, "--to", NEW, "--limit", "0"), "at least 1"),
    ]:
        with pytest.raises(CommandError, match=error):
            run(*arguments)
