"""``python reference.py FOLDER CASES``: separate songs with the package `demucs` 2.0, with random weights.

Runs in the environment of the originals. CASES is JSON: a list of dicts with `name`, `arguments` of the network, and
`songs`, names of files ``FOLDER/<song>.npy`` [2, samples]. Writes ``FOLDER/<name>/weights.th`` and
``FOLDER/<name>/<song>.npy`` [stems, 2, samples].
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / ".venv-reference/demucs-2"))
for_training: Any = SimpleNamespace(DiffQuantizer=object, UniformQuantizer=object)
sys.modules["diffq"] = for_training

from demucs.tasnet import ConvTasNet  # noqa: E402 (after the path)
from demucs.utils import apply_model  # noqa: E402

STEMS = ["drums", "bass", "other", "vocals"]


def main(folder: Path, cases: list[dict[str, Any]]) -> None:
    torch.set_num_threads(1)
    for case in cases:
        torch.manual_seed(1)
        network = ConvTasNet(sources=STEMS, **case["arguments"]).eval()
        with torch.no_grad():
            for name, values in network.named_parameters():
                if name.endswith("gamma"):
                    values.uniform_(0.5, 1.5)
                elif name.endswith("beta"):
                    values.normal_(0, 0.2)
                elif values.shape == (1,):  # PReLU
                    values.uniform_(0.1, 0.4)
        (folder / case["name"]).mkdir()
        torch.save(network.state_dict(), folder / case["name"] / "weights.th")
        for song in case["songs"]:
            audio = torch.from_numpy(np.load(folder / f"{song}.npy"))
            mono = audio.mean(0)  # as demucs.separate does it
            normal = (audio - mono.mean()) / mono.std()
            with torch.no_grad():
                stems = apply_model(network, normal, shifts=0, split=True, overlap=0.25)
            np.save(folder / case["name"] / f"{song}.npy", (stems * mono.std() + mono.mean()).numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
