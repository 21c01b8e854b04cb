"""Models of an administrator's own: descriptors from the page, their files, and what is wrong."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.checks import run_checks
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from separation.engines import download, modelspec
from separation.installations import lifecycle, worker
from separation.models import ModelInstallation, Separation
from separation.queue.requests import ask
from tests.factories import make_separation, make_track
from tests.separation.engines.exchange.onnx_file import Node, onnx_file
from tests.separation.engines.own_models import GOOD, known_in, put

pytestmark = pytest.mark.django_db
PAGE = "/admin/separation/modelinstallation/"
SLUG = "exchange:mynet"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """The folder of the administrator's descriptors."""
    settings.MODELS_DIR, settings.DISK_FLOOR_BYTES = tmp_path / "models", 0
    settings.MODELS_DIR.mkdir()
    with known_in(settings.MODELS_DIR) as own:
        yield own


def network() -> bytes:
    kernel = np.array([[[0.5], [0.0]], [[0.0], [0.5]], [[0.25], [0.0]], [[0.0], [0.25]]], dtype=np.float32)
    nodes = [Node("Conv", ["mixture", "kernel"], "flat"), Node("Reshape", ["flat", "shape"], "stems")]
    constants = {"kernel": kernel, "shape": np.array([1, 2, 2, 1000])}
    return onnx_file(nodes, constants, {"mixture": [1, 2, 1000]}, {"stems": [1, 2, 2, 1000]})


def send(client: Client, text: str, name: str = "my net.toml") -> str:
    """The page after uploading a descriptor."""
    file = SimpleUploadedFile(name, text.encode())
    return client.post(f"{PAGE}descriptors/add/", {"file": file}, follow=True).content.decode()


def forget(client: Client, name: str) -> str:
    """The page after removing a descriptor."""
    return client.post(f"{PAGE}descriptors/remove/", {"name": name}, follow=True).content.decode()


def upload(client: Client, content: bytes) -> str:
    file = SimpleUploadedFile("mynet.onnx", content)
    fields = {"file": file, "accepted": "yes"}
    return client.post(f"{PAGE}{SLUG}/upload/", fields, follow=True).content.decode()


def carry_out() -> ModelInstallation:
    """What a worker makes of the installation that waits."""
    lease = lifecycle.claim_next()
    assert lease is not None
    worker.carry_out(lease, lambda _renew: None)
    return ModelInstallation.objects.get()


def test_descriptor_and_file_are_uploaded_and_a_song_waits_for_it(
    client: Client, administrator: User, folder: Path
) -> None:
    page = send(client, GOOD)
    assert "The model exchange:mynet is known now." in page
    assert "MIT, code and weights." in page  # where the files are uploaded
    assert [path.name for path in folder.iterdir()] == ["mynet.toml"]
    assert "It waits for a worker." in upload(client, network())
    row = carry_out()
    assert (row.state, row.error_code) == ("installed", "")
    assert "other weights than the official ones" not in client.get(PAGE).content.decode()  # there are none
    assert SLUG in [spec.slug for spec in modelspec.available(folder.parent)]
    track = make_track(administrator)
    assert ask(track, SLUG, administrator).separation.model == SLUG
    changes = LogEntry.objects.order_by("pk").values_list("object_id", "change_message")
    assert list(changes) == [
        (SLUG, "descriptor added"),
        (SLUG, "licence accepted, installation from uploaded files"),
    ]


def test_page_of_a_descriptor_that_somebody_else_removed_is_not_found(
    client: Client, administrator: User
) -> None:
    send(client, GOOD)
    forget(client, "mynet.toml")
    for what in ("install", "remove"):
        assert client.get(f"{PAGE}{SLUG}/{what}/").status_code == 404
    for what in ("install", "upload", "cancel", "remove", "default"):
        assert client.post(f"{PAGE}{SLUG}/{what}/", {"accepted": "yes"}).status_code == 404
    assert client.get(f"/admin/separation/modelupgrade/start/{SLUG}/").status_code == 404


@pytest.mark.parametrize(
    "content", [b"no network", network()[:-20], onnx_file([], {}, {"mixture": [1, 2, 1000]}, {})]
)
def test_file_that_is_no_such_network_leaves_nothing(
    client: Client, administrator: User, folder: Path, content: bytes
) -> None:
    send(client, GOOD)
    upload(client, content)
    row = carry_out()
    assert (row.state, row.error_code) == ("failed", "not_model")
    assert "exchange:mynet: mynet.onnx: " in row.error_detail
    assert not (folder.parent / "mynet").exists()
    assert [path.name for path in (folder.parent / ".incoming").iterdir()] == ["mynet.lock"]


