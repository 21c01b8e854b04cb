"""``python -m separation.engines.native``: build the library for this machine, if it is not there yet."""

import sys

from separation.engines.native.library import NotBuilt, build

if __name__ == "__main__":
    try:
        build()
    except NotBuilt as error:
        sys.exit(f"Songs will be separated by OpenVINO, at half the speed: {error}")
