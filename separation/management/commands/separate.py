import logging
import math
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.administrator import get_or_create_administrator
from accounts.models import User
from audio import identity
from audio.formats import OUTPUT, STEREO_RATE
from catalog.errors import CatalogError
from catalog.management.database import migrate_database
from catalog.models import Track
from catalog.storage import backend
from catalog.storage.data_folder_lock import is_locked
from catalog.storage.recipes import Excerpt
from catalog.storage.renditions import check_codec, parse_bitrate
from catalog.uploads.checksum_lookup import claim
from catalog.uploads.ingest import ingest
from separation import model_choice
from separation.delivery.downloads import download_name, select_stems, stem_rendition
from separation.engines import modelspec
from separation.engines.descriptors import ModelSpec
from separation.error_messages import explain
from separation.management import output_files
from separation.management import spleeter_options as options
from separation.management.piped import printing_any_name
from separation.management.spleeter_options import FilenameFormat
from separation.models import Separation, Status, Stem
from separation.queue import worker
from separation.queue.recovery import recover
from separation.queue.requests import ask, check_installed, choose, withdraw
from separation.queue.separator_holder import holder

USAGE = 2
INTERRUPTED = 130
LOOK_SECONDS = 0.3
RECOVERY_SECONDS = 5.0


class Bar:
    """Progress of one song: a bar on a terminal, a line for each tenth elsewhere."""

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


@dataclass(frozen=True)
class Order:
    """What to make of every file. All options were checked before any work begins."""

    user: User
    model: str
    stems: list[str]
    codec: str
    bitrate: int | None
    output: Path
    template: FilenameFormat | None
    offset: float
    duration: float | None

    def excerpt(self, frames: int) -> Excerpt | None:
        """Return the part to write of ``frames`` samples; None for all. Raises ``CatalogError("no_excerpt")``."""
        start = round(self.offset * STEREO_RATE)
        stop = frames if self.duration is None else min(frames, start + round(self.duration * STEREO_RATE))
        if start >= stop:
            raise CatalogError("no_excerpt", f"the song has only {frames / STEREO_RATE:.2f} seconds")
        return None if (start, stop) == (0, frames) else Excerpt(start, stop)


