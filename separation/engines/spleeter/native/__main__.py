"""Compile the library for this machine unless it is there already; with ``--wasm``, the two builds for browsers.

``python -m separation.engines.spleeter.native [--wasm]``
"""

import argparse
import sys

from separation.engines.spleeter.native import webassembly
from separation.engines.spleeter.native.build import FALLBACK, NotBuilt, build

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m separation.engines.spleeter.native", description=__doc__)
    parser.add_argument("--wasm", action="store_true", help="compile for browsers, into static/separator")
    if parser.parse_args().wasm:
        try:
            webassembly.build()
        except NotBuilt as error:
            sys.exit(str(error))
    else:
        try:
            build()
        except NotBuilt as error:
            sys.exit(f"{FALLBACK}: {error}")
