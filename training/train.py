"""Train the networks of one bundled model: ``python -m training.train POOL... --run FOLDER --stems 2``.

Uses a GPU where there is one. The pool may grow while this runs. Everything needed to go on after an
interruption is in the run's folder; calling the same command again does so. ``weights.npz`` there holds the
running mean of the weights, which is what gets exported; ``weights-<steps>.npz`` are those of each report, of which
the last need not be the best.
"""

import argparse
import copy
import csv
import math
import queue
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from separation.engines.spleeter.stft_params import FRAMES
from training import loss, weightfile
from training.data.patches import Batch, Patches, Tapes
from training.data.pool import Pool
from training.network import Networks
from training.validation import held_out, judge
from training.warm_start import warm_start

_WARM_UP_STEPS = 100
_FINAL_RATE = 0.03
_SAVE_SECONDS = 120
_REFRESH_SECONDS = 15
_SETTLING_BATCHES = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to train."""

    minutes: float
    batch: int
    rate: float
    level_weight: float
    averaging: float
    """Share of the old running mean that a step keeps."""
    frozen: bool = False
    """Normalise as in production, with the running statistics, which then stay as they are."""
    steps: int = 0
    """Train for that many steps instead of minutes, if not 0: for a machine that others need too."""
    report_seconds: float = 240
    kept: tuple[str, ...] = ()
    """Networks that stay as they are while the others learn to go with them."""
    compiled: bool = False
    """Let PyTorch compile the networks: a minute at first, a faster step for a GPU."""


class Trainer:
    """The state of one training run."""

    def __init__(self, networks: Networks, plan: Plan, run: Path, device: torch.device) -> None:
        self.networks = networks.to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.networks)
        self.plan = plan
        self.run = run
        self.device = device
        self.steps = 0
        self.seconds = 0.0
        self._forward = torch.compile(self.networks) if plan.compiled else self.networks
        self._kept = [
            net for name, net in zip(networks.names, self.networks.nets, strict=True) if name in plan.kept
        ]
        for net in self._kept:
            net.requires_grad_(requires_grad=False)
        trained = [p for p in self.networks.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=plan.rate)
        self._trained = trained
        self._norms = [part for part in self.networks.modules() if isinstance(part, nn.BatchNorm2d)]
        self._pairs = [
            (mean, value)
            for mean, value in zip(
                self.average.state_dict().values(), self.networks.state_dict().values(), strict=True
            )
            if value.is_floating_point()
        ]

    def progress(self) -> float:
        """Return how much of the plan is done, from 0 to 1."""
        if self.plan.steps:
            return self.steps / self.plan.steps
        return self.seconds / 60 / self.plan.minutes

    def step(self, batch: Batch) -> Tensor:
        """Make one step of Adam; return the loss, for which a GPU need not have finished."""
        decay = 0.5 * (1 + math.cos(math.pi * min(1.0, self.progress())))
        warm = min(1.0, (self.steps + 1) / _WARM_UP_STEPS)
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.rate * warm * (decay * (1 - _FINAL_RATE) + _FINAL_RATE)
        self.networks.train()
        if self.plan.frozen:
            for norm in self._norms:
                norm.eval()
        for net in self._kept:
            net.eval()
        magnitude = batch.mixture.abs().contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            logits = self._forward(magnitude)
        value = loss.objective(logits.float(), batch, self.plan.level_weight)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self.optimizer.step()
        self.steps += 1
        keep = min(self.plan.averaging, self.steps / (self.steps + 10))
        with torch.no_grad():
            for mean, tensor in self._pairs:
                mean.lerp_(tensor, 1 - keep)
        return value.detach()

    def settle(self, patches: Patches) -> None:
        """Let the averaged weights normalise by statistics of their own, of `patches` as long as the engine's.

        Running statistics are those of weights that were left behind.
        """
        norms = [part for part in self.average.modules() if isinstance(part, nn.BatchNorm2d)]
        self.average.eval()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # all batches count the same
            norm.train()
        with torch.no_grad():
            for _ in range(_SETTLING_BATCHES):
                self.average(patches.batch(max(2, self.plan.batch // 2)).mixture.abs())

    def save(self) -> None:
        """Write the state and the averaged weights, each complete or not at all."""
        part = self.run / "state.part"
        state = {
            "networks": self.networks.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "steps": self.steps,
            "seconds": self.seconds,
        }
        torch.save(state, part)
        part.replace(self.run / "state.pt")
        weightfile.write(self.run / "weights.npz", self.average.arrays())

    def resume(self) -> bool:
        """Go on where an earlier call stopped; return False if there was none."""
        path = self.run / "state.pt"
        if not path.is_file():
            return False
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.networks.load_state_dict(state["networks"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps, self.seconds = state["steps"], state["seconds"]
        return True


def train(
    trainer: Trainer, feeders: list[Patches], pool: Pool, validation: list[Tensor], settling: Patches | None
) -> None:
    """Train until the plan is done or a file called ``stop`` lies in the run's folder.

    Then let the weights settle on patches of `settling`, if there are any.
    """
    ahead: queue.Queue[Batch] = queue.Queue(2 + 2 * len(feeders))
    finished = threading.Event()

    def feed(patches: Patches) -> None:
        while not finished.is_set():
            batch = patches.batch(trainer.plan.batch)
            while not finished.is_set():
                try:
                    ahead.put(batch, timeout=1)
                    break
                except queue.Full:
                    continue

    threads = [threading.Thread(target=feed, args=(patches,)) for patches in feeders]
    for thread in threads:
        thread.start()
    losses: list[Tensor] = []
    last = reported = saved = refreshed = time.monotonic()
    try:
        while trainer.progress() < 1 and not (trainer.run / "stop").exists():
            losses.append(trainer.step(ahead.get()))
            now = time.monotonic()
            trainer.seconds += now - last
            last = now
            if now - saved > _SAVE_SECONDS:
                trainer.save()
                saved = now
            if now - refreshed > _REFRESH_SECONDS:
                pool.refresh()
                refreshed = now
            if now - reported > trainer.plan.report_seconds:
                _report(trainer, losses, validation, len(pool.songs))
                losses.clear()
                reported = time.monotonic()
    finally:
        finished.set()
        for thread in threads:
            thread.join()
    trainer.save()
    if settling is not None:
        _report(trainer, losses, validation, len(pool.songs))
        trainer.settle(settling)
        trainer.save()
    _report(trainer, losses, validation, len(pool.songs))


def _report(trainer: Trainer, losses: list[Tensor], validation: list[Tensor], songs: int) -> None:
    row: dict[str, str | int] = {
        "steps": trainer.steps,
        "minutes": f"{trainer.seconds / 60:.1f}",
        "songs": songs,
    }
    row["loss"] = f"{float(torch.stack(losses).mean()) if losses else 0:.4f}"
    row |= {
        name: f"{value:.2f}" for name, value in judge(trainer.average, validation, trainer.device).items()
    }
    print(*(f"{name} {value}" for name, value in row.items()), flush=True)
    with (trainer.run / "log.csv").open("a", newline="") as file:
        csv.writer(file).writerow(row.values())
    weightfile.write(trainer.run / f"weights-{trainer.steps:06d}.npz", trainer.average.arrays())


def _widths(text: str) -> tuple[int, ...]:
    return tuple(int(width) for width in text.split(","))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("pool", type=Path, nargs="+", help="folders of songs")
    parser.add_argument("--run", type=Path, required=True, help="folder for state, weights and log")
    parser.add_argument("--stems", type=int, choices=(2, 4), required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--steps", type=int, default=0, help="train for so many steps instead of minutes")
    parser.add_argument("--report", type=float, default=240, help="judge every so many seconds")
    parser.add_argument("--start", type=Path, action="append", default=[], help="weights to start from (npz)")
    parser.add_argument("--validation", type=Path, required=True, help="folder of songs never trained on")
    parser.add_argument("--filters", type=_widths, help="six widths, as 8,16,32,64,96,128")
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--level-weight", type=float, default=0.0)
    parser.add_argument("--averaging", type=float, default=0.998)
    parser.add_argument("--frames", type=int, default=256, help="length of a patch, a multiple of 64")
    parser.add_argument(
        "--without-voice", type=float, default=0.15, help="share of patches in which nobody sings"
    )
    parser.add_argument(
        "--favour",
        action="append",
        default=[],
        metavar="KIND=TIMES",
        help="draw songs with that kind of voice so many times as often",
    )
    parser.add_argument(
        "--frozen", action="store_true", help="keep the statistics of the weights started from"
    )
    parser.add_argument(
        "--keep", action="append", default=[], metavar="NET", help="leave that network as it starts"
    )
    parser.add_argument("--compile", action="store_true", help="compile the networks, for a GPU")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--feeders", type=int, default=1, help="threads that prepare patches")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    spec = weightfile.spec_of(options.stems)
    networks = Networks(spec.settings.networks, options.filters or spec.settings.filters, options.dropout)
    options.run.mkdir(parents=True, exist_ok=True)
    device = torch.device(options.device)
    plan = Plan(
        minutes=options.minutes,
        batch=options.batch,
        rate=options.rate,
        level_weight=options.level_weight,
        averaging=options.averaging,
        frozen=options.frozen,
        steps=options.steps,
        report_seconds=options.report,
        kept=tuple(options.keep),
        compiled=options.compile,
    )
    if options.start:
        warm_start(networks, *(weightfile.read(path) for path in options.start[:2]))
    trainer = Trainer(networks, plan, options.run, device)
    trainer.resume()
    pool = Pool(options.pool, complete_only=options.stems > 2)
    tapes = Tapes(device)

    def patches(seed: int, frames: int) -> Patches:
        return Patches(
            pool,
            options.stems,
            seed,
            tapes,
            device,
            frames=frames,
            without_voice=options.without_voice,
            favour={kind: float(times) for kind, times in (text.split("=", 1) for text in options.favour)},
        )

    seeds = np.random.SeedSequence([options.seed, trainer.steps]).generate_state(options.feeders + 1)
    feeders = [patches(int(seed), options.frames) for seed in seeds[1:]]
    settling = None if options.frozen or options.keep else patches(int(seeds[0]), FRAMES)
    train(trainer, feeders, pool, held_out(options.validation, options.stems), settling)


if __name__ == "__main__":
    main()
