"""The page of models in the admin site: what it shows, who may do what, and what is remembered."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone, translation
from rest_framework.test import APIClient

from accounts.models import User
from separation import model_choice
from separation.engines import download, modelspec, registry
from separation.engines.descriptors import ModelFile
from separation.engines.download import installing
from separation.installations import facts, lifecycle
from separation.models import ModelInstallation, Separation, Status
from separation.web import model_menu
from tests.factories import make_separation, make_track
from tests.separation.installations.conftest import NAME, SLUG, Release

pytestmark = pytest.mark.django_db
PAGE = "/admin/separation/modelinstallation/"


def act(client: Client, slug: str, what: str, **fields: Any) -> str:
    """The page after doing it."""
    return client.post(f"{PAGE}{slug}/{what}/", fields, follow=True).content.decode()


@pytest.mark.parametrize(
    ("slug", "text", "is_comparable"),
    [
        ("demucs:htdemucs", "8.8 dB SDR on MUSDB18-HQ, test", True),  # as it is stated
        ("openunmix:umxl", "6.3 dB SDR on musdb18, test, median of frames and tracks", True),  # the mean
        ("compact:2stems", "7.8 dB SDR on 18 semi-real mixtures of this project", False),
    ],
)
def test_quality_is_that_of_all_parts(slug: str, text: str, is_comparable: bool) -> None:
    quality = facts.card(modelspec.get(slug)).quality
    assert quality is not None
    assert (quality.text, quality.is_comparable) == (text, is_comparable)


def test_quality_names_its_data_set_in_the_language_of_the_reader() -> None:
    with translation.override("es"):
        quality = facts.card(modelspec.get("compact:2stems")).quality
        assert quality is not None
        assert quality.text == "7,8 dB SDR en 18 mezclas semirreales de este proyecto"
        official = facts.card(modelspec.get("demucs:htdemucs")).quality
        assert official is not None
        assert official.text == "8,8 dB SDR en MUSDB18-HQ, test"


def test_source_of_quality_is_an_address_where_there_is_one() -> None:
    for slug, address in (("demucs:htdemucs", "https://arxiv.org/abs/2211.08553"), ("compact:2stems", "")):
        published = facts.card(modelspec.get(slug)).published
        assert published is not None
        assert published.address == address
    assert facts.card(modelspec.get("spleeter:2stems")).published is None


def put(release: Release) -> None:
    """Install it without rows."""
    download.fetch(
        release.spec, release.models_dir, on_progress=lambda *_progress: None, prepare=registry.prepare
    )


def test_page_says_what_each_model_is(client: Client, administrator: User, user: User) -> None:
    separation = make_separation(make_track(user, seconds=90.0), model="compact:2stems")
    now = timezone.now()
    Separation.objects.update(started_at=now - timedelta(seconds=20), finished_at=now)
    page = client.get(PAGE).content.decode()
    for spec in modelspec.SPECS.values():
        assert f'id="{spec.slug}"' in page
    assert "24,097 songs" in page  # provenance
    assert "3 minutes of music take about 40\xa0s on this server." in page.replace("&nbsp;", "\xa0") or (
        "3 minutes of music take about 40 s on this server." in page
    )
    assert "8.5 s of processor time" in page  # of the descriptor
    assert "190 s of processor time" in page
    assert "Demucs 4. Much clearer, and takes longer." in page
    assert "a separation may have" in page
    assert "Cancel" not in page
    assert separation.model in page


def test_model_that_does_not_fit_says_so_before_it_is_fetched(
    client: Client, administrator: User, settings: Any
) -> None:
    settings.SEPARATOR_MEMORY = 50_000_000
    assert "It does not fit: it needs" in client.get(f"{PAGE}{SLUG}/install/").content.decode()
    assert not any(card.fits for group in facts.groups() for card in group.cards)


def test_licence_must_be_accepted_and_who_did_is_remembered(
    client: Client, administrator: User, release: Release
) -> None:
    assert release.spec.licence in client.get(f"{PAGE}{SLUG}/install/").context["card"].spec.licence
    assert "Accept the licence" in act(client, SLUG, "install")
    assert not ModelInstallation.objects.exists()
    assert "It waits for a worker." in act(client, SLUG, "install", accepted="yes")
    row = ModelInstallation.objects.get()
    assert (row.accepted_by, row.licence, row.folder) == (administrator, release.spec.licence, NAME)
    assert "being installed already" in act(client, f"{SLUG}-16kHz", "install", accepted="yes")
    assert "cancelled" in act(client, SLUG, "cancel")
    entries = LogEntry.objects.order_by("pk").values_list("object_id", "change_message")
    assert [message.split(",")[0] for _slug, message in entries] == [
        "licence accepted",
        "installation cancelled",
    ]
    assert {slug for slug, _message in entries} == {SLUG}


def test_licence_is_shown_and_kept_in_the_language_of_the_reader(
    client: Client, administrator: User, release: Release
) -> None:
    page = client.get(f"{PAGE}{SLUG}/install/", headers={"Accept-Language": "es"}).content.decode()
    assert "El código tiene la licencia MIT." in page
    client.post(f"{PAGE}{SLUG}/install/", {"accepted": "yes"}, headers={"Accept-Language": "es"})
    assert ModelInstallation.objects.get().licence.startswith("El código tiene la licencia MIT.")


def test_failed_installation_says_why(client: Client, administrator: User) -> None:
    ModelInstallation.objects.create(folder=NAME, model=SLUG, state="failed", error_code="no_space")
    page = client.get(PAGE).content.decode()
    assert "It could not be installed." in page
    assert "no room for this model" in page


def test_what_is_tried_again_later_can_be_installed_from_elsewhere_at_once(
    client: Client, administrator: User, release: Release
) -> None:
    address = f"{PAGE}{SLUG}/install/"
    act(client, SLUG, "install", accepted="yes")
    assert address not in client.get(PAGE).content.decode()
    lease = lifecycle.claim_next()
    assert lease is not None
    lifecycle.fail(lease, "unreachable", "", retry=True)
    page = client.get(PAGE).content.decode()
    assert "use a mirror, a folder or an upload" in page
    assert address in page
    assert 'data-state="waiting retried"' in page  # so that the button appears without loading the page again
    act(client, SLUG, "install", accepted="yes", source=str(release.models_dir))
    row = ModelInstallation.objects.get()
    assert (row.state, row.source, row.retry_at) == ("waiting", str(release.models_dir), None)
    lease = lifecycle.claim_next()
    assert lease is not None
    lifecycle.fail(lease, "broken", "", retry=True)
    file = SimpleUploadedFile(f"{NAME}.tar.gz", release.archive)
    assert "It waits for a worker." in act(client, SLUG, "upload", file=file, accepted="yes")
    assert ModelInstallation.objects.get().source == download.UPLOADED


def test_uploaded_file_is_stored_and_installed(client: Client, administrator: User, release: Release) -> None:
    file = SimpleUploadedFile(f"{NAME}.tar.gz", release.archive)
    assert "Accept the licence" in act(client, SLUG, "upload", file=file)
    other = SimpleUploadedFile("other.zip", b"x")
    page = act(client, SLUG, "upload", file=other, accepted="yes")
    assert f"It needs: {NAME}.tar.gz" in page
    file.seek(0)
    assert "It waits for a worker." in act(client, SLUG, "upload", file=file, accepted="yes")
    assert ModelInstallation.objects.get().source == download.UPLOADED


def test_files_are_uploaded_one_after_the_other_and_a_wrong_one_is_refused_at_once(
    client: Client, administrator: User, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {"a.bin": b"one", "b.bin": b"two"}
    files = tuple(ModelFile(name, sha256=sha256(data).hexdigest()) for name, data in contents.items())
    monkeypatch.setitem(modelspec.SPECS.packaged, SLUG, replace(release.spec, archive=None, files=files))

    def upload(name: str, data: bytes) -> str:
        return act(client, SLUG, "upload", file=SimpleUploadedFile(name, data), accepted="yes")

    page = upload("a.bin", b"")
    assert "What arrived is not the official file" in page
    assert "Here already" not in page  # where the next one is uploaded
    assert "The file a.bin is here. Still missing: b.bin" in upload("a.bin", b"one")
    assert "Here already: a.bin" in client.get(f"{PAGE}{SLUG}/install/").content.decode()
    assert "What arrived is not the official file" in upload("b.bin", b"one")
    assert not ModelInstallation.objects.exists()
    assert "It waits for a worker." in upload("b.bin", b"two")


def test_folder_must_exist(client: Client, administrator: User, release: Release) -> None:
    page = act(client, SLUG, "install", accepted="yes", source="/no/such/folder")
    assert "There is no such file or folder" in page
    act(client, SLUG, "install", accepted="yes", source=str(release.models_dir))
    assert ModelInstallation.objects.get().source == str(release.models_dir)


def first_of_the_menu() -> str:
    """The model of two parts that people are offered first."""
    return model_menu.installed(AnonymousUser())[0].first[0].model.slug


def test_default_is_the_chosen_model_everywhere(
    client: Client, administrator: User, release: Release, api: APIClient
) -> None:
    assert "not installed" in act(client, SLUG, "default")
    put(release)
    assert model_choice.default().slug == f"{SLUG}-16kHz"  # by the order of the descriptors
    act(client, "compact:2stems", "default")
    assert model_choice.default().slug == "compact:2stems"
    assert first_of_the_menu() == "compact:2stems"
    models = api.get("/api/v1/models/").json()
    assert [model["slug"] for model in models if model["default"]] == ["compact:2stems"]
    assert models[0]["slug"] == "compact:2stems"
    act(client, SLUG, "default")
    assert model_choice.best_for(2).slug == SLUG
    assert model_choice.best_for(4).slug == "compact:4stems"
    assert LogEntry.objects.filter(change_message="made the default").count() == 2


def test_model_is_removed_unless_it_is_used(
    client: Client, administrator: User, user: User, release: Release
) -> None:
    put(release)
    model_choice.choose(release.spec)
    waiting = make_separation(make_track(user), model=SLUG, status=Status.QUEUED)
    assert "1 song waits for this model" in client.get(f"{PAGE}{SLUG}/remove/").content.decode()
    assert "1 song waits for this model" in act(client, SLUG, "remove")
    assert release.is_installed()
    Separation.objects.filter(pk=waiting.pk).delete()
    assert "was removed" in act(client, SLUG, "remove")
    assert not release.is_installed()
    assert list((release.models_dir / ".incoming").glob(f"{NAME}-*")) == []
    assert model_choice.default().slug == "compact:2stems"
    assert "cannot be removed" in act(client, "compact:2stems", "remove")


def test_what_is_installed_is_not_installed_again(
    client: Client, administrator: User, release: Release
) -> None:
    put(release)
    lifecycle.record(release.spec, "", official=False)
    client.force_login(administrator)
    page = act(client, SLUG, "install", accepted="on")
    assert "This model is installed already. Remove it before you install it again." in page
    row = ModelInstallation.objects.get()
    assert (row.state, row.is_official) == (ModelInstallation.State.INSTALLED, False)


def test_removing_twice_at_the_same_time_names_no_command(
    client: Client, administrator: User, release: Release
) -> None:
    put(release)
    with installing.lock(release.spec, release.models_dir):
        page = act(client, SLUG, "remove")
    assert "are being changed by somebody else" in page
    assert release.is_installed()


def test_pages_need_permission(client: Client, user: User, other: User, release: Release) -> None:
    for person in (user, other):
        User.objects.filter(pk=person.pk).update(is_staff=True)
    grant = Permission.objects.get
    user.user_permissions.add(grant(codename="view_modelinstallation"))
    client.force_login(user)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "Install" not in page.content.decode().split("<main", 1)[-1].replace("Installed", "")
    for what in ("install", "cancel", "remove", "default", "upload"):
        assert client.post(f"{PAGE}{SLUG}/{what}/").status_code == 403
    user.user_permissions.set([grant(codename="change_modelinstallation")])
    assert client.post(f"{PAGE}{SLUG}/install/", {"accepted": "yes", "source": "/etc"}).status_code == 403
    assert client.post(f"{PAGE}{SLUG}/install/", {"accepted": "yes"}).status_code == 302
    client.force_login(other)
    assert client.get(PAGE).status_code == 403
    file = SimpleUploadedFile("x", b"x")
    assert client.post(f"{PAGE}{SLUG}/upload/", {"file": file}).status_code == 403


def test_dashboard_tells_once_that_better_models_exist(
    client: Client, administrator: User, release: Release
) -> None:
    hint = "Better models exist"
    assert hint in client.get("/admin/").content.decode()
    put(release)
    assert hint not in client.get("/admin/").content.decode()
    download.remove(release.spec, release.models_dir)
    assert hint in client.get("/admin/").content.decode()
    client.post(f"{PAGE}dismiss/")
    assert hint not in client.get("/admin/").content.decode()
