"""``python -m benchmarks.engines.kept_separator CONFIGURATION SONG``: a ``Separator`` that is kept, as in a server.

Separates once for each line of its standard input and answers with what that cost.
"""

import json
import os
import sys
import time

import soundfile


def main() -> None:
    """Serve until the input ends."""
    from spleeter.separator import Separator

    separator = Separator(sys.argv[1], multiprocess=False)
    waveform, _ = soundfile.read(sys.argv[2], dtype="float32", always_2d=True)
    with os.fdopen(os.dup(1), "w", buffering=1) as channel:
        os.dup2(2, 1)
        for _ in sys.stdin:
            cpu, wall = time.process_time(), time.perf_counter()
            separator.separate(waveform)
            channel.write(
                json.dumps({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}) + "\n"
            )


if __name__ == "__main__":
    main()
