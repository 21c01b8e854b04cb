"""Workers install models: resumed, cancelled, giving way to songs."""

import math
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import User
from separation.engines import download, modelspec
from separation.engines.descriptors import ModelUnavailable
from separation.installations import lifecycle, worker
from separation.models import ModelInstallation
from separation.queue.separator_holder import holder
from separation.separator.preparation import prepare_in_child
from tests.factories import make_queued
from tests.separation.engines.spleeter.archives import write
from tests.separation.installations.conftest import NAME, Release

pytestmark = pytest.mark.django_db


def no_song(_renew: Callable[[], None]) -> None:
    raise AssertionError("no song waits")


def install(release: Release, user: User, source: str = "") -> ModelInstallation:
    """Ask for it, and have it carried out; the row after that."""
    assert lifecycle.ask(release.spec, source, user)
    worker.carry_out_waiting(no_song)
    return ModelInstallation.objects.get()


def parts(release: Release) -> list[str]:
    return sorted(path.name for path in (release.models_dir / ".incoming").glob(f"{NAME}*/*"))


def test_model_is_installed(release: Release, user: User) -> None:
    row = install(release, user)
    assert (row.state, row.is_official, row.error_code) == ("installed", True, "")
    assert row.done_bytes == row.total_bytes == len(release.archive)
    assert release.is_installed()
    assert parts(release) == []


def test_broken_connection_is_tried_again_from_where_it_stopped(release: Release, user: User) -> None:
    release.server.break_after = 1000
    row = install(release, user)
    assert (row.state, row.error_code) == ("waiting", "broken")
    assert row.retry_at
    release.server.break_after = None
    ModelInstallation.objects.update(retry_at=None)
    worker.carry_out_waiting(no_song)
    row.refresh_from_db()
    assert row.state == "installed"
    assert release.ranges == [None, "bytes=1000-"]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda release: release.server.files.clear(), "not_found"),
        (
            lambda release: release.server.files.update({f"/{NAME}.tar.gz": bytes(len(release.archive))}),
            "damaged",
        ),
        (lambda release: release.server.files.update({f"/{NAME}.tar.gz": bytes(9_999_999)}), "damaged"),
    ],
    ids=["missing", "damaged", "oversized"],
)
def test_what_cannot_pass_fails_at_once(
    release: Release, user: User, spoil: Callable[[Release], None], code: str
) -> None:
    spoil(release)
    row = install(release, user)
    assert (row.state, row.error_code) == ("failed", code)
    assert not release.is_installed()


def test_disk_without_room_is_told_before_anything_arrives(
    release: Release, user: User, settings: object
) -> None:
    settings.DISK_FLOOR_BYTES = 1 << 60  # type: ignore[attr-defined]
    row = install(release, user)
    assert (row.state, row.error_code) == ("failed", "no_space")
    assert parts(release) == []


def test_other_weights_in_a_folder_are_refused(release: Release, user: User, tmp_path: Path) -> None:
    good = write(tmp_path / "good", {f"{NAME}.tar.gz": release.archive})
    bad = write(tmp_path / "bad", {f"{NAME}.tar.gz": release.archive + b"!"})
    assert install(release, user, str(bad)).error_code == "damaged"
    assert install(release, user, str(good)).state == "installed"
    assert release.ranges == []


def test_cancelled_installation_leaves_nothing(
    release: Release, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.server.break_after, release.server.stall = 1000, threading.Event()
    monkeypatch.setattr(worker, "RENEW_SECONDS", 0.0)
    real = lifecycle.advance

    def advance(lease: lifecycle.Lease, done: int, total: int | None) -> bool:
        if done:
            lifecycle.cancel(ModelInstallation.objects.get())
        return real(lease, done, total)

    monkeypatch.setattr(lifecycle, "advance", advance)
    row = install(release, user)
    release.server.stall.set()
    assert (row.state, release.is_installed(), parts(release)) == ("cancelled", False, [])


def test_process_that_is_told_to_stop_hands_back(
    release: Release, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drain(done: int, _total: int | None) -> bool:
        monkeypatch.setattr(holder, "draining", bool(done))
        return True

    release.server.break_after, release.server.stall = 1000, threading.Event()
    monkeypatch.setattr(worker, "RENEW_SECONDS", 0.0)
    monkeypatch.setattr(lifecycle, "advance", lambda _lease, *progress: drain(*progress))
    row = install(release, user)
    release.server.stall.set()
    assert (row.state, row.attempts) == ("waiting", 0)
    assert parts(release) == [f"{NAME}.tar.gz.part"]


def test_it_gives_way_to_a_song_and_goes_on_where_it_stopped(
    release: Release, user: User, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    settings.WORKERS = 1  # type: ignore[attr-defined]
    make_queued(user)
    songs: list[str] = []
    real = worker._Keeper.step

    def step(keeper: worker._Keeper, done: int, total: int | None) -> None:
        keeper._turn_until = 0.0 if done and not songs else math.inf
        real(keeper, done, total)

    monkeypatch.setattr(worker._Keeper, "step", step)
    release.server.pause = 0.0001

    def separate_one(renew: Callable[[], None]) -> None:
        renew()
        songs.append(ModelInstallation.objects.get().state)

    assert lifecycle.ask(release.spec, "", user)
    worker.carry_out_waiting(separate_one)
    assert songs == ["running"]
    assert release.is_installed()
    first, second = release.ranges
    assert first is None
    assert second is not None


def test_preparation_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    prepare_in_child(modelspec.SPECS["compact:2stems"], tmp_path, "auto", lambda: None)
    with pytest.raises(ModelUnavailable, match="not installed"):
        prepare_in_child(modelspec.SPECS["spleeter:2stems"], tmp_path, "auto", lambda: None)


def test_uploaded_files_are_verified(release: Release, user: User) -> None:
    name = f"{NAME}.tar.gz"
    parts = release.models_dir / ".incoming" / f"{NAME}.parts"
    with pytest.raises(download.FetchError, match="checksum differs"):
        download.receive(release.spec, release.models_dir, name, [release.archive[:-1]])
    assert not parts.exists()
    parts.mkdir()
    (parts / name).write_bytes(release.archive[:-1])  # damaged since then
    assert install(release, user, download.UPLOADED).error_code == "damaged"
    assert not parts.exists()
    half = len(release.archive) // 2
    blocks = [release.archive[:half], release.archive[half:]]
    assert download.receive(release.spec, release.models_dir, name, blocks) == set()
    assert install(release, user, download.UPLOADED).state == "installed"
    with pytest.raises(download.FetchError, match="has no file"):
        download.receive(release.spec, release.models_dir, "../evil", [b""])
