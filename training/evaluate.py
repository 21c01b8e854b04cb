"""Judge weights side by side: ``python -m training.evaluate --stems 2 --weights first=A.npz --weights new=B.npz``.

Everything runs through the project's own engine, as a song in production does. Reported is the global
signal-to-distortion ratio of each stem in dB (10 log10 of the stem's energy over the error's), the mean over
mixtures and the worst one; where nobody sings, the level of the vocals stem below the mixture.
"""

import argparse
import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from separation.engines.protocol import Engine
from separation.engines.spleeter.openvino import weights as openvino_weights
from separation.engines.spleeter.openvino.engine import OpenVinoEngine
from separation.engines.streaming import separate
from training import weightfile
from training.data import sets
from training.data.pool import STEMS
from training.data.sets import Audio, Mixture
from training.exam import solos

_CHUNK = 1 << 17


@dataclass
class Figures:
    """What was measured, in dB: by group and what is measured there, a value for each mixture."""

    values: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, group: str, what: str, value: float) -> None:
        """Note one value."""
        self.values.setdefault((group, what), []).append(value)

    def summary(self) -> list[dict[str, str | float | int]]:
        """Return one row for each group and thing: mean, worst, spread, number of mixtures."""
        rows: list[dict[str, str | float | int]] = []
        for (group, what), values in self.values.items():
            worst = max(values) if what == "leak" else min(values)
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            mean = statistics.mean(values)
            figures = {"mean": round(mean, 2), "worst": round(worst, 2), "spread": round(spread, 2)}
            rows.append({"group": group, "what": what, "n": len(values), **figures})
        return rows


def ratio(signal: Audio, estimate: Audio) -> float:
    """Return the global signal-to-distortion ratio in dB over all samples and channels."""
    error = float(np.sum((signal - estimate).astype(np.float64) ** 2))
    return float(10 * np.log10((float(np.sum(signal.astype(np.float64) ** 2)) + 1e-7) / (error + 1e-7)))


def level(estimate: Audio, mix: Audio) -> float:
    """Return the level of `estimate` relative to `mix` in dB."""
    energy = float(np.sum(estimate.astype(np.float64) ** 2))
    return float(10 * np.log10(energy / (float(np.sum(mix.astype(np.float64) ** 2)) + 1e-9) + 1e-9))


def judge(mixtures: Iterable[Mixture], engines: dict[str, Engine]) -> dict[str, Figures]:
    """Judge every engine on every mixture."""
    figures = {name: Figures() for name in engines}
    for mixture in mixtures:
        mix = mixture.mix
        for name, engine in engines.items():
            judge_one(mixture, mix, engine, figures[name])
    return figures


def judge_one(mixture: Mixture, mix: Audio, engine: Engine, figures: Figures) -> None:
    """Note how well `engine` takes `mixture` apart."""
    chunks = (mix[:, start : start + _CHUNK] for start in range(0, mix.shape[1], _CHUNK))
    estimates = np.concatenate(list(separate(chunks, engine)), axis=2)
    stems = engine.spec.stems
    if not mixture.sung:
        figures.add(mixture.group, "leak", level(estimates[stems.index("vocals")], mix))
        return
    if len(stems) == len(STEMS) and not mixture.complete:
        return
    for index, stem in enumerate(stems):
        wanted = (
            mixture.stems[1:].sum(axis=0) if stem == "accompaniment" else mixture.stems[STEMS.index(stem)]
        )
        if np.any(wanted):
            figures.add(mixture.group, stem, ratio(wanted, estimates[index]))


def load(stem_count: int, path: Path, threads: int) -> Engine:
    """Load the engine with the weights in `path`."""
    arrays = weightfile.read(path)
    spec = weightfile.spec_of(stem_count, arrays)
    return OpenVinoEngine(spec, openvino_weights.arrange(spec, arrays), threads=threads)


def table(figures: dict[str, Figures]) -> str:
    """Return a Markdown table, one column for each set of weights: mean (worst)."""
    names = list(figures)
    lines = ["| set | what | n | " + " | ".join(names) + " |", "| --- | --- | --- |" + " --- |" * len(names)]
    rows = {name: found.summary() for name, found in figures.items()}
    for index, row in enumerate(rows[names[0]]):
        cells = (f"{rows[name][index]['mean']:.2f} ({rows[name][index]['worst']:.2f})" for name in names)
        lines.append(f"| {row['group']} | {row['what']} | {row['n']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def mixtures_of(
    band: Path | None,
    voices: Sequence[Path],
    instrumentals: Sequence[Path],
    songs: Sequence[Path],
    *,
    exam: bool,
) -> Iterable[Mixture]:
    """Return everything there is to judge on."""
    if band is not None:
        tracks = sets.load_band(band)
        yield from sets.semi_real(tracks, {path.stem: sets.load(path) for path in voices})
        yield from sets.instrumentals(tracks, {path.stem: sets.load(path) for path in instrumentals})
    for folder in songs:
        yield from sets.synthetic(folder)
    if exam:
        yield from solos.solos(tunes=3)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("--weights", action="append", required=True, metavar="NAME=FILE")
    parser.add_argument("--stems", type=int, choices=(2, 4), required=True)
    parser.add_argument("--band", type=Path, help="folder with the aligned tracks of a band")
    parser.add_argument("--voice", type=Path, action="append", default=[], help="recording of a singer alone")
    parser.add_argument(
        "--instrumental", type=Path, action="append", default=[], help="music nobody sings to"
    )
    parser.add_argument(
        "--songs", type=Path, action="append", default=[], help="pool of songs never trained on"
    )
    parser.add_argument(
        "--exam", action="store_true", help="every family of instruments alone, from training.exam"
    )
    parser.add_argument("--json", type=Path, help="write the figures here, for the model card")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    named = dict(choice.split("=", 1) for choice in options.weights)
    engines = {name: load(options.stems, Path(path), options.threads) for name, path in named.items()}
    mixtures = mixtures_of(
        options.band, options.voice, options.instrumental, options.songs, exam=options.exam
    )
    figures = judge(mixtures, engines)
    print(table(figures))
    if options.json:
        options.json.write_text(
            json.dumps({name: found.summary() for name, found in figures.items()}, indent=1)
        )


if __name__ == "__main__":
    main()
