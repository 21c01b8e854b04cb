"""Folders that somebody asked for in the admin panel: what may be asked for, what becomes of it, and who may ask."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.test import Client

from accounts.models import User
from audio.encoding.encode import encode
from audio.types import Tags
from catalog.models import Track
from separation import import_runs
from separation.models import ImportRun, Separation
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


def wanted(folder: Path, owner: User, **values: Any) -> ImportRun:
    return ImportRun.objects.create(folder=str(folder), owner=owner, **values)


def test_a_folder_is_taken_in_and_the_row_tells_how_it_went(music: Path, user: User) -> None:
    run = wanted(music, user, visibility="private", model="compact:2stems")
    import_runs.carry_out(run, jobs=1)
    run.refresh_from_db()
    assert (run.state, run.new, run.known, run.refused) == (State.DONE, 2, 1, 1)
    ((path, code, detail),) = run.refusals
    assert (Path(path).name, code) == ("broken.mp3", "unsupported")
    assert detail
    assert set(Track.objects.values_list("owner", "visibility")) == {(user.pk, "private")}
    assert Separation.objects.count() == 2
    import_runs.carry_out(run, jobs=1)  # rung twice
    assert import_runs.start_again(run)
    assert import_runs.next_waiting() == run.pk
    import_runs.carry_out(run, jobs=1)
    run.refresh_from_db()
    assert (run.new, run.known, run.unchanged) == (0, 0, 4)


def test_whoever_does_not_want_it_any_more_ends_it(
    music: Path, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_runs, "_REPORT_SECONDS", 0.0)
    waiting, running = wanted(music, user), wanted(music, user, is_unwanted=True)
    import_runs.stop(waiting)
    import_runs.carry_out(running, jobs=1)
    assert set(ImportRun.objects.values_list("state", flat=True)) == {State.STOPPED}
    running.refresh_from_db()
    assert running.refused + running.new == 1


def test_what_breaks_off_says_so_and_what_the_end_of_the_machine_interrupted_waits_again(
    music: Path, user: User
) -> None:
    run = wanted(music, user, state=State.RUNNING)
    assert import_runs.resume() == 1
    assert import_runs.next_waiting() == run.pk
    import_runs.fail_unfinished(run.pk)
    run.refresh_from_db()
    assert run.state == State.FAILED
    import_runs.fail_unfinished(uuid4())
    run.folder = str(music / "nowhere")
    run.state = State.WAITING
    run.save()
    import_runs.carry_out(run, jobs=1)
    run.refresh_from_db()
    assert (run.state, run.detail) == (State.FAILED, "There is no such folder on this server.")


def test_asking_in_the_panel(client: Client, admin: User, user: User, music: Path) -> None:
    fields = {"folder": str(music), "owner": str(user.pk), "visibility": "shared", "model": "compact:4stems"}
    assert "compact:4stems" in client.get(f"{LIST}add/").content.decode()
    answer = client.post(f"{LIST}add/", fields, follow=True)
    page = answer.content.decode()
    assert "See how far it is" in page
    run = ImportRun.objects.get()
    assert (run.folder, run.owner, run.model, run.state) == (
        str(music),
        user,
        "compact:4stems",
        State.WAITING,
    )
    import_runs.carry_out(run, jobs=1)
    page = client.get(f"{LIST}{run.pk}/change/").content.decode()
    assert "See how far it is" not in page
    assert "broken.mp3" in page
    chosen = {"_selected_action": [str(run.pk)]}
    client.post(LIST, {"action": "start_again", **chosen})
    client.post(LIST, {"action": "stop", **chosen})
    run.refresh_from_db()
    assert run.state == State.STOPPED
    assert "music" in client.get(LIST).content.decode()


@pytest.mark.parametrize("folder", ["", "music", "/nowhere/at/all", "/", "DATA", "DATA/files"])
def test_what_is_no_folder_of_music_is_refused(
    client: Client, admin: User, settings: Any, folder: str
) -> None:
    (Path(settings.DATA_DIR) / "files").mkdir(parents=True, exist_ok=True)
    path = folder.replace("DATA", str(settings.DATA_DIR))
    answer = client.post(f"{LIST}add/", {"folder": path, "owner": str(admin.pk), "visibility": "shared"})
    assert answer.status_code == 200
    assert not ImportRun.objects.exists()


def test_only_administrators_say_which_folder_is_read(client: Client, user: User, music: Path) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client.force_login(User.objects.get())
    run = wanted(music, user)
    addresses = (LIST, f"{LIST}add/", f"{LIST}{run.pk}/change/")
    assert [client.get(address).status_code for address in addresses] == [403, 403, 403]
