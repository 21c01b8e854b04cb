"""``python -m benchmarks [PART...]``: prints the tables of docs/performance.md, measured here and now.

Everything is measured in alternation and given as medians: on a machine with other work to do the ratios hold,
the seconds do not. CPU seconds are the figure to trust.
"""

import argparse
import shutil
import sys
import tempfile
from statistics import median
from timeit import timeit

from audio.probe import probe
from benchmarks import backup, browser, browser_page, measure, mixes, player, songs
from benchmarks.catalogue import fingerprints, pages
from benchmarks.engines import equality, flac_encoding, matrix_product, models, network_equality, networks
from benchmarks.engines import two_songs as pairs
from benchmarks.engines.separator import Ours
from benchmarks.installation import attacks, kills, long_work, server, sizing
from benchmarks.measure import Cost, table, typical
from benchmarks.options import PARTS, parse
from benchmarks.search import measured as search
from separation.engines import modelspec

_SONG_SECONDS = 180
_TWENTY_MINUTES = 1200
_LONG_SECONDS = 7200
_TINY_SECONDS = 1


def main() -> None:
    """Measure what was asked for."""
    options = parse()
    options.cache.mkdir(parents=True, exist_ok=True)
    for part in options.parts or PARTS:
        print(f"### {part.capitalize()}\n", flush=True)
        {
            "speed": speed,
            "bundled": bundled,
            "memory": memory,
            "latency": latency,
            "equality": exactness,
            "together": together,
            "mixes": mixed,
            "encoding": encoded,
            "server": whole,
            "sizing": sized,
            "catalogue": library,
            "search": searched,
            "fingerprints": alike,
            "attacks": attacked,
            "long_work": worked,
            "player": played,
            "backup": backed_up,
            "browser": in_browser,
            "kills": killed,
            "networks": compared,
        }[part](options)


def worked(options: argparse.Namespace) -> None:
    """The website while people ask it for files that take long to make."""
    table(long_work.HEADS, long_work.measured(options.cache, minutes=20, seconds=30))


def played(options: argparse.Namespace) -> None:
    """The player in a real browser: bytes, first sound, CPU and memory of its tab."""
    plan = player.Plan(
        options.minutes, options.stems, options.codecs, options.tables, options.jumps, options.played
    )
    player.run(plan, options.cache)


def backed_up(options: argparse.Namespace) -> None:
    """Backups, a restore and a check of stored files; of 10,000 songs where no other number is given."""
    table(backup.HEADS, backup.measured(min(options.tracks, 10_000), options.cache))


def in_browser(options: argparse.Namespace) -> None:
    """The bundled models in Chromium, against the native engine, and the page with songs as files."""
    slugs = ["compact:2stems", "compact:4stems"]
    browser.run(slugs, _SONG_SECONDS, options.rounds)
    for slug in slugs:
        browser_page.run(slug, [_SONG_SECONDS, _TWENTY_MINUTES], options.cache)


def attacked(_options: argparse.Namespace) -> None:
    """The website under slow, silent and greedy clients."""
    attacks.run()


def speed(options: argparse.Namespace) -> None:
    """CPU, wall and memory for one song, against Spleeter's command line and a kept ``Separator``."""
    rows = []
    for name in options.models:
        costs, share = _race(name, options)
        middle = {kind: typical(values) for kind, values in costs.items()}
        for kind, cost in middle.items():
            row = [f"{name}, {kind}", f"{cost.cpu:.1f}", f"{cost.wall:.1f}", f"{cost.peak:.0f}"]
            if kind in {_COLD, _WARM}:
                row += [f"{middle[theirs].cpu / cost.cpu:.1f}x" for theirs in (_COMMAND, _KEPT)]
                row.append(f"{share:.0%}" if kind == _WARM else "")
            rows.append(row + [""] * (len(_SPEED_HEADS) - len(row)))
    table(_SPEED_HEADS, rows)


_COLD, _WARM, _COMMAND, _KEPT = "ours, cold", "ours, warm", "`spleeter separate`", "kept `Separator`"
_SPEED_HEADS = [
    "3 min song",
    "CPU s",
    "wall s",
    "peak MB",
    "CPU less than the command",
    "... than the kept one",
    "share of the network's floor",
]


