"""``python reference.py FOLDER CASES``: separate songs with the package `openunmix`, with random weights.

Runs in the environment of the originals. CASES is JSON: a list of dicts with `name`, the arguments of the networks
(`hidden`, `input_bins`) and of the separator, and `songs`, names of files ``FOLDER/<song>.npy`` [2, samples]. Writes
``FOLDER/<name>/<stem>-1.pth`` and ``FOLDER/<name>/<song>.npy`` [stems, 2, samples].
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from openunmix.model import OpenUnmix, Separator

STEMS = ("vocals", "drums", "bass", "other")


def network(case: dict[str, Any], seed: int) -> OpenUnmix:
    """Return a network whose factors take all values around 0 to 1, and whose memory is short."""
    torch.manual_seed(seed)
    hidden, bins = case["hidden"], case["frame_length"] // 2 + 1
    made = OpenUnmix(nb_bins=bins, nb_channels=2, hidden_size=hidden, max_bin=case["input_bins"])
    with torch.no_grad():
        made.input_mean.uniform_(-3, -1)
        made.input_scale.uniform_(0.1, 0.3)
        made.output_scale.uniform_(0.2, 0.6)
        made.output_mean.uniform_(0, 0.5)
        for norm in (made.bn1, made.bn2, made.bn3):
            norm.running_mean.normal_(0, 0.2)
            norm.running_var.uniform_(0.5, 1.5)
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.normal_(0, 0.2)
        for name, values in made.lstm.named_parameters():
            if "bias_ih" in name:  # how long the cells remember
                values[hidden // 2 : hidden].uniform_(0, 1)
    return made.eval()


def main(folder: Path, cases: list[dict[str, Any]]) -> None:
    torch.set_num_threads(1)
    for case in cases:
        networks = {stem: network(case, seed) for seed, stem in enumerate(STEMS[: case["networks"]])}
        (folder / case["name"]).mkdir()
        for stem, made in networks.items():
            torch.save(made.state_dict(), folder / case["name"] / f"{stem}-1.pth")
        separator = Separator(
            networks,
            niter=case["iterations"],
            residual=case["residual"],
            n_fft=case["frame_length"],
            n_hop=case["hop"],
            wiener_win_len=case["window_frames"],
        )
        separator.freeze()
        if case["double"]:
            separator.double()
        for song in case["songs"]:
            audio = torch.from_numpy(np.load(folder / f"{song}.npy"))[None]
            stems = separator(audio.double() if case["double"] else audio)[0].float().numpy()
            np.save(folder / case["name"] / f"{song}.npy", stems)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
