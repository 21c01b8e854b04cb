"""``python -m separation.engines.spleeter.native``: compile the library for this machine unless it is there already."""

import sys

from separation.engines.spleeter.native.build import FALLBACK, NotBuilt, build

if __name__ == "__main__":
    try:
        build()
    except NotBuilt as error:
        sys.exit(f"{FALLBACK}: {error}")
