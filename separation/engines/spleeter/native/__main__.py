"""``python -m separation.engines.spleeter.native``: compile the library for this machine unless it is there already.

``--prebuild`` compiles for every processor that a wheel or an image is made for.
"""

import sys
from argparse import ArgumentParser

from separation.engines.spleeter.native.build import FALLBACK, NotBuilt, build, prebuild

if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("--prebuild", action="store_true", help="for every processor of a wheel or an image")
    try:
        if parser.parse_args().prebuild:
            prebuild()
        else:
            build()
    except NotBuilt as error:
        sys.exit(f"{FALLBACK}: {error}")