def test_wrong_descriptor_is_refused_with_file_and_key(
    client: Client, administrator: User, folder: Path
) -> None:
    page = send(client, GOOD.replace("stride", "strid"))
    assert "my net.toml: settings.strid: unknown key" in page
    assert "Choose a file." in client.post(f"{PAGE}descriptors/add/", follow=True).content.decode()
    taken = GOOD.replace('folder = "mynet"', 'folder = "htdemucs"')
    assert "my net.toml: folder: &#x27;htdemucs&#x27; is that of demucs:htdemucs" in send(client, taken)
    assert not folder.exists()


def test_wrong_descriptor_on_the_disk_is_listed_and_takes_nothing_down(
    client: Client, administrator: User, folder: Path
) -> None:
    put(folder, GOOD.replace("stride = 1000", 'stride = "long"'))
    sentence = "mynet.toml: settings.stride: must be a whole number, not 'long'"
    (warning,) = [message for message in run_checks() if message.id == "separation.W001"]
    assert warning.msg == sentence
    page = client.get(PAGE).content.decode()
    assert sentence.replace("'", "&#x27;") in page
    assert 'id="compact:2stems"' in page
    assert client.get("/").status_code == 200
    assert "The descriptor mynet.toml was removed." in forget(client, "mynet.toml")
    assert [message for message in run_checks() if message.id == "separation.W001"] == []


def test_a_corrected_descriptor_replaces_the_old_one(
    client: Client, administrator: User, folder: Path
) -> None:
    put(folder, GOOD, "by-hand.toml")
    send(client, GOOD.replace("rank = 8", "rank = 9"))
    assert modelspec.get(SLUG).rank == 9
    assert [path.name for path in folder.iterdir()] == ["by-hand.toml"]
    upload(client, network())
    assert "being installed already" in send(client, GOOD)
    carry_out()
    assert "Remove it first." in send(client, GOOD.replace('revision = "1"', 'revision = "2"'))
    send(client, GOOD.replace("rank = 8", "rank = 7"))
    assert modelspec.get(SLUG).rank == 7


def test_two_administrators_send_the_same_model_at_once(
    client: Client, administrator: User, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, pages = os.fsync, []

    def interrupted(file: int) -> None:
        monkeypatch.setattr(os, "fsync", sync)
        pages.append(send(client, GOOD.replace("rank = 8", "rank = 7")))
        sync(file)

    monkeypatch.setattr(os, "fsync", interrupted)
    pages.append(send(client, GOOD))
    assert all("The model exchange:mynet is known now." in page for page in pages)
    assert [path.name for path in folder.iterdir()] == ["mynet.toml"]
    assert modelspec.get(SLUG).rank == 8


def test_descriptor_in_use_is_not_removed(client: Client, administrator: User, folder: Path) -> None:
    send(client, GOOD)
    upload(client, network())
    assert "being installed already" in forget(client, "mynet.toml")
    carry_out()
    assert "Remove the model first" in forget(client, "mynet.toml")
    client.post(f"{PAGE}{SLUG}/remove/")
    track = make_track(administrator)
    separation = make_separation(track, model=SLUG)
    Separation.objects.filter(pk=separation.pk).update(status="queued")
    assert "song waits for this model" in forget(client, "mynet.toml")
    Separation.objects.filter(pk=separation.pk).update(status="failed")
    assert "The descriptor mynet.toml was removed." in forget(client, "mynet.toml")
    assert SLUG not in modelspec.SPECS
    assert "There is no such descriptor." in forget(client, "../../secret_key")
    assert client.get(f"/tracks/{track.pk}/").status_code == 200


def test_only_superusers_bring_descriptors(client: Client, user: User, folder: Path) -> None:
    user.is_staff = True
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="change_modelinstallation"))
    client.force_login(user)
    assert "Descriptor (TOML)" not in client.get(PAGE).content.decode()
    file = SimpleUploadedFile("a.toml", GOOD.encode())
    assert client.post(f"{PAGE}descriptors/add/", {"file": file}).status_code == 403
    assert client.post(f"{PAGE}descriptors/remove/", {"name": "a.toml"}).status_code == 403
    assert not folder.exists()


def test_api_lists_it_and_mixes_its_stems(client: Client, folder: Path) -> None:
    put(folder, GOOD)
    rows = {row["slug"]: row for row in json.loads(client.get("/api/v1/models/").content)}
    assert rows[SLUG]["stems"] == ["vocals", "rest"]
    assert rows[SLUG]["available"] is False


def test_command_installs_it_in_a_child_process(folder: Path, tmp_path: Path) -> None:
    put(folder, GOOD)
    (tmp_path / "mynet.onnx").write_bytes(network())
    call_command("fetch_models", "mynet", source=str(tmp_path), accept_licence=True)
    assert [spec.slug for spec in download.sharing("mynet")] == [SLUG]
    assert SLUG in [spec.slug for spec in modelspec.available(folder.parent)]


def test_command_lists_wrong_descriptors(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, GOOD.replace("rank = 8", ""))
    call_command("fetch_models")
    assert "its descriptor is wrong: mynet.toml: rank: missing" in capsys.readouterr().err