def _race(name: str, options: argparse.Namespace) -> tuple[dict[str, list[Cost]], float]:
    """Everyone's costs for the song, in alternation, and our share of the floor when warm."""
    song = songs.ensure(options.cache, _SONG_SECONDS)
    samples = _SONG_SECONDS * songs.RATE
    models_dir = models.ensure(options.cache, name)
    slug = f"spleeter:{name}"
    configuration = models.configuration(models_dir, slug)
    # Unmodified where it finds the ffmpeg that it needs, else with an adapter that costs it a little less.
    adapter = [] if shutil.which("ffmpeg") else ["-a", "benchmarks.engines.spleeter_adapter.WaveAdapter"]
    command = ["separate", *adapter, "-p", str(configuration), "-o"]
    costs: dict[str, list[Cost]] = {kind: [] for kind in (_COMMAND, _KEPT, _COLD, _WARM)}
    shares = []
    ours = Ours(models_dir, threads=options.threads)
    keeping = [sys.executable, "-W", "ignore", "-m", "benchmarks.engines.kept_separator"]
    kept_command = [*keeping, str(configuration), str(song)]
    with measure.KeptProcess(kept_command) as kept, tempfile.TemporaryDirectory() as folder:
        kept.separate()  # its first takes longer
        for _ in range(options.rounds):
            costs[_COLD].append(ours.cold(slug, song, samples))
            for _ in range(2):
                warm = ours.warm(slug, song, samples)
                costs[_WARM].append(warm)
                shares.append(_floor(slug) / warm.cpu)
            costs[_KEPT].append(kept.separate())
            costs[_COMMAND].append(measure.run("spleeter", *command, folder, str(song)))
    ours.close()
    return costs, median(shares)


def _floor(slug: str) -> float:
    """CPU seconds that the network's operations take on the song at the rate of a matrix product, now."""
    return matrix_product.operations(modelspec.get(slug)) * _SONG_SECONDS / matrix_product.rate()


def memory(options: argparse.Namespace) -> None:
    """Peak of the separator process by length of the song and number of threads, and what it keeps."""
    rows = []
    for name in options.models:
        models_dir = models.ensure(options.cache, name)
        for threads in (1, 2):
            ours = Ours(models_dir, threads=threads)
            row = [f"{name}, {threads} thread{'s' * (threads > 1)}"]
            lengths = (_SONG_SECONDS, _LONG_SECONDS) if options.long else (_SONG_SECONDS,)
            for seconds in lengths:
                song = songs.ensure(options.cache, seconds)
                peak = ours.cold(f"spleeter:{name}", song, seconds * songs.RATE).peak
                row.append(f"{peak:.0f}")
            row += [f"{ours.resident_mb():.0f}", f"{ours.idle_cpu(3) / 3:.1%}"]
            rows.append(row)
            ours.close()
    lengths_heads = ["peak MB, 3 min", "peak MB, 2 h"][: 1 + options.long]
    table(["separator", *lengths_heads, "kept when idle, MB", "idle, CPU"], rows)


def latency(options: argparse.Namespace) -> None:
    """How soon there is something to hear."""
    rows = []
    tiny = songs.ensure(options.cache, _TINY_SECONDS)
    song = songs.ensure(options.cache, 60)
    for name in options.models:
        slug = f"spleeter:{name}"
        ours = Ours(models.ensure(options.cache, name), threads=options.threads)
        ours.cold(slug, tiny, _TINY_SECONDS * songs.RATE)
        starts = [ours.cold(slug, tiny, _TINY_SECONDS * songs.RATE) for _ in range(options.rounds)]
        firsts = [ours.first_segment(slug, song, 60 * songs.RATE) for _ in range(options.rounds)]
        ours.close()
        start = typical(starts)
        rows.append([name, f"{start.wall:.2f} ({start.cpu:.2f} CPU)", f"{median(firsts):.2f}"])
    table(["", "process start to the stems of 1 s, in s", "first segment, warm, in s"], rows)
    seconds = [timeit(lambda: probe(tiny), number=1) for _ in range(options.rounds + 1)]
    table(
        ["probing a song of 1 s", "s"],
        [["the first", f"{seconds[0]:.3f}"], ["each further", f"{median(seconds[1:]):.3f}"]],
    )


def exactness(options: argparse.Namespace) -> None:
    """Largest differences from Spleeter's ``Separator`` on the same machine."""
    equality.compare(options.cache, options.models)


