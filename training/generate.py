"""Make songs to train on: ``python -m training.generate --pack PACK --out POOL 0 300``.

Song n is made from seed n alone, so ranges can be made in any order, by any number of processes, and stopped
and started again: what exists is left alone.
"""

import argparse
import multiprocessing
import time
from functools import partial
from pathlib import Path

from training.data import pool
from training.synthesis import song, voice_analysis
from training.synthesis.instruments import SOLOISTS, Player
from training.synthesis.studio import Studio

_studio: Studio | None = None


def make_song(seed: int, *, pack: Path, out: Path, cache: Path, seconds: float) -> str:
    """Make one song if it is not there yet; return a line about it."""
    global _studio  # noqa: PLW0603 (loaded once in each worker process)
    name = f"song-{seed:07d}"
    if (out / f"{name}.json").is_file():
        return f"{name} exists"
    if _studio is None:
        _studio = Studio(pack, cache)
    begun = time.monotonic()
    try:
        made = song.make(_studio, seed, seconds)
    except ValueError as error:
        return f"{name} left out: {error}"
    pool.write(out, name, made.stems, made.facts)
    return f"{name} {made.facts['voice']} {time.monotonic() - begun:.1f} s"


def make_solos(soundfont: Path, out: Path, seed: int, seconds: float) -> None:
    """Make a solo of every instrument that models are examined on, played with `soundfont`."""
    player = Player(soundfont)
    for family, programs in SOLOISTS.items():
        for number, (name, program) in enumerate(programs.items()):
            made = song.make_solo(player, seed + number, seconds, program)
            facts = {**made.facts, "group": family}
            pool.write(out, f"solo-{name}-{soundfont.stem}".replace(" ", "-"), made.stems, facts)


def _analyse(recording: Path, cache: Path) -> None:
    voice_analysis.analyse(recording, cache)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.generate", description=__doc__)
    parser.add_argument("first", type=int, help="first seed")
    parser.add_argument("end", type=int, help="seed after the last")
    parser.add_argument("--pack", type=Path, required=True, help="folder of the sample pack")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pool")
    parser.add_argument("--cache", type=Path, help="folder for analysed voices (default: beside the pool)")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument(
        "--solos",
        type=Path,
        action="append",
        default=[],
        help="also an instrument alone for each of the exam's on that soundfont, which must not be the pack's",
    )
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    cache = options.cache or options.out.parent / "voices"
    work = partial(make_song, pack=options.pack, out=options.out, cache=cache, seconds=options.seconds)
    for soundfont in options.solos:
        make_solos(soundfont, options.out, options.first, min(10, options.seconds))
    seeds = range(options.first, options.end)
    if options.processes == 1:
        for seed in seeds:
            print(work(seed), flush=True)
        return
    with multiprocessing.get_context("spawn").Pool(options.processes) as workers:
        workers.map(partial(_analyse, cache=cache), voice_analysis.recordings(options.pack), chunksize=4)
        for result in [workers.apply_async(work, (seed,)) for seed in seeds]:
            print(result.get(), flush=True)


if __name__ == "__main__":
    main()
