"""Keys, and files that are put in their place once."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation

from catalog.errors import CatalogError
from catalog.storage import backend

KEY = backend.key_for("audio", "ab" * 32, "flac")


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("digest", ["", "abc", "../../../../etc/passwd", "AB" * 32, "zz" * 32])
def test_keys_are_made_of_digests_only(digest: str) -> None:
    assert backend.key_for("covers", "0123456789abcdef", "jpg") == "covers/01/23/0123456789abcdef.jpg"
    with pytest.raises(ValueError, match="not a digest"):
        backend.key_for("audio", digest, "flac")
    with pytest.raises(ValueError, match="not a digest"):
        backend.key_for("audio", "ab" * 32, "../x")


def test_stored_file_can_be_read_and_removed(tmp_path: Path) -> None:
    assert (backend.exists(KEY), backend.size(KEY)) == (False, None)
    path = write(tmp_path / "x", b"bytes")
    path.chmod(0o600)
    backend.store(path, KEY)
    assert not path.exists()
    assert (backend.exists(KEY), backend.size(KEY)) == (True, 5)
    with backend.local_copy(KEY) as copy:
        assert copy.read_bytes() == b"bytes"
        assert copy.stat().st_mode & 0o777 == 0o644
    backend.delete(KEY)
    backend.delete(KEY)
    assert not backend.exists(KEY)
    with pytest.raises(FileNotFoundError), backend.local_copy(KEY):
        pass


def test_store_replaces_only_a_truncated_file(tmp_path: Path) -> None:
    backend.store(write(tmp_path / "x", b"first"), KEY)
    os.utime(backend.local_path(KEY), (0, 0))
    backend.store(write(tmp_path / "x", b"again"), KEY)
    assert backend.local_path(KEY).read_bytes() == b"first"
    assert backend.local_path(KEY).stat().st_mtime > 0  # the collector sees that somebody wants it
    backend.store(write(tmp_path / "x", b"longer"), KEY)
    assert backend.local_path(KEY).read_bytes() == b"longer"
    assert os.listdir(backend.local_path(KEY).parent) == [Path(KEY).name]  # noqa: PTH208  # hidden ones too


def test_copy_of_a_file_with_another_size_than_its_row_is_refused(tmp_path: Path) -> None:
    backend.store(write(tmp_path / "x", b"bytes"), KEY)
    with backend.whole_copy(KEY, 5) as copy:
        assert copy.name == Path(KEY).name
    for key, size in ((KEY, 4), (backend.key_for("audio", "cd" * 32, "flac"), 5)):
        with pytest.raises(CatalogError, match="file_missing"), backend.whole_copy(key, size):
            pass


def test_keys_outside_the_folder_are_refused() -> None:
    with pytest.raises(SuspiciousFileOperation):
        backend.size("../../etc/passwd")


def test_full_disk_is_no_space_and_keeps_the_source(tmp_path: Path, monkeypatch: Any) -> None:
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = write(tmp_path / "x", b"bytes")
    monkeypatch.setattr(
        Path, "rename", lambda *_args: (_ for _ in ()).throw(OSError(errno.EXDEV, "other disk"))
    )
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(CatalogError) as refused:
        backend.store(path, KEY)
    assert (refused.value.code, refused.value.status) == ("no_space", 507)
    assert path.exists()
    assert not backend.exists(KEY)


def test_file_on_another_disk_is_copied(tmp_path: Path, monkeypatch: Any) -> None:
    path = write(tmp_path / "x", b"bytes")
    monkeypatch.setattr(
        Path, "rename", lambda *_args: (_ for _ in ()).throw(OSError(errno.EXDEV, "other disk"))
    )
    backend.store(path, KEY)
    assert backend.local_path(KEY).read_bytes() == b"bytes"
    assert not path.exists()


def test_check_space_keeps_the_disk_floor_free(settings: Any) -> None:
    free = shutil.disk_usage(settings.WORK_DIR).free
    settings.DISK_FLOOR_BYTES = free // 2
    backend.check_space(0)
    with pytest.raises(CatalogError, match="no_space"):
        backend.check_space(free)


def test_read_returns_byte_ranges(tmp_path: Path) -> None:
    backend.store(write(tmp_path / "x", b"0123456789"), KEY)
    assert backend.read(KEY, 2, 5, size=10) == b"234"
    assert backend.read(KEY, 8, 99, size=10) == b"89"
    with pytest.raises(CatalogError, match="file_missing"):
        backend.read(KEY, 0, 5, size=11)
    backend.delete(KEY)
    with pytest.raises(CatalogError, match="file_missing"):
        backend.read(KEY, 0, 5, size=10)
