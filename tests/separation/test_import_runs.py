"""Imports of folders: which folders are accepted, what is imported, and who may ask for one."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.test import Client

from accounts.models import User
from audio.encoding.encode import encode
from audio.types import Tags
from catalog.models import Notice, Track
from separation import import_runs
from separation.models import ImportRun, Separation
from separation.queue import notifications
from separation.queue.requests import ask
from tests.songs import song

pytestmark = pytest.mark.django_db
State = ImportRun.State
LIST = "/admin/separation/importrun/"


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Two songs, one of them twice, and a file that is none."""
    folder = tmp_path / "music"
    folder.mkdir()
    for name, seed in (("one", 1), ("two", 2), ("two again", 2)):
        encode([np.asarray(song(0.5, seed=seed).T)], folder / f"{name}.flac", "flac", None, Tags(title=name))
    (folder / "broken.mp3").write_bytes(b"no music at all" * 100)
    return folder


@pytest.fixture
def admin(client: Client) -> User:
    someone = User.objects.create_superuser("root@example.org")
    client.force_login(someone)
    return someone


def make_run(folder: Path, owner: User, **values: Any) -> ImportRun:
    return ImportRun.objects.create(folder=str(folder), owner=owner, **values)


def test_carry_out_imports_folder_and_stores_figures(music: Path, user: User) -> None:
    run = make_run(music, user, visibility="private", model="compact:2stems")
    import_runs.carry_out(run, jobs=1)
    run.refresh_from_db()
    assert (run.state, run.new, run.known, run.refused) == (State.DONE, 2, 1, 1)
    ((path, code, detail),) = run.refusals
    assert (Path(path).name, code) == ("broken.mp3", "unsupported")
    assert detail
    assert set(Track.objects.values_list("owner", "visibility")) == {(user.pk, "private")}
    assert Separation.objects.count() == 2
    import_runs.carry_out(run, jobs=1)  # a second process for the same run
    assert import_runs.start_again(run)
    assert import_runs.next_waiting() == run.pk
    import_runs.carry_out(run, jobs=1)
    run.refresh_from_db()
    assert (run.new, run.known, run.unchanged) == (0, 0, 4)
    assert not Notice.objects.exclude(kind=Notice.Kind.IMPORT).exists()


def test_import_gives_its_owner_one_notice(music: Path, user: User) -> None:
    run = make_run(music, user, model="compact:2stems")
    import_runs.carry_out(run, jobs=1)
    for separation in Separation.objects.all():
        notifications.ready(separation)
        notifications.failed([separation.pk])
    notice = Notice.objects.get()
    assert (notice.user, notice.kind) == (user, Notice.Kind.IMPORT)
    assert notice.text == "“music”: 2 new, 1 known, 1 refused."
    import_runs.start_again(run)
    import_runs.carry_out(run, jobs=1)  # finds nothing new
    assert Notice.objects.count() == 1
    ask(Track.objects.all()[0], "compact:2stems", user)  # by themselves
    notifications.ready(Separation.objects.get(requests__silent=False))
    assert Notice.objects.filter(kind=Notice.Kind.SEPARATED).count() == 1


def test_stop_ends_waiting_and_running_imports(
    music: Path, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_runs, "_REPORT_SECONDS", 0.0)
    waiting, running = make_run(music, user), make_run(music, user, is_unwanted=True)
    import_runs.stop(waiting)
    import_runs.carry_out(running, jobs=1)
    assert set(ImportRun.objects.values_list("state", flat=True)) == {State.STOPPED}
    running.refresh_from_db()
    assert running.refused + running.new == 1


def test_interrupted_import_is_resumed_and_broken_one_fails(music: Path, user: User) -> None:
    run = make_run(music, user, state=State.RUNNING)
    assert import_runs.resume() == 1
    assert import_runs.next_waiting() == run.pk
    import_runs.fail_unfinished(run.pk)
    run.refresh_from_db()
    assert run.state == State.FAILED
    assert "not imported to its end" in Notice.objects.get(user=user).text
    import_runs.fail_unfinished(uuid4())
    run.folder = str(music / "nowhere")
    run.state = State.WAITING
    run.save()
    import_runs.carry_out(run, jobs=1)
    run.refresh_from_db()
    assert (run.state, run.detail) == (State.FAILED, "There is no such folder on this server.")


def test_admin_adds_stops_and_starts_import_again(
    client: Client, admin: User, user: User, music: Path
) -> None:
    fields = {"folder": str(music), "owner": str(user.pk), "visibility": "shared", "model": "compact:4stems"}
    assert "compact:4stems" in client.get(f"{LIST}add/").content.decode()
    answer = client.post(f"{LIST}add/", fields, follow=True)
    page = answer.content.decode()
    assert "Show progress" in page
    run = ImportRun.objects.get()
    assert (run.folder, run.owner, run.model, run.state) == (
        str(music),
        user,
        "compact:4stems",
        State.WAITING,
    )
    import_runs.carry_out(run, jobs=1)
    page = client.get(f"{LIST}{run.pk}/change/").content.decode()
    assert "Show progress" not in page
    assert "broken.mp3" in page
    chosen = {"_selected_action": [str(run.pk)]}
    client.post(LIST, {"action": "start_again", **chosen})
    client.post(LIST, {"action": "stop", **chosen})
    run.refresh_from_db()
    assert run.state == State.STOPPED
    page = client.post(LIST, {"action": "stop", **chosen}, follow=True).content.decode()
    assert "None of these was waiting or running." in page
    assert "music" in client.get(LIST).content.decode()


@pytest.mark.parametrize("folder", ["", "music", "/nowhere/at/all", "/", "DATA", "DATA/files"])
def test_admin_refuses_unsuitable_folder(client: Client, admin: User, settings: Any, folder: str) -> None:
    (Path(settings.DATA_DIR) / "files").mkdir(parents=True, exist_ok=True)
    path = folder.replace("DATA", str(settings.DATA_DIR))
    answer = client.post(f"{LIST}add/", {"folder": path, "owner": str(admin.pk), "visibility": "shared"})
    assert answer.status_code == 200
    assert not ImportRun.objects.exists()


def test_staff_without_superuser_cannot_import(client: Client, user: User, music: Path) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client.force_login(User.objects.get())
    run = make_run(music, user)
    addresses = (LIST, f"{LIST}add/", f"{LIST}{run.pk}/change/")
    assert [client.get(address).status_code for address in addresses] == [403, 403, 403]
