"""Separate with the original of a network, in the reference environment: ``python original.py MODEL``.

MODEL is JSON that `benchmarks.engines.networks` writes. The model is kept, as in a server. For each line of the
standard input, JSON that names a song (``.npy``, [2, samples]) and maybe a file for its stems, the song is separated,
and what that cost is written to the standard output.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

Separate = Callable[[Any], Any]
"""Makes stems, [stems, 2, samples], of a song, [2, samples]."""


def demucs(model: dict[str, Any]) -> Separate:
    from demucs.apply import BagOfModels, apply_model  # noqa: PLC0415 (one of the originals)
    from demucs.states import load_model  # noqa: PLC0415

    networks = [load_model(Path(file)) for file in model["files"]]
    bag = BagOfModels(networks, model["shares"], model["segment"])
    order = [bag.sources.index(stem) for stem in model["stems"]]

    def separate(song: Any) -> Any:
        mono = song.mean(0)
        mean, deviation = mono.mean(), mono.std() + 1e-8
        stems = apply_model(bag, ((song - mean) / deviation)[None], shifts=0)[0]
        return stems[order] * deviation + mean

    return separate


def openunmix(model: dict[str, Any]) -> Separate:
    from openunmix.model import OpenUnmix, Separator  # noqa: PLC0415 (one of the originals)

    settings, networks = model["settings"], {}
    for stem, file in zip(model["stems"], model["files"], strict=True):
        networks[stem] = OpenUnmix(
            nb_bins=settings["frame_length"] // 2 + 1,
            nb_channels=2,
            hidden_size=settings["hidden"],
            max_bin=settings["input_bins"],
        )
        networks[stem].load_state_dict(torch.load(file))
    separator = Separator(
        networks,
        niter=settings["iterations"],
        n_fft=settings["frame_length"],
        n_hop=settings["hop"],
        wiener_win_len=settings["window_frames"],
    ).eval()
    if model["double"]:
        separator.double()
        return lambda song: separator(song.double()[None])[0].float()
    return lambda song: separator(song[None])[0]


def convtasnet(model: dict[str, Any]) -> Separate:
    sys.path.insert(0, model["demucs_2"])
    for_training: Any = SimpleNamespace(DiffQuantizer=object, UniformQuantizer=object)
    sys.modules["diffq"] = for_training
    from demucs.tasnet import ConvTasNet  # noqa: PLC0415 (after the path)
    from demucs.utils import apply_model  # noqa: PLC0415

    settings = model["settings"]
    network = ConvTasNet(
        sources=model["stems"],
        N=settings["filters"],
        L=settings["frame_length"],
        B=settings["bottleneck"],
        H=settings["hidden"],
        P=settings["kernel"],
        X=settings["blocks"],
        R=settings["repeats"],
        segment_length=settings["segment"],
    ).eval()
    network.load_state_dict(torch.load(*model["files"]))

    def separate(song: Any) -> Any:
        mono = song.mean(0)
        normal = (song - mono.mean()) / mono.std()
        return apply_model(network, normal, shifts=0, split=True, overlap=0.25) * mono.std() + mono.mean()

    return separate


def main() -> None:
    model = json.loads(sys.argv[1])
    torch.set_num_threads(model["threads"])
    separate = {"demucs": demucs, "openunmix": openunmix, "convtasnet": convtasnet}[model["family"]](model)
    with os.fdopen(os.dup(1), "w", buffering=1) as channel, torch.no_grad():
        os.dup2(2, 1)
        for line in sys.stdin:
            request = json.loads(line)
            song = torch.from_numpy(np.load(request["song"]))
            cpu, wall = time.process_time(), time.perf_counter()
            stems = separate(song)
            cost = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
            if "stems" in request:
                np.save(request["stems"], stems.numpy())
            channel.write(json.dumps(cost) + "\n")


if __name__ == "__main__":
    main()
