"""Official models arrive whole or not at all, from wherever they come."""

import io
import json
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from separation.engines import model_files, modelspec
from separation.engines.download import FetchError, fetch, find, http
from separation.engines.spleeter import weights
from separation.engines.spleeter.checkpoint import CHECKPOINT_FILES
from separation.engines.spleeter.native import engine as native_engine
from separation.engines.spleeter.openvino import weights as openvino_weights
from separation.models import ModelInstallation
from tests.separation.engines.spleeter.archives import Mirror, archive, checkpoint, serving, write
from tests.separation.engines.spleeter.models import SMALL, with_filters

NAME = "2stems"
SLUG = "spleeter:2stems"
OFFICIAL = modelspec.SPECS[SLUG]


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as mirror:
        yield mirror


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The official model in small, so that it is refused by its digest and not by its size: its files."""
    assert OFFICIAL.archive
    spec = replace(with_filters(OFFICIAL, SMALL), archive=replace(OFFICIAL.archive, size=None))
    for slug in (SLUG, f"{SLUG}-16kHz"):
        monkeypatch.setitem(modelspec.SPECS.packaged, slug, spec)
    return checkpoint(spec)


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


def unseen(done: int, total: int | None) -> None:
    """Progress that nobody follows."""


def serve_file(models_dir: Path, source: str) -> bool | None:
    return fetch(find(NAME), models_dir, source=source, on_progress=unseen)


def is_there(models_dir: Path) -> bool:
    return model_files.is_available(modelspec.get(SLUG), models_dir)


def parts(models_dir: Path) -> Path:
    """Where what has arrived is kept."""
    return models_dir / ".incoming" / f"{NAME}.parts"


def leftovers(models_dir: Path) -> set[str]:
    return {path.name for path in (models_dir / ".incoming").iterdir()} - {f"{NAME}.lock"}


def test_a_model_of_official_size_serves_both_bandwidths(mirror: Mirror, models_dir: Path) -> None:
    mirror.offer(NAME, archive({f"./{name}": data for name, data in checkpoint(OFFICIAL).items()}))
    steps: list[tuple[int, int | None]] = []
    official = fetch(
        OFFICIAL, models_dir, source=mirror.url + "/", on_progress=lambda *step: steps.append(step)
    )
    assert not official  # whole, but not the weights that Spleeter's authors trained
    size = len(mirror.files[f"/{NAME}.tar.gz"])
    assert steps[:2] == [(0, None), (0, size)] or steps[0] == (0, size)
    assert steps[-1] == (size, size)
    slugs = {spec.slug for spec in modelspec.available(models_dir)}
    assert {SLUG, f"{SLUG}-16kHz"} <= slugs
    loaded = weights.load(OFFICIAL, models_dir)
    arranged = openvino_weights.arrange(OFFICIAL, loaded)
    for name, array in openvino_weights.load(OFFICIAL, models_dir).items():
        np.testing.assert_array_equal(array, arranged[name])
    np.testing.assert_array_equal(
        native_engine.load(OFFICIAL, models_dir), native_engine.pack(OFFICIAL, loaded)
    )
    assert leftovers(models_dir) == set()


def test_a_broken_download_is_no_model_and_goes_on_where_it_stopped(
    mirror: Mirror, models_dir: Path, small: dict[str, bytes]
) -> None:
    mirror.offer(NAME, archive(small))
    mirror.break_after = 1000
    for _ in range(2):
        with pytest.raises(FetchError, match="run it again to go on"):
            serve_file(models_dir, mirror.url)
        assert not is_there(models_dir)
    mirror.break_after = None
    serve_file(models_dir, mirror.url)
    assert is_there(models_dir)
    ranges = [wanted for path, wanted in mirror.asked if path.endswith(".gz")]
    assert ranges == [None, "bytes=1000-", "bytes=2000-"]


def test_a_server_without_ranges_starts_over(
    mirror: Mirror, models_dir: Path, small: dict[str, bytes]
) -> None:
    mirror.offer(NAME, archive(small))
    mirror.break_after, mirror.ranges = 1000, False
    with pytest.raises(FetchError):
        serve_file(models_dir, mirror.url)
    mirror.break_after = None
    serve_file(models_dir, mirror.url)
    assert is_there(models_dir)


def test_a_part_that_is_longer_than_the_file_is_dropped(
    mirror: Mirror, models_dir: Path, small: dict[str, bytes]
) -> None:
    mirror.offer(NAME, archive(small))
    write(parts(models_dir), {f"{NAME}.tar.gz.part": bytes(10_000_000)})
    serve_file(models_dir, mirror.url)
    assert is_there(models_dir)


def test_a_server_that_says_nothing_more_is_left(
    mirror: Mirror, models_dir: Path, small: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT_SECONDS", 0.2)
    mirror.offer(NAME, archive(small))
    mirror.break_after, mirror.stall = 1000, threading.Event()
    with pytest.raises(FetchError, match="run it again to go on"):
        serve_file(models_dir, mirror.url)
    mirror.stall.set()
    assert not is_there(models_dir)
    assert (parts(models_dir) / f"{NAME}.tar.gz.part").stat().st_size == 1000


def test_a_wrong_hash_is_refused_and_thrown_away(
    mirror: Mirror, models_dir: Path, small: dict[str, bytes]
) -> None:
    mirror.offer(NAME, archive(small))
    mirror.files[f"/{NAME}.tar.gz"] = archive(small | {"more": b"!"})
    with pytest.raises(FetchError, match="damaged"):
        serve_file(models_dir, mirror.url)
    assert not is_there(models_dir)
    assert leftovers(models_dir) == set()


@pytest.mark.parametrize("stated", [b"[1", b'["2stems"]', b"\xff"])
def test_checksums_of_a_mirror_must_be_readable(mirror: Mirror, models_dir: Path, stated: bytes) -> None:
    mirror.files["/checksum.json"] = stated
    with pytest.raises(FetchError) as caught:
        serve_file(models_dir, mirror.url)
    assert caught.value.code == "bad_checksums"


@pytest.mark.parametrize("stated", [None, b"{}"])
def test_a_mirror_that_states_no_checksum_is_held_to_the_official_one(
    mirror: Mirror, models_dir: Path, small: dict[str, bytes], stated: bytes | None
) -> None:
    mirror.offer(NAME, archive(small))
    mirror.files.pop("/checksum.json")
    if stated is not None:
        mirror.files["/checksum.json"] = stated
    with pytest.raises(FetchError, match="damaged"):
        serve_file(models_dir, mirror.url)


def test_the_official_address_is_held_to_the_official_checksums(
    mirror: Mirror, models_dir: Path, small: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.offer(NAME, archive(small))
    spec = modelspec.get(SLUG)
    assert spec.archive
    released = replace(spec.archive, url=f"{mirror.url}/{NAME}.tar.gz")
    for slug in (SLUG, f"{SLUG}-16kHz"):
        monkeypatch.setitem(modelspec.SPECS.packaged, slug, replace(spec, archive=released))
    with pytest.raises(FetchError, match="damaged"):
        serve_file(models_dir, mirror.url)
    assert not is_there(models_dir)


def test_nobody_there(models_dir: Path) -> None:
    with serving() as mirror:
        url = mirror.url
    with pytest.raises(FetchError, match="cannot reach"):
        serve_file(models_dir, url)


def test_a_local_archive_or_folder_will_do(tmp_path: Path, models_dir: Path, small: dict[str, bytes]) -> None:
    packed = write(tmp_path / "stick", {"2stems.tar.gz": archive(small)}) / "2stems.tar.gz"
    serve_file(models_dir, str(packed))
    assert is_there(models_dir)
    for number, source in enumerate((tmp_path / "a" / NAME, tmp_path / "b")):
        folder = write(source, small)
        serve_file(tmp_path / str(number), str(folder.parent if folder.name == NAME else folder))
        assert is_there(tmp_path / str(number))


@pytest.mark.parametrize(
    "content", [b"", b"no archive at all", archive({})[:-20]], ids=["nothing", "text", "half"]
)
def test_what_is_no_archive_is_no_model(
    tmp_path: Path, models_dir: Path, small: dict[str, bytes], content: bytes
) -> None:
    path = write(tmp_path, {"broken.tar.gz": content}) / "broken.tar.gz"
    with pytest.raises(FetchError):
        serve_file(models_dir, str(path))
    assert not is_there(models_dir)
    assert leftovers(models_dir) == set()


def test_an_archive_without_the_model_or_of_another_one_is_refused(
    tmp_path: Path, models_dir: Path, small: dict[str, bytes]
) -> None:
    others = {
        "half": {"model.index": small["model.index"]},
        "cut": small | {"model.data-00000-of-00001": small["model.data-00000-of-00001"][:-4]},
        "other": checkpoint(with_filters(OFFICIAL, (2, *SMALL[1:]))),
    }
    for name, files in others.items():
        path = write(tmp_path, {f"{name}.tar.gz": archive(files)}) / f"{name}.tar.gz"
        with pytest.raises(FetchError, match="not the model"):
            serve_file(models_dir, str(path))
    with pytest.raises(FetchError, match=r"holds no model\.index"):
        serve_file(models_dir, str(write(tmp_path / "empty", {})))
    assert not is_there(models_dir)


def test_members_with_hostile_names_stay_inside(
    tmp_path: Path, models_dir: Path, small: dict[str, bytes]
) -> None:
    content = archive({f"../../../{name}": data for name, data in small.items()})
    path = write(tmp_path, {"hostile.tar.gz": content}) / "hostile.tar.gz"
    before = set(tmp_path.parent.iterdir())
    serve_file(models_dir, str(path))
    assert is_there(models_dir)
    assert set(tmp_path.parent.iterdir()) == before
    assert {entry.name for entry in tmp_path.iterdir()} == {"hostile.tar.gz", "models"}


def test_links_in_an_archive_are_not_followed(tmp_path: Path, models_dir: Path) -> None:
    path = tmp_path / "links.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in CHECKPOINT_FILES:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(member)
    with pytest.raises(FetchError, match="not the model"):
        serve_file(models_dir, str(path))


def test_a_model_is_replaced_only_by_a_whole_one(
    mirror: Mirror, models_dir: Path, small: dict[str, bytes]
) -> None:
    mirror.offer(NAME, archive(small))
    serve_file(models_dir, mirror.url)
    before = model_files.read_seal(OFFICIAL, models_dir / NAME)
    mirror.break_after = 1000
    with pytest.raises(FetchError):
        serve_file(models_dir, mirror.url)
    assert model_files.read_seal(OFFICIAL, models_dir / NAME) == before
    newer = small | {CHECKPOINT_FILES[1]: bytes(len(small[CHECKPOINT_FILES[1]]))}
    mirror.break_after = None
    mirror.offer(NAME, archive(newer))
    with pytest.raises(FetchError, match="damaged"):
        serve_file(models_dir, mirror.url)  # what the broken download began was another archive
    serve_file(models_dir, mirror.url)
    after = model_files.read_seal(OFFICIAL, models_dir / NAME)
    assert after is not None
    assert after != before
    assert leftovers(models_dir) == set()


def test_one_at_a_time(mirror: Mirror, models_dir: Path, small: dict[str, bytes]) -> None:
    mirror.offer(NAME, archive(small))
    refused: list[str] = []

    def meanwhile(done: int, total: int | None) -> None:
        if not done:
            with pytest.raises(FetchError, match="already") as caught:
                serve_file(models_dir, mirror.url)
            refused.append(str(caught.value))

    fetch(find(NAME), models_dir, source=mirror.url, on_progress=meanwhile)
    assert len(refused) == 1
    assert is_there(models_dir)


def test_a_conversion_is_made_again_when_it_is_spoiled(
    tmp_path: Path, models_dir: Path, small: dict[str, bytes]
) -> None:
    serve_file(models_dir, str(write(tmp_path / "source", small)))
    spec = modelspec.get(SLUG)
    expected = native_engine.load(spec, models_dir).copy()
    file, seal = (
        models_dir / NAME / name for name in (native_engine.form().file.name, native_engine.form().file.seal)
    )
    for spoil in (lambda: file.write_bytes(b"short"), lambda: seal.write_text("{"), file.unlink):
        spoil()
        np.testing.assert_array_equal(native_engine.load(spec, models_dir), expected)
        assert json.loads(seal.read_text())["sha256"]


@pytest.mark.django_db
def test_the_command_fetches_lists_and_explains(
    mirror: Mirror, models_dir: Path, small: dict[str, bytes], settings: Any
) -> None:
    settings.MODELS_DIR, settings.MODELS_SOURCE = models_dir, mirror.url
    output = io.StringIO()
    call_command("fetch_models", stdout=output)
    assert f"not here: manage.py fetch_models {NAME}" in output.getvalue()
    with pytest.raises(CommandError, match="add --accept-licence"):
        call_command("fetch_models", NAME, stderr=io.StringIO())
    with pytest.raises(CommandError, match="404"):
        call_command("fetch_models", NAME, accept_licence=True, stderr=io.StringIO())
    mirror.offer(NAME, archive(small))
    output, progress = io.StringIO(), io.StringIO()
    call_command("fetch_models", NAME, source=mirror.url, accept_licence=True, stdout=output, stderr=progress)
    assert OFFICIAL.licence in progress.getvalue()
    row = ModelInstallation.objects.get()
    assert (row.folder, row.state, row.is_official, row.accepted_by) == (NAME, "installed", False, None)
    assert row.accepted_at
    assert "2stems: ready (not the official weights)" in output.getvalue()
    assert "100 %" in progress.getvalue()
    output = io.StringIO()
    call_command("fetch_models", stdout=output)
    assert f"{SLUG} " in output.getvalue().split("not here")[0]
    with pytest.raises(CommandError, match="no model '3stems'"):
        call_command("fetch_models", "3stems", stderr=io.StringIO())
