"""``python -m separation.engines.native``: build the library for this machine, if it is not there yet."""

import sys

from separation.engines.native.library import INSTEAD, NotBuilt, build

if __name__ == "__main__":
    try:
        build()
    except NotBuilt as error:
        sys.exit(f"{INSTEAD}: {error}")