class Command(BaseCommand):
    help = (
        "Separates songs into stems, through the same catalogue as the website: a song that is known comes "
        "back at once. Prints the paths of the files it has written. Takes the options of `spleeter separate` with "
        "their meaning: with -p what is left out (names, codec, bitrate, output folder) is as there, too, except "
        "that a song is written to its end and not to 600 seconds, and that a song whose stems would clip gets one "
        "smaller gain for all of them, which is said. Files of other songs are never overwritten: "
        "what has the same name gets a number."
    )
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let options stand between files, as Spleeter's command line does; after ``--`` there are files only."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)

        def parse_args(args: Sequence[str] | None = None, namespace: Namespace | None = None) -> Namespace:
            given = list(sys.argv[1:] if args is None else args)
            end = given.index("--") if "--" in given else len(given)
            found = parser.parse_intermixed_args(given[:end], namespace)
            found.files = [*found.files, *map(Path, given[end + 1 :])]
            return found

        parser.parse_args = parse_args  # type: ignore[method-assign,assignment]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
        parser.add_argument(
            "--inputs", "-i", nargs="+", type=Path, default=[], metavar="FILE", help="more of them"
        )
        parser.add_argument(
            "--output",
            "--output_path",
            "-o",
            type=Path,
            metavar="DIR",
            help=f"default: here; with -p {options.OUTPUT_PATH}",
        )
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--model", "-m", help=f"one of {', '.join(modelspec.SPECS)}")
        either.add_argument(
            "--params_filename",
            "-p",
            metavar="MODEL",
            help="a model as Spleeter names it, such as spleeter:4stems",
        )
        parser.add_argument("--stems", default="", help="only these, separated by commas")
        parser.add_argument(
            "--codec", "-c", help=f"one of {', '.join(OUTPUT)}; default: flac, with -p {options.CODEC}"
        )
        parser.add_argument(
            "--bitrate",
            "-b",
            help=f"in kbit/s, such as 192 or 192k; default: the codec's, with -p {options.BITRATE}",
        )
        parser.add_argument(
            "--filename_format",
            "-f",
            metavar="FORMAT",
            help="where each file belongs in the output folder, with {filename}, {foldername} (of the song), "
            "{instrument} and {codec}; default: 'Artist - Title (vocals).flac' in it, with -p "
            + options.FILENAME_FORMAT,
        )
        parser.add_argument(
            "--offset",
            "-s",
            metavar="SECONDS",
            help="write what comes after so many seconds. The song is separated as a whole, once; the excerpt is cut "
            "from its stems, to the sample",
        )
        parser.add_argument(
            "--duration", "-d", metavar="SECONDS", help="write at most so much; default: to the end"
        )
        parser.add_argument("--mwf", action="store_true", help="not possible here")
        parser.add_argument(
            "--adapter", "-a", default=options.ADAPTER, help="only Spleeter's own, for its scripts"
        )
        parser.add_argument("--verbose", action="store_true", help="say what is done meanwhile")
        parser.add_argument("--as", dest="email", metavar="EMAIL", help="whose songs they become")

    def run_from_argv(self, argv: list[str]) -> None:
        if "--verbose" not in argv:
            for app in ("separation", "catalog"):
                logging.getLogger(app).setLevel(logging.ERROR)  # what matters is told in one line per song
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with printing_any_name():
            super().run_from_argv(argv)

    def handle(self, *_args: Any, **given: Any) -> None:
        files = [*given["files"], *given["inputs"]]
        if not files:
            raise CommandError("name at least one file", returncode=USAGE)
        order = self._order(given)
        failed = 0
        try:
            for path in files:
                try:
                    self._separate(path, order)
                except CatalogError as error:
                    failed += 1
                    alternative = _alternative_to(order.model) if error.code == "model_unavailable" else ""
                    self.stderr.write(f"{path}: {error.detail}{alternative}")
                except BrokenPipeError:
                    raise
                except OSError as error:
                    failed += 1
                    self.stderr.write(f"{path}: {error.strerror or error}")
        except KeyboardInterrupt:
            self.stderr.write("Interrupted.")
            sys.exit(INTERRUPTED)
        finally:
            holder.close()
        if failed:
            sys.exit(1)

    def _order(self, given: dict[str, Any]) -> Order:
        """Check the options. Raises CommandError (status 2) for what cannot work with any file."""
        stems = [name.strip() for name in given["stems"].split(",") if name.strip()]
        spleeter = given["params_filename"] is not None
        output = given["output"] or (options.OUTPUT_PATH if spleeter else Path())
        codec = given["codec"] or (options.CODEC if spleeter else "flac")
        template = given["filename_format"] or (options.FILENAME_FORMAT if spleeter else None)
        try:
            options.check_possible(mwf=given["mwf"], adapter=given["adapter"], codec=codec)
            offset, duration = options.excerpt(given["offset"], given["duration"])
            bitrate = parse_bitrate(given["bitrate"] or (options.BITRATE if spleeter else None))
            check_codec(codec, bitrate)
            migrate_database()  # which knows the default model
            if spleeter:
                spec = options.model(given["params_filename"])
            else:
                spec = _model_with(stems) if stems and not given["model"] else choose(given["model"])
            form = options.FilenameFormat(template) if template else None
        except CatalogError as error:
            raise CommandError(str(error.detail), returncode=USAGE) from error
        if unknown := [name for name in stems if name not in spec.stems]:
            raise CommandError(
                f"{spec.slug} has no stem {', '.join(unknown)}; it has {', '.join(spec.stems)}",
                returncode=USAGE,
            )
        user = _account(given["email"])
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror}", returncode=USAGE) from error
        return Order(user, spec.slug, stems, codec, bitrate, output, form, offset, duration)

    def _separate(self, path: Path, order: Order) -> None:
        if not path.is_file():
            raise CatalogError("no_file", "there is no such file")
        track = self._ingest(path, order)
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
        if separation.gain < 1:
            quieter = -20 * math.log10(separation.gain)
            self.stderr.write(
                f"{path.name}: all stems are {quieter:.1f} dB quieter, so that none of them clips"
            )
        for written in self._write(path, separation, track, order):
            self.stdout.write(str(written))

    def _ingest(self, path: Path, order: Order) -> Track:
        """Find or ingest the track of a file; one known by its checksum is read once and not decoded."""
        known = claim(identity.checksum(path), path.name, order.user)
        if known is not None and backend.size(known.audio.key) == known.audio.size:
            self.stderr.write(f"{path.name}: in the library already")
            return known
        check_installed(modelspec.get(order.model))
        return ingest(path, filename=path.name, user=order.user).track

    def _wait(self, separation: Separation, bar: Bar) -> None:
        """Wait until it is finished: by the running queue if there is one, else separate in this process."""
        recovered = time.monotonic()
        while True:
            separation.refresh_from_db()
            if separation.is_finished:
                return
            bar.show(separation.progress)
            if not is_locked(settings.DATA_DIR):
                if not worker.has_room(separation):
                    raise backend.no_space()
                if worker.separate(separation.pk, bar.show):
                    continue
                if time.monotonic() - recovered > RECOVERY_SECONDS:
                    # Its worker may be dead, and no supervisor runs that would notice.
                    recovered = time.monotonic()
                    recover()
            time.sleep(LOOK_SECONDS)

    def _write(self, path: Path, separation: Separation, track: Track, order: Order) -> list[Path]:
        stems = select_stems(separation, order.stems)
        excerpt = order.excerpt(stems[0].audio.frames)
        extension = OUTPUT[order.codec].extension

        def named(stem: Stem) -> Path:
            if order.template is None:
                return order.output / download_name(track, stem.name, extension)
            return order.output / order.template.path(path, stem.name, extension)

        files = [(stem, stem_rendition(stem, track, order.codec, order.bitrate, excerpt)) for stem in stems]
        written = output_files.write(files, named, ignore_case=order.template is None)
        for there, stem in zip(written, stems, strict=True):
            if there != named(stem):
                self.stderr.write(f"{named(stem)}: another file has this name; written as {there.name}")
        return written


def _account(email: str | None) -> User:
    """Find the account of an address, the administrator's for None. Raises CommandError."""
    if not email:
        return get_or_create_administrator()[0]
    found = User.objects.filter(email=User.objects.normalize_email(email)).first()
    if found is None:
        raise CommandError(f"there is no account {email}", returncode=USAGE)
    return found


def _model_with(stems: list[str]) -> ModelSpec:
    """Choose the preferred model that has all of ``stems``, else the default one."""
    for spec in model_choice.available():
        if set(stems) <= set(spec.stems):
            return spec
    return choose(None)


def _alternative_to(model: str) -> str:
    """Continue the sentence that ``model`` is not installed: name an installed one with the same stems."""
    stems = modelspec.get(model).stems
    for spec in model_choice.available():
        if spec.stems == stems:
            return f" - or take the one that is here: --model {spec.slug}"
    return ""
