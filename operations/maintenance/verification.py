"""Compare stored files with their checksums, and repair what can be made again.

A damaged stem is separated again, a damaged rendition is thrown away. A damaged recording is marked
(``AudioFile.damaged_at``): whoever brings the same bytes again repairs it, and a backup has them. A picture is only
reported: its key is the checksum of its largest size.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import PurePosixPath
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from catalog.models import AudioFile, Rendition, file_storage
from catalog.storage import backend
from catalog.storage.covers import all_covers
from operations.backups.snapshots import copy_hashed
from operations.models import Scrub
from separation import lifecycle
from separation.engines import model_files, modelspec
from separation.models import Separation, Status

log = logging.getLogger(__name__)

STAGES = ("audio", "renditions", "covers")
KEPT_FINDINGS = 200
SAVE_SECONDS = 5.0
KEPT_PASSES = 50


@dataclass(frozen=True)
class Stored:
    """A file that a row names: where the pass is, its key, and what it should be (no size: unknown)."""

    position: str
    key: str
    sha256: str
    size: int | None


@dataclass(frozen=True)
class Finding:
    """What is wrong with a file (``missing``, ``damaged``); what was done (``separated``, ``deleted``, ``marked``)."""

    key: str
    problem: str
    action: str


def begin(*, scheduled: bool) -> Scrub:
    """Return the scheduled pass that is not finished yet, or a new one."""
    if scheduled:
        row = Scrub.objects.filter(is_scheduled=True, finished_at=None).first()
        if row is not None:
            return row
    old = Scrub.objects.values_list("pk", flat=True)[KEPT_PASSES:]
    Scrub.objects.filter(pk__in=list(old)).delete()
    return Scrub.objects.create(is_scheduled=scheduled, stage=STAGES[0])


def verify(
    scrub: Scrub, most: int | None = None, report: Callable[[Finding], None] = lambda _finding: None
) -> int:
    """Check all files behind the position of ``scrub``, or the next ``most``; return how many were wrong.

    Raises what the storage raises when it does not answer; the pass then goes on there the next time.
    """
    wrong = 0
    saved = time.monotonic()
    for stage, file in islice(_files(scrub), most):
        problem = problem_of(file)
        finding = _repair(stage, file, problem)
        if finding is not None:
            log.error("stored file %s is %s; %s", file.key, finding.problem, finding.action)
            report(finding)
            wrong += 1
            scrub.findings = [*scrub.findings, asdict(finding)][-KEPT_FINDINGS:]
            scrub.damaged += 1
        scrub.stage, scrub.position = stage, file.position
        scrub.files += 1
        scrub.size += file.size or 0
        if finding is not None or time.monotonic() - saved > SAVE_SECONDS:
            saved = time.monotonic()
            scrub.save()
    if next(_files(scrub), None) is None:
        scrub.finish()
    scrub.worked_at = timezone.now()
    scrub.save()
    return wrong


def portion() -> int:
    """Return how many files to check in an hour, so that all are checked within ``SCRUB_DAYS``."""
    files = AudioFile.objects.count() + Rendition.objects.count() + len(all_covers())
    return max(20, -(-files // (24 * settings.SCRUB_DAYS)))


def problem_of(file: Stored) -> str:
    """Return ``missing``, ``damaged``, or ``""`` for a file that is what it should be."""
    size = backend.size(file.key)
    if size is None:
        return "missing"
    if file.size is not None and size != file.size:
        return "damaged"
    try:
        with file_storage().open(file.key) as content:
            digest, _size = copy_hashed(content, None)
    except FileNotFoundError:
        return "missing"
    except OSError:
        if not backend.is_local():
            raise
        return "damaged"
    return "" if digest == file.sha256 else "damaged"


def _files(scrub: Scrub) -> Iterator[tuple[str, Stored]]:
    """Yield what is behind the position of ``scrub``, with its stage."""
    for stage in STAGES[STAGES.index(scrub.stage) :]:
        position = scrub.position if stage == scrub.stage else ""
        for file in _covers(position) if stage == "covers" else _rows(stage, position):
            yield stage, file


def _rows(stage: str, position: str) -> Iterator[Stored]:
    model = AudioFile if stage == "audio" else Rendition
    while True:
        rows = model._default_manager.order_by("pk")  # noqa: SLF001  # its public name
        if position:
            rows = rows.filter(pk__gt=UUID(position))
        batch = list(rows.values_list("pk", "key", "checksum", "size")[:500])
        for pk, key, checksum, size in batch:
            yield Stored(str(pk), key, checksum, size)
        if not batch:
            return
        position = str(batch[-1][0])


def _covers(position: str) -> Iterator[Stored]:
    for key in sorted(all_covers()):
        if key > position:
            yield Stored(key, key, PurePosixPath(key).stem, None)


def _repair(stage: str, file: Stored, problem: str) -> Finding | None:
    if stage == "audio":
        return _repair_audio(file, problem)
    if not problem:
        return None
    if stage == "covers":
        return Finding(file.key, problem, "marked") if file.key in all_covers() else None
    if not Rendition.objects.filter(key=file.key).delete()[0]:
        return None  # it was removed meanwhile
    backend.delete(file.key)
    return Finding(file.key, problem, "deleted")


def _repair_audio(file: Stored, problem: str) -> Finding | None:
    audio = AudioFile.objects.filter(pk=UUID(file.position), key=file.key, checksum=file.sha256).first()
    if audio is None:
        return None  # removed or replaced meanwhile
    if not problem:
        if audio.damaged_at is not None:
            AudioFile.objects.filter(pk=audio.pk).update(damaged_at=None)
        return None
    AudioFile.objects.filter(pk=audio.pk, damaged_at=None).update(damaged_at=Now())
    is_own = audio.uploads.exists() or audio.tracks.exists()
    separations = (
        [] if is_own else list(Separation.objects.filter(stems__audio=audio, status=Status.SUCCEEDED))
    )
    again = [separation for separation in separations if _can_be_made_again(separation)]
    queued = [lifecycle.requeue(separation) for separation in again]
    return Finding(file.key, problem, "separated" if any(queued) else "marked")


def _can_be_made_again(separation: Separation) -> bool:
    """Whether its model is installed, in the same revision, and its mixture is whole."""
    spec = modelspec.SPECS.get(separation.model)
    if spec is None or spec.revision != separation.revision:
        return False
    mixture = separation.mixture
    source = Stored("", mixture.key, mixture.checksum, mixture.size)
    return model_files.is_available(spec, settings.MODELS_DIR) and not problem_of(source)
