"""What backups cost: ``python -m benchmarks backup --tracks 10000``.

Fills SQLite with a generated catalogue under the cache folder, every recording and stem with a small file of its own
(so that the number of files counts, not their size), and runs the commands as people do.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from uuid import UUID

from benchmarks.measure import ROOT, Cost

HEADS = ["", "wall s", "CPU s", "peak MB"]
_FILE = 4_096  # bytes of each
_NEW = 100  # files that come before the second backup
_BATCH = 2_000


def measured(tracks: int, cache: Path) -> list[list[str]]:
    """Back up, back up again, check, restore into an empty installation, verify; a row for each."""
    folder = (cache / f"backup-{tracks}").absolute()
    shutil.rmtree(folder, ignore_errors=True)
    source, target, restored = folder / "data", folder / "target", folder / "restored"
    files = _filled(tracks, source)
    size = (source / "stemoteca.sqlite3").stat().st_size / 1e6
    place = str(target)
    rows = [(f"the first backup: {files} files, database of {size:.0f} MB", _run(source, "backup", place))]
    rows.append(("a backup with nothing new", _run(source, "backup", place)))
    _run_here(source, "_renew")
    rows.append((f"a backup with {_NEW} new files", _run(source, "backup", place)))
    rows.append(("`restore --check`", _run(source, "restore", place, "--check")))
    rows.append(("restore", _run(restored, "restore", place)))
    rows.append(("verify", _run(restored, "verify")))
    shutil.rmtree(folder)
    return [[name, f"{cost.wall:.0f}", f"{cost.cpu:.0f}", f"{cost.peak:.0f}"] for name, cost in rows]


def _run(data: Path, *arguments: str) -> Cost:
    """A command of an installation, and what it cost."""
    started = time.perf_counter()
    environment = os.environ | {"STEMOTECA_DATA": str(data), "STEMOTECA_DATABASE": ""}
    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{arguments} failed with status {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1e3 * 1.024)


def _filled(tracks: int, data: Path) -> int:
    """Fill an installation in another process, whose Django has these settings; return how many files it has."""
    return int(_run_here(data, "_fill", str(tracks)).split()[-1])


def _run_here(data: Path, function: str, *arguments: str) -> str:
    call = f"backup.{function}({', '.join(arguments)})"
    script = f"import django; django.setup(); from benchmarks import backup; print({call})"
    environment = os.environ | {
        "STEMOTECA_DATA": str(data),
        "STEMOTECA_DATABASE": "",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _fill(tracks: int) -> int:
    from benchmarks.catalogue.population import Crowd  # noqa: PLC0415  # after `django.setup`
    from catalog.management.database import migrate_database  # noqa: PLC0415
    from catalog.models import Album, AudioFile  # noqa: PLC0415

    migrate_database()
    Crowd(tracks).fill()
    Album.objects.update(cover="")
    _write_files(iter(AudioFile.objects.values_list("pk", flat=True)))
    return AudioFile.objects.count()


def _renew() -> int:
    from catalog.models import AudioFile  # noqa: PLC0415  # after `django.setup`

    return _write_files(iter(AudioFile.objects.values_list("pk", flat=True)[:_NEW]), b"new ")


def _write_files(ids: Iterator[UUID], beginning: bytes = b"") -> int:
    """Give these rows files, and the files' checksums and sizes."""
    from catalog.models import AudioFile  # noqa: PLC0415  # after `django.setup`
    from catalog.storage import backend  # noqa: PLC0415

    count = 0
    while batch := list(islice(ids, _BATCH)):
        rows = []
        for pk in batch:
            data = (beginning + str(pk).encode()).ljust(_FILE, b".")
            digest = hashlib.sha256(data).hexdigest()
            path = backend.local_path(key := backend.key_for("audio", digest, "flac"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            rows.append(AudioFile(pk=pk, key=key, checksum=digest, size=_FILE))
        AudioFile.objects.bulk_update(rows, ["key", "checksum", "size"], batch_size=200)
        count += len(rows)
    return count
