"""``python reference.py FOLDER CASES``: export published networks with random weights, and separate a song with them.

Runs in the environment of the originals. CASES is JSON: a list of dicts with `name`, `network` (a key of `NETWORKS`),
`arguments` of the network, and `samples`, the length of a chunk. Writes ``FOLDER/<name>/model.onnx``, and what the
original makes of the song ``FOLDER/<name>.npy`` [2, samples] to ``FOLDER/<name>/stems.npy`` [stems, 2, samples].

Licences of the code: MIT, of all of it (demucs, openunmix, msst).
"""

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchaudio.functional import melscale_fbanks

PACKAGES = Path(__file__).resolve().parents[4] / ".venv-reference"


def mel_filters(*, sr: int, n_fft: int, n_mels: int) -> Any:
    """Return librosa's default bank of mel filters, [bands, bins]."""
    return melscale_fbanks(n_fft // 2 + 1, 0, sr / 2, n_mels, sr, "slaney", "slaney").T.numpy()


def import_without_training() -> None:
    """Make `msst` and `demucs` 2 importable without what they train with, which is not installed."""
    sys.path.insert(0, str(PACKAGES / "demucs-2"))
    modules: dict[str, Any] = {
        name: ModuleType(name)
        for name in ("msst", "msst.utils", "msst.utils.model_utils", "librosa", "diffq")
    }
    for name in ("msst", "msst.utils"):
        modules[name].__path__ = [str(PACKAGES / "msst" / name.replace(".", "/"))]
    modules["msst.utils.model_utils"].prefer_target_instrument = lambda config: config.training.instruments
    modules["librosa"].filters = SimpleNamespace(mel=mel_filters)
    modules["diffq"].DiffQuantizer = modules["diffq"].UniformQuantizer = object
    sys.modules.update(modules)


import_without_training()
from demucs.model import Demucs  # noqa: E402 (after the above)
from msst.models.bs_roformer.bs_roformer import BSRoformer  # noqa: E402
from msst.models.bs_roformer.mel_band_roformer import MelBandRoformer  # noqa: E402
from msst.models.mdx23c_tfc_tdf_v3 import TFC_TDF_net  # noqa: E402
from msst.models.scnet.scnet import SCNet  # noqa: E402
from openunmix.model import OpenUnmix, Separator  # noqa: E402


def network_of_demucs(arguments: dict[str, Any]) -> nn.Module:
    """Demucs 2, from the package `demucs` 2.0.3."""
    return Demucs(["drums", "bass", "other", "vocals"], **arguments)


class Trimmed(nn.Module):
    """Demucs 2 as its ``apply_model`` runs it: between zeros, and without what it makes of them."""

    def __init__(self, network: nn.Module, samples: int) -> None:
        super().__init__()
        self.network = network
        missing = network.valid_length(samples) - samples
        self.padding = (missing // 2, missing - missing // 2)
        self.samples = samples

    def forward(self, audio: Tensor) -> Tensor:
        """Turn [1, 2, samples] to [1, stems, 2, samples]."""
        stems = self.network(nn.functional.pad(audio, self.padding))
        begin = (stems.shape[-1] - self.samples) // 2
        return stems[..., begin : begin + self.samples]


def network_of_openunmix(arguments: dict[str, Any]) -> nn.Module:
    """Four networks of the package `openunmix`, around which its transform is at work."""
    bins = arguments["frame_length"] // 2 + 1
    targets = {}
    for stem in ("vocals", "drums", "bass", "other"):
        target = targets[stem] = OpenUnmix(bins, 2, arguments["hidden"], max_bin=arguments["input_bins"])
        with torch.no_grad():  # so that the factors are around 0 to 1
            target.output_scale.uniform_(0.2, 0.6)
            target.output_mean.uniform_(0, 0.5)
    separator = Separator(targets, niter=0, n_fft=arguments["frame_length"], n_hop=arguments["hop"])
    separator.freeze()
    return separator


class Magnitudes(nn.Module):
    """Open-Unmix between the transforms: [1, 2, bins, frames] to [1, stems, 2, bins, frames]."""

    def __init__(self, separator: nn.Module) -> None:
        super().__init__()
        self.networks = nn.ModuleList(separator.target_models.values())

    def forward(self, magnitudes: Tensor) -> Tensor:
        return torch.stack([network(magnitudes) for network in self.networks], dim=1)


def network_of_bs_roformer(arguments: dict[str, Any]) -> nn.Module:
    """BS-RoFormer, from the package `msst`."""
    return BSRoformer(**arguments | {"freqs_per_bands": tuple(arguments["freqs_per_bands"])})


def network_of_mel_band_roformer(arguments: dict[str, Any]) -> nn.Module:
    """Mel-Band RoFormer, from the package `msst`."""
    return MelBandRoformer(**arguments)


class BandMasks(nn.Module):
    """A RoFormer between the transforms: [1, frames, bins x 2 x 2] to masks [1, stems, frames, bins x 2 x 2]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, spectra: Tensor) -> Tensor:
        network, is_mel = self.network, hasattr(self.network, "freq_indices")
        if is_mel:
            pairs = spectra.unflatten(2, (-1, 2))
            x = network.band_split(pairs[:, :, network.freq_indices].flatten(2))
        else:
            x = network.band_split(spectra)
        for along_time, along_bands in network.layers:  # [1, frames, bands, features]
            x = along_bands(along_time(x[0].transpose(0, 1)).transpose(0, 1))[None]
        x = x if is_mel else network.final_norm(x)
        masks = torch.stack([estimate(x) for estimate in network.mask_estimators], dim=1)
        if is_mel:  # the mean of the bands that a frequency belongs to
            masks = masks.unflatten(3, (-1, 2))
            total = torch.zeros(*masks.shape[:3], pairs.shape[2], 2)
            bins = network.freq_indices[None, None, None, :, None].expand(masks.shape)
            count = network.num_bands_per_freq.repeat_interleave(2)[:, None]
            masks = (total.scatter_add(3, bins, masks) / count).flatten(3)
        if not network.zero_dc:
            return masks
        return torch.cat([torch.zeros_like(masks[..., :4]), masks[..., 4:]], dim=-1)


def network_of_mdx23c(arguments: dict[str, Any]) -> nn.Module:
    """MDX23C, from the package `msst`."""
    training = SimpleNamespace(instruments=arguments["instruments"])
    audio, model = SimpleNamespace(**arguments["audio"]), SimpleNamespace(**arguments["model"])
    return TFC_TDF_net(SimpleNamespace(training=training, audio=audio, model=model))


def network_of_scnet(arguments: dict[str, Any]) -> nn.Module:
    """SCNet, from the package `msst`."""
    return SCNet(**arguments)


class Shortened(nn.Module):
    """SCNet for chunks whose last sample is the zero that it adds itself; its stems are one sample shorter."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, audio: Tensor) -> Tensor:
        return self.network(audio[..., :-1])


class AsProducts(nn.Module):
    """SCNet's transform along its frames, as matrix products: not every reader of ONNX knows transforms."""

    def __init__(self, frames: int, *, inverse: bool) -> None:
        super().__init__()
        self.inverse = inverse
        if inverse:
            units = torch.eye(frames // 2 + 1)
            rows = [torch.fft.irfft(unit * units, frames, norm="ortho") for unit in (1, 1j)]
        else:
            spectra = torch.fft.rfft(torch.eye(frames), norm="ortho")
            rows = [spectra.real, spectra.imag]
        self.register_buffer("real", rows[0])
        self.register_buffer("imaginary", rows[1])

    def forward(self, x: Tensor) -> Tensor:
        if not self.inverse:
            return torch.cat([x @ self.real, x @ self.imaginary], dim=1)
        real, imaginary = x.chunk(2, dim=1)
        return real @ self.real + imaginary @ self.imaginary


class Compressed(nn.Module):
    """SCNet between the transforms: [1, 2 x 2, bins, frames] to [1, stems, 2 x 2, bins, frames]."""

    def __init__(self, network: nn.Module, frames: int) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        transforms = self.network.separation_net.feature_conversion
        for number, transform in enumerate(transforms):
            transforms[number] = AsProducts(frames, inverse=transform.inverse)
        config = network.stft_config
        self.scale = config["n_fft"] ** -0.5 if config["normalized"] else 1.0

    def forward(self, spectra: Tensor) -> Tensor:
        network, x, kept = self.network, self.scale * spectra, []
        for encode in network.encoder:
            x, *skipped = encode(x)
            kept.append(skipped)
        x = network.separation_net(x)
        for fuse, expand in network.decoder:
            skip, lengths, original_lengths = kept.pop()
            x = expand(fuse(x, skip), lengths, original_lengths)
        return x.unflatten(1, (len(network.sources), -1)) / self.scale


class NoTransform:
    """Spectra stay spectra."""

    def __call__(self, spectra: Tensor) -> Tensor:
        return spectra

    def inverse(self, spectra: Tensor) -> Tensor:
        return spectra


class WithoutTransform(nn.Module):
    """MDX23C between the transforms: [1, 2 x 2, bins, frames] to [1, stems, 2 x 2, bins, frames]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, spectra: Tensor) -> Tensor:
        transform, self.network.stft = self.network.stft, NoTransform()
        try:
            return self.network(spectra)
        finally:
            self.network.stft = transform


NETWORKS: dict[str, Callable[[dict[str, Any]], nn.Module]] = {
    "demucs2": network_of_demucs,
    "openunmix": network_of_openunmix,
    "bs_roformer": network_of_bs_roformer,
    "mel_band_roformer": network_of_mel_band_roformer,
    "mdx23c": network_of_mdx23c,
    "scnet": network_of_scnet,
}


def parts(case: dict[str, Any], network: nn.Module) -> tuple[nn.Module, nn.Module, tuple[int, ...]]:
    """Return the original from samples to stems, what is exported of it, and the shape that this takes."""
    samples, arguments = case["samples"], case["arguments"]
    match case["network"]:
        case "demucs2":
            trimmed = Trimmed(network, samples)
            return trimmed, trimmed, (1, 2, samples)
        case "openunmix":
            frame, hop = arguments["frame_length"], arguments["hop"]
            return network, Magnitudes(network), (1, 2, frame // 2 + 1, samples // hop + 1)
        case "mdx23c":
            audio = arguments["audio"]
            shape = (1, 4, audio["dim_f"], samples // audio["hop_length"] + 1)
            return network, WithoutTransform(network), shape
        case "scnet":
            frames = samples // arguments["hop_size"] + 1
            shape = (1, 4, arguments["nfft"] // 2 + 1, frames)
            return Shortened(network), Compressed(network, frames), shape
    bins, hop = arguments["stft_n_fft"] // 2 + 1, arguments["stft_hop_length"]
    return network, BandMasks(network), (1, samples // hop + 1, 4 * bins)


def main(folder: Path, cases: list[dict[str, Any]]) -> None:
    torch.set_num_threads(1)
    for case in cases:
        torch.manual_seed(1)
        network = NETWORKS[case["network"]](case["arguments"]).eval()
        original, exported, shape = parts(case, network)
        audio = torch.from_numpy(np.load(folder / f"{case['name']}.npy"))[None]
        (folder / case["name"]).mkdir(exist_ok=True)
        with torch.inference_mode():
            stems = original(audio)[0]
        if stems.ndim == 2:  # of one stem
            stems = stems[None]
        np.save(folder / case["name"] / "stems.npy", stems.numpy())
        with torch.no_grad():
            torch.onnx.export(
                exported.eval(),
                (torch.zeros(shape),),
                str(folder / case["name"] / "model.onnx"),
                dynamo=False,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
