"""Separate with Demucs' own code, in the reference environment: ``python reference.py jobs.json``.

Each job names the files of a model and the weights of their stems (null for one file), and pairs of paths: of a mixture
[2, samples] and of the stems to be written, in the order of the model.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from demucs.apply import BagOfModels, apply_model
from demucs.states import load_model


def main() -> None:
    torch.set_num_threads(1)
    for job in json.loads(Path(sys.argv[1]).read_text()):
        models = [load_model(Path(file)) for file in job["files"]]
        for model in models:
            model.eval()
        model = BagOfModels(models, job["weights"], job["segment"])
        for source, target in job["songs"]:
            mixture = torch.from_numpy(np.load(source))
            mono = mixture.mean(0)
            mean, deviation = mono.mean(), mono.std() + 1e-8
            with torch.no_grad():
                stems = apply_model(model, ((mixture - mean) / deviation)[None], shifts=0)[0]
            np.save(target, (stems * deviation + mean).numpy())


if __name__ == "__main__":
    main()
