"""Files that are made from a model's official ones, and kept beside them with a seal that says from which."""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from audio.checksum import checksum


@dataclass(frozen=True, slots=True)
class DerivedFile:
    """A file beside the official ones."""

    name: str
    layout: str
    """All that its contents depend on besides the official files; another one makes it invalid."""

    @property
    def seal(self) -> str:
        """JSON beside it: layout, digests of the files that it was made from, and its own."""
        return f"{Path(self.name).stem}.json"

    def find(self, folder: Path, source: Mapping[str, str]) -> Path | None:
        """Return the file if it is intact and made from files with the digests `source`, by name."""
        path = folder / self.name
        with suppress(OSError, ValueError, KeyError, TypeError):  # not made yet, or by another release
            seal = json.loads((folder / self.seal).read_text())
            if seal["layout"] == self.layout and seal["source"] == dict(source):
                return path if checksum(path) == seal["sha256"] else None
        return None

    def keep(self, folder: Path, source: Mapping[str, str], content: memoryview) -> Path:
        """Write the file and its seal. Raises OSError on a read-only or full disk."""
        descriptor, partial = tempfile.mkstemp(dir=folder, prefix=f".{self.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            digest = checksum(Path(partial))
            Path(partial).chmod(0o644)  # as readable as the official ones
            Path(partial).replace(folder / self.name)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
        seal = {"layout": self.layout, "source": dict(source), "sha256": digest}
        partial_seal = folder / f"{self.seal}.part"
        partial_seal.write_text(json.dumps(seal, indent=1))
        partial_seal.replace(folder / self.seal)
        return folder / self.name
