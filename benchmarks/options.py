"""The command line of the benchmarks: which parts there are, and what each of them can be told."""

import argparse
from pathlib import Path

from benchmarks import player
from benchmarks.engines import network_equality

PARTS = (
    "speed",
    "bundled",
    "memory",
    "latency",
    "equality",
    "together",
    "mixes",
    "encoding",
    "server",
    "sizing",
    "catalogue",
    "search",
    "fingerprints",
    "attacks",
    "long_work",
    "player",
    "backup",
    "browser",
)
_ASIDE = ("kills", "networks")
"""Only when asked for: processes are killed; the reference environment is needed."""


def parse() -> argparse.Namespace:
    """Return the options; end the process where a part is unknown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Prints Markdown tables.")
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help=f"{', '.join(PARTS)} (default: all of these), {', '.join(_ASIDE)}",
    )
    parser.add_argument("--models", nargs="*", default=["2stems", "4stems"], help="default: 2stems 4stems")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each kind (default: 3)")
    parser.add_argument("--threads", type=int, default=0, help="of our separator (default: automatic)")
    parser.add_argument(
        "--long", action="store_true", help="memory also with a song of two hours, mixes with one of an hour"
    )
    parser.add_argument("--tracks", type=int, default=200_000, help="of the catalogue (default: 200000)")
    parser.add_argument(
        "--only", default="", metavar="PATTERN", help="of the catalogue's rows, e.g. '^(home|artist)$'"
    )
    parser.add_argument("--fingerprints", type=int, default=100_000, help="to look among (default: 100000)")
    parser.add_argument(
        "--recordings", type=Path, metavar="DIR", help="songs for the parts fingerprints and sizing"
    )
    parser.add_argument("--recording", type=Path, metavar="FILE", help="a song for the part encoding")
    parser.add_argument("--cache", type=Path, default=Path("build/benchmarks"), help="for models and songs")
    parser.add_argument(
        "--minutes", type=int, default=10, help="of the song of the part player (default: 10)"
    )
    parser.add_argument(
        "--stems", type=int, choices=player.MODELS, default=4, help="that it has (default: 4)"
    )
    parser.add_argument(
        "--codecs",
        nargs="*",
        choices=player.QUALITIES,
        default=list(player.QUALITIES),
        help="that it fetches",
    )
    parser.add_argument(
        "--tables", nargs="*", choices=player.TABLES, default=list(player.TABLES), help="of it"
    )
    parser.add_argument("--jumps", type=int, default=200, help="that it makes (default: 200)")
    parser.add_argument("--played", type=float, default=60, help="seconds that it plays (default: 60)")
    parser.add_argument("--kills", type=int, default=40, help="of the part kills (default: 40)")
    parser.add_argument("--seconds", type=float, default=120, help="that they take (default: 120)")
    parser.add_argument("--songs", type=int, default=30, help="that are separated meanwhile (default: 30)")
    _add_networks(parser)
    parser.add_argument("--seed", type=int, default=1, help="of the kills (default: 1)")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS) - set(_ASIDE):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return options


def _add_networks(parser: argparse.ArgumentParser) -> None:
    """Add the options of the part networks. Equality has more networks and other lengths unless they are given."""
    parser.add_argument(
        "--networks", nargs="*", metavar="SLUG", help="of the part networks (default: demucs:htdemucs)"
    )
    parser.add_argument(
        "--lengths", nargs="*", type=float, help="of their songs, in seconds (default: 60; for memory: 180)"
    )
    parser.add_argument("--until", type=float, default=0, help="seconds of a song, for its memory")
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--equality",
        action="store_true",
        help="their largest differences from the originals, with 0 among the lengths also around one chunk "
        f"(default: {' '.join(network_equality.NETWORKS)} with {network_equality.LENGTHS})",
    )
    group.add_argument("--footprint", action="store_true", help="their memory by the length of the song")
    group.add_argument("--starts", action="store_true", help="how long a separator takes to start with them")
