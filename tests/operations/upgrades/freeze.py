"""``python -m tests.operations.upgrades.freeze``: writes a data folder of this version, as ``<version>.tar.gz``.

Every later version must open it (``test_upgrades.py``). Run it once before a release, and again before that whenever
initial migrations were made anew.
"""

import hashlib
import json
import os
import sqlite3
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import django

HERE = Path(__file__).parent
KEPT = ("stemoteca.sqlite3", "secret_key", "files", "expected.json")


def freeze() -> Path:
    """Make an installation with one of everything and small files, and pack it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {
            "STEMOTECA_DATA": name,
            "STEMOTECA_DATABASE": "",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        django.setup()
        from django.conf import settings  # noqa: PLC0415  # Django is set up only now

        from catalog.management.database import migrate_database  # noqa: PLC0415
        from tests.e2e.furniture import EMAIL, PASSWORD, furnish  # noqa: PLC0415

        migrate_database()
        places = furnish()
        _shrink_files()
        expected = {"rows": _counts(), "places": places, "email": EMAIL, "password": PASSWORD}
        (folder / "expected.json").write_text(json.dumps(expected, indent=1))
        _compact(folder / "stemoteca.sqlite3")
        path = HERE / f"{settings.VERSION}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for kept in KEPT:
                archive.add(folder / kept, kept, filter=_anonymous)
    return path


def _shrink_files() -> None:
    """Give every recording and stem a file of a tenth of a second."""
    import soundfile  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    from catalog.models import AudioFile  # noqa: PLC0415
    from catalog.storage import backend  # noqa: PLC0415
    from tests.songs import RATE, song  # noqa: PLC0415

    for seed, audio in enumerate(AudioFile.objects.order_by("created_at")):
        path = settings.WORK_DIR / "small.flac"
        soundfile.write(path, song(0.1, seed=seed), RATE, subtype="PCM_16")
        audio.checksum, audio.size = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size
        audio.save()
        backend.replace(path, audio.key)


def _counts() -> dict[str, int]:
    from operations.backups.rows import tables  # noqa: PLC0415

    return {label: model._base_manager.count() for label, model in tables().items()}


def _compact(database: Path) -> None:
    from django.db import connection  # noqa: PLC0415

    connection.close()
    with sqlite3.connect(database) as sqlite:
        sqlite.execute("PRAGMA journal_mode=DELETE")
        sqlite.execute("VACUUM")


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def main() -> None:
    """Freeze, and say where."""
    path: Any = freeze()
    print(f"{path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
