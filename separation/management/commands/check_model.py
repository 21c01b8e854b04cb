"""``manage.py check_model MODEL``: try a model on generated sound, before anybody separates songs with it."""

import math
from argparse import ArgumentParser
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audio.errors import AudioError
from separation.engines import descriptors, download, model_files, modelspec
from separation.engines.descriptors import SAMPLE_RATE, DescriptorError, ModelSpec, ModelUnavailable
from separation.engines.families import FAMILIES
from separation.installations import facts
from separation.separator.protocol import SeparatorError
from separation.separator.trial import Trial, as_installed, try_model

_SONG_SECONDS = 180


def _with_sizes(spec: ModelSpec, folder: Path) -> ModelSpec:
    """Return ``spec`` with the sizes of its files in ``folder``, as far as they are there."""
    files = (
        replace(file, size=path.stat().st_size) if (path := folder / file.name).is_file() else file
        for file in spec.files
    )
    return replace(spec, files=tuple(files))


class Command(BaseCommand):
    help = (
        "Separate a few seconds of generated sound with a model; print its parts, and the time and memory that it "
        "takes, or what is wrong. The model need not be installed, and nothing is kept."
    )
    requires_system_checks: list[str] = []  # `check` says what is missing

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", help="a model's name, or the file of a descriptor (.toml)")
        parser.add_argument(
            "--files",
            type=Path,
            help="the folder with the model's files (default: where they are installed, or the descriptor's folder)",
        )
        parser.add_argument("--seconds", type=float, default=20.0, help="length of the sound (default: 20)")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django passes them)
        name, files, seconds = options["model"], options["files"], options["seconds"]
        if not 0.1 <= seconds <= 3600:
            raise CommandError("--seconds: must be 0.1 to 3600")
        try:
            spec, descriptor = self._find(name)
            if descriptor and files is None:
                files = descriptor.parent
            settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
            with ExitStack() as stack:
                models_dir = settings.MODELS_DIR
                if files is not None:
                    own = descriptor or modelspec.SPECS.own.get(spec.slug)
                    models_dir = stack.enter_context(as_installed(spec, files, own, settings.WORK_DIR))
                sized = _with_sizes(spec, model_files.folder_of(spec, models_dir))
                trial = try_model(
                    spec,
                    models_dir,
                    seconds,
                    work_dir=settings.WORK_DIR,
                    engine=settings.SEPARATOR_ENGINE,
                    memory_limit=settings.SEPARATOR_MEMORY,
                )
        except (DescriptorError, ModelUnavailable, SeparatorError, AudioError, OSError) as error:
            raise CommandError(str(error)) from error
        self._report(spec, sized, trial)

    def _find(self, name: str) -> tuple[ModelSpec, Path | None]:
        """Return the model called ``name``, and its descriptor if that is what was named."""
        if name.endswith(".toml"):
            path = Path(name).absolute()
            spec = descriptors.read_own(path, FAMILIES[descriptors.OWN_FAMILY].SETTINGS)
            own = modelspec.SPECS.own
            others = [modelspec.get(slug) for slug in own if slug != spec.slug]
            modelspec.SPECS.check_own(spec, path.name, others)
            return spec, path
        try:
            return modelspec.get(name), None
        except ModelUnavailable:
            try:
                return download.find(name), None
            except download.FetchError as error:
                raise CommandError(str(error)) from error

    def _report(self, spec: ModelSpec, sized: ModelSpec, trial: Trial) -> None:
        self.stdout.write(
            f"{spec.slug}: {trial.samples / SAMPLE_RATE:.1f} s of sound, {trial.samples} samples"
        )
        for stem in trial.stems:
            level = f"{20 * math.log10(stem.peak):6.1f} dBFS" if stem.peak else "  silent   "
            self.stdout.write(f"  {stem.name:<20} {stem.samples} samples  {level}")
        song = trial.cpu_seconds * _SONG_SECONDS * SAMPLE_RATE / trial.samples
        self.stdout.write(
            f"{trial.cpu_seconds:.1f} s of processor time, so about {song:.0f} s for 3 minutes, in one thread; "
            f"{trial.loading_cpu_seconds:.1f} s to load the model"
        )
        needed = facts.needed_bytes(sized)
        if trial.peak_bytes is None or needed is None:
            return
        peak, expected = -(-trial.peak_bytes // 1_000_000), needed // 1_000_000
        self.stdout.write(f"{peak} MB of memory at most; by the descriptor {expected} MB")
        if spec.family != descriptors.OWN_FAMILY:
            return
        for stated, found in zip(spec.files, sized.files, strict=True):
            if stated.size != found.size:
                self.stdout.write(
                    self.style.WARNING(f"{found.name}: state size = {found.size}, it takes memory")
                )
        if peak > expected:
            more = spec.settings.chunk_mb + peak - expected
            self.stdout.write(self.style.WARNING(f"chunk_mb is too small: state at least {more}"))
