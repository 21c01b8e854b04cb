import logging
import shutil
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import installation
from accounts.models import User
from catalog import storage
from catalog.audio import identity
from catalog.audio.codecs import OUTPUT
from catalog.errors import CatalogError
from catalog.ingest import ingest
from catalog.lookups import claim
from catalog.models import Track
from catalog.renditions import check_codec, parse_bitrate
from separation import worker
from separation.ask import ask, choose, withdraw
from separation.desk import desk
from separation.downloads import chosen, download_name, stem_rendition
from separation.engines import modelspec
from separation.models import Separation, Status
from separation.reasons import explain
from separation.sweep import sweep

USAGE = 2
INTERRUPTED = 130
LOOK_SECONDS = 0.3
SWEEP_SECONDS = 5.0


class Bar:
    """Progress of one song: a bar that moves on a terminal, a line for each tenth elsewhere."""

    WIDTH = 30

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name = name
        self._stream = stream
        self._moves = stream.isatty()
        self._shown = -1

    def show(self, fraction: float) -> None:
        percent = int(100 * fraction)
        if percent == self._shown or (not self._moves and percent // 10 == self._shown // 10):
            return
        self._shown = percent
        if self._moves:
            done = int(self.WIDTH * fraction)
            self._stream.write(f"\r{self._name} [{'#' * done:-<{self.WIDTH}}] {percent:3d} %")
        else:
            self._stream.write(f"{self._name}: {percent} %\n")
        self._stream.flush()

    def end(self) -> None:
        if self._moves and self._shown >= 0:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


@dataclass
class Order:
    """What to make of every file, checked before any work begins."""

    user: User
    model: str
    stems: list[str]
    codec: str
    bitrate: int | None
    output: Path
    written: set[Path] = field(default_factory=set)


class Command(BaseCommand):
    help = (
        "Separates songs into stems, through the same catalogue as the website: a song that is known comes "
        "back at once. Prints the paths of the files it has written."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--output", "-o", type=Path, default=Path(), metavar="DIR", help="default: here")
        parser.add_argument("--model", "-m", help=f"one of {', '.join(modelspec.SPECS)}")
        parser.add_argument("--stems", "-s", default="", help="only these, separated by commas")
        parser.add_argument("--codec", "-c", default="flac", choices=sorted(OUTPUT))
        parser.add_argument("--bitrate", "-b", help="in kbit/s, such as 192 or 192k")
        parser.add_argument("--as", dest="email", metavar="EMAIL", help="whose songs they become")

    def run_from_argv(self, argv: list[str]) -> None:
        for app in ("separation", "catalog"):
            logging.getLogger(app).setLevel(logging.ERROR)  # what matters is told in one line per song
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        super().run_from_argv(argv)

    def handle(self, *_args: Any, **options: Any) -> None:
        order = self._order(options)
        failed = 0
        try:
            for path in options["files"]:
                try:
                    self._separate(path, order)
                except CatalogError as error:
                    failed += 1
                    self.stderr.write(f"{path}: {error.detail}")
                except OSError as error:
                    failed += 1
                    self.stderr.write(f"{path}: {error.strerror or error}")
        except KeyboardInterrupt:
            self.stderr.write("Interrupted.")
            sys.exit(INTERRUPTED)
        finally:
            desk.clear()
        if failed:
            sys.exit(1)

    def _order(self, options: dict[str, Any]) -> Order:
        """Raises CommandError (status 2) for what cannot work with any file."""
        stems = [name.strip() for name in options["stems"].split(",") if name.strip()]
        installation.migrate()
        try:
            bitrate = parse_bitrate(options["bitrate"])
            check_codec(options["codec"], bitrate)
            spec = _model_with(stems) if stems and not options["model"] else choose(options["model"])
            options["output"].mkdir(parents=True, exist_ok=True)
        except CatalogError as error:
            raise CommandError(str(error.detail), returncode=USAGE) from error
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}", returncode=USAGE) from error
        if unknown := [name for name in stems if name not in spec.stems]:
            raise CommandError(
                f"{spec.slug} has no stem {', '.join(unknown)}; it has {', '.join(spec.stems)}",
                returncode=USAGE,
            )
        user = installation.administrator()[0]
        if options["email"]:
            found = User.objects.filter(email=User.objects.normalize_email(options["email"])).first()
            if found is None:
                raise CommandError(f"there is no account {options['email']}", returncode=USAGE)
            user = found
        return Order(user, spec.slug, stems, options["codec"], bitrate, options["output"])

    def _separate(self, path: Path, order: Order) -> None:
        if not path.is_file():
            raise CatalogError("no_file", "there is no such file")
        track = self._take_in(path, order)
        separation = ask(track, order.model, order.user).separation
        bar = Bar(path.name, sys.stderr)
        try:
            self._wait(separation, bar)
        except KeyboardInterrupt:
            withdraw(separation, order.user)
            raise
        finally:
            bar.end()
        if separation.status != Status.SUCCEEDED:
            reason = explain(separation) or "nobody wants it any more"
            raise CatalogError(separation.error_code or "cancelled", reason)
        for written in self._write(separation, track, order):
            self.stdout.write(str(written))

    def _take_in(self, path: Path, order: Order) -> Track:
        """The track of this file. What is known by its checksum is read once, and never decoded."""
        known = claim(identity.checksum(path), path.name, order.user)
        if known is not None and storage.size(known.audio.key) == known.audio.size:
            self.stderr.write(f"{path.name}: in the library already")
            return known
        return ingest(path, filename=path.name, user=order.user).track

    def _wait(self, separation: Separation, bar: Bar) -> None:
        """Until it is finished, by the running queue when there is one, else by this process."""
        swept = time.monotonic()
        while True:
            separation.refresh_from_db()
            if separation.is_finished:
                return
            bar.show(separation.progress)
            if not installation.is_running(settings.DATA_DIR):
                if not worker.has_room(separation):
                    raise storage.no_space()
                if worker.separate(separation.pk, bar.show):
                    continue
                if time.monotonic() - swept > SWEEP_SECONDS:
                    # Whoever works on it may be dead, and no sweeper runs but this.
                    swept = time.monotonic()
                    sweep()
            time.sleep(LOOK_SECONDS)

    def _write(self, separation: Separation, track: Track, order: Order) -> Sequence[Path]:
        paths = []
        for stem in chosen(separation, order.stems):
            made = stem_rendition(stem, track, order.codec, order.bitrate)
            path = _free(
                order.output / download_name(track, stem.name, OUTPUT[order.codec].extension), order.written
            )
            with storage.local_copy(made.key) as source, storage.beside(path) as temporary:
                shutil.copyfile(source, temporary)
                temporary.replace(path)
            order.written.add(path)
            paths.append(path)
        return paths


def _model_with(stems: list[str]) -> modelspec.ModelSpec:
    """The preferred model that has all of ``stems``; the default one when none has."""
    for spec in modelspec.available(settings.MODELS_DIR):
        if set(stems) <= set(spec.stems):
            return spec
    return choose(None)


def _free(path: Path, written: set[Path]) -> Path:
    """``path``, or a numbered one when another song of this run has that name."""
    number, candidate = 1, path
    while candidate in written:
        number += 1
        candidate = path.with_stem(f"{path.stem} {number}")
    return candidate