def bundled(options: argparse.Namespace) -> None:
    """The bundled models against the official ones, each with a warm worker of its own."""
    song = songs.ensure(options.cache, _SONG_SECONDS)
    for name in ("2stems", "4stems"):
        models_dir = models.ensure(options.cache, name)
    slugs = ("spleeter:2stems", "spleeter:4stems", "compact:2stems", "compact:4stems")
    workers = {slug: Ours(models_dir, threads=options.threads) for slug in slugs}
    costs: dict[str, list[Cost]] = {slug: [] for slug in slugs}
    for _ in range(1 + options.rounds):
        for slug, worker in workers.items():
            costs[slug].append(worker.warm(slug, song, _SONG_SECONDS * songs.RATE))
    for worker in workers.values():
        worker.close()
    middle = {slug: typical(values[1:]) for slug, values in costs.items()}  # the first of each was cold
    two, four = (middle[slug].cpu for slug in slugs[:2])
    table(
        ["3 min song, warm", "CPU s", "wall s", "peak MB", "CPU less than official 2 stems", "4 stems"],
        [
            [slug, *(f"{x:.1f}" for x in (cost.cpu, cost.wall)), f"{cost.peak:.0f}"]
            + [f"{official / cost.cpu:.1f}x" for official in (two, four)]
            for slug, cost in middle.items()
        ],
    )


def together(options: argparse.Namespace) -> None:
    """Two songs one after the other, one in between, and both at once on two cores."""
    rows = []
    for name in options.models:
        models_dir = models.ensure(options.cache, name)
        costs = pairs.compare(options.cache, models_dir, f"spleeter:{name}", options.rounds)
        rows += [
            [f"{name}, {kind}", f"{cost.cpu:.1f}", f"{cost.wall:.1f}", f"{cost.peak:.0f}"]
            for kind, cost in costs.items()
        ]
    table(["5 min and 2 min", "CPU s", "wall s", "peak MB"], rows)


def encoded(options: argparse.Namespace) -> None:
    """CPU and size of stems as FLAC, ours and libFLAC's, and as Opus."""
    table(flac_encoding.HEADS, flac_encoding.measured(options.recording, options.rounds))


def compared(options: argparse.Namespace) -> None:
    """Other networks than Spleeter's: their cost or difference beside the originals, their memory, or their start."""
    cache, threads = options.cache, options.threads or 2
    slugs = options.networks or ["demucs:htdemucs"]
    if options.equality:
        heads = network_equality.HEADS
        slugs, lengths = (
            options.networks or network_equality.NETWORKS,
            options.lengths or network_equality.LENGTHS,
        )
        rows = network_equality.differences(cache, slugs, lengths, threads)
    elif options.footprint:
        heads = networks.MEMORY_HEADS
        rows = networks.memory(cache, slugs, options.lengths or [180], threads, options.until)
    elif options.starts:
        heads = networks.START_HEADS
        rows = networks.starts(cache, slugs, threads, options.rounds)
    else:
        heads = networks.HEADS
        (seconds,) = options.lengths or [60]
        rows = networks.measured(cache, slugs, seconds, threads, options.rounds)
    measure.head(heads)
    for row in rows:
        measure.row(row)


def mixed(options: argparse.Namespace) -> None:
    """Stems as one file, at the song's tempo and at another."""
    lengths = (240, 3600) if options.long else (240,)
    table(mixes.HEADS, mixes.measured(options.cache, lengths))


def whole(options: argparse.Namespace) -> None:
    """Website, queue, separator and decoder while a song of 60 minutes is separated."""
    names = ["compact:2stems", "compact:4stems", *(f"spleeter:{name}" for name in options.models)]
    table(server.HEADS, server.measured(names, [options.threads], options.cache))


def sized(options: argparse.Namespace) -> None:
    """What a song costs a server: processors and disk."""
    table(
        sizing.HEADS, sizing.measured(["compact:2stems", "compact:4stems"], options.recordings, options.cache)
    )


def library(options: argparse.Namespace) -> None:
    """Pages, API and admin panel with a large catalogue."""
    pages.compare(options.tracks, options.cache, options.only, options.rounds)


def searched(options: argparse.Namespace) -> None:
    """By class, how many of the queries find their song among a large catalogue."""
    table(search.HEADS, search.measured(options.tracks, options.cache))


def alike(options: argparse.Namespace) -> None:
    """The same recordings in other encodings, among many others."""
    fingerprints.compare(options.fingerprints, options.recordings, options.cache)


def killed(options: argparse.Namespace) -> None:
    """What is left of songs whose installation is killed at random, process by process."""
    kills.print_tables(kills.Campaign(options.kills, options.seconds, options.songs, seed=options.seed))


if __name__ == "__main__":
    main()
