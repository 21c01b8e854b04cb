"""``python -m separation.engines``: check the descriptors of all models; part of ``make lint``."""

import sys

from separation.engines.descriptors import DescriptorError

if __name__ == "__main__":
    try:
        from separation.engines.modelspec import SPECS  # reads them
    except DescriptorError as error:
        sys.exit(f"separation/engines: {error}")
    print(f"{len(SPECS)} models: {', '.join(SPECS)}")
