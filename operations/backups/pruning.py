"""Remove old snapshots, what interrupted backups left behind, and files that no snapshot names any more."""

import logging

from catalog.errors import CatalogError
from operations.backups import snapshots
from operations.backups.places import Place
from operations.backups.runs import RunLease
from operations.backups.snapshots import FILES, MANIFEST, SNAPSHOTS

log = logging.getLogger(__name__)


def prune(place: Place, keep: int, lease: RunLease) -> int:
    """Keep the newest ``keep`` snapshots; return how many files went.

    Where one of these cannot be read, no file is removed: it may be one that the unreadable one names.
    """
    complete, others = snapshots.names(place)
    for name in [*complete[:-keep], *others]:
        lease.check()
        manifest = f"{SNAPSHOTS}{name}/{MANIFEST}"
        place.delete(manifest)  # first, so that what is left of it after an interruption is no snapshot
        for path in place.sizes(f"{SNAPSHOTS}{name}/"):
            place.delete(path)
    named = set()
    for name in complete[-keep:]:
        try:
            named |= {
                file.place for file in snapshots.read_files(place, name, snapshots.read_manifest(place, name))
            }
        except CatalogError as error:
            log.warning("no file is removed, as snapshot %s cannot be read: %s", name, error.detail)
            return 0
    unnamed = [path for path in place.sizes(FILES) if path not in named]
    for path in unnamed:
        lease.check()
        place.delete(path)
    return len(unnamed)
