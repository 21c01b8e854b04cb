"""Compile the library for this machine unless it is there already.

``python -m separation.engines.spleeter.native [--prebuild | --wasm]``
"""

import sys
from argparse import ArgumentParser

from separation.engines.spleeter.native import webassembly
from separation.engines.spleeter.native.build import FALLBACK, NotBuilt, build, prebuild

if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m separation.engines.spleeter.native", description=__doc__)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--prebuild", action="store_true", help="compile for every processor of a wheel or an image"
    )
    kind.add_argument("--wasm", action="store_true", help="compile for browsers, into static/separator")
    chosen = parser.parse_args()
    try:
        if chosen.wasm:
            webassembly.build()
        elif chosen.prebuild:
            prebuild()
        else:
            build()
    except NotBuilt as error:
        sys.exit(str(error) if chosen.wasm else f"{FALLBACK}: {error}")
