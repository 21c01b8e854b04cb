"""Spleeter's U-Net in PyTorch, with the very arrays that the project's own engine reads.

Outside, arrays keep TensorFlow's layouts and the names of `separation.engines.spleeter.weights`; inside they have
PyTorch's. As in the engine, the last decoder layer and the mask layer work on 16 phases of a 4x4 block at a
quarter of the resolution, which is the same sum in another order and several times faster. The phase kernels
are linear in Spleeter's kernels, so that training adapts the latter.
"""

import math
from collections.abc import Mapping
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.weightfile import Array

DEPTH = 6
PHASES = 4
_TAPS_A_PLACE = 25 / 4
_DROPPING_LAYERS = 3  # as in Spleeter, only the innermost decoder layers drop out
_NORMALISATION_EPSILON = 1e-3
_NORMALISATION_MOMENTUM = 0.01
_NORMALISATION = {
    "weight": "bn_gamma",
    "bias": "bn_beta",
    "running_mean": "bn_mean",
    "running_var": "bn_var",
}


class UNet(nn.Module):
    """One network: magnitudes [batch, 2, frames, bins] -> mask logits of the same shape.

    `filters` are the six widths of Spleeter's ``conv_n_filters``. Frames and bins must be multiples of 64.
    """

    def __init__(self, filters: tuple[int, ...], dropout: float = 0.1) -> None:
        super().__init__()
        widths = (2, *filters)
        self.encoder = nn.ModuleList(
            nn.Conv2d(widths[layer], widths[layer + 1], 5, stride=2) for layer in range(DEPTH)
        )
        self.encoder_norms = nn.ModuleList(_norm(widths[layer + 1]) for layer in range(DEPTH - 1))
        wide_in = [widths[DEPTH], *(2 * widths[DEPTH - layer] for layer in range(1, DEPTH))]
        wide_out = [*(widths[DEPTH - layer] for layer in range(1, DEPTH)), 1]
        self.decoder = nn.ModuleList(
            nn.ConvTranspose2d(wide_in[layer], wide_out[layer], 5, stride=2, padding=1)
            for layer in range(DEPTH)
        )
        self.decoder_norms = nn.ModuleList(_norm(width) for width in wide_out)
        self.mask = nn.Conv2d(1, 2, 4, dilation=2)
        self.dropout = nn.Dropout(dropout)
        self.decoder_taps = nn.Parameter(_decoder_taps(), requires_grad=False)
        self.mask_taps = nn.Parameter(_mask_taps(), requires_grad=False)
        for module in (*self.encoder, *self.decoder, self.mask):
            nn.init.kaiming_uniform_(cast("Tensor", module.weight), nonlinearity="relu")
            nn.init.zeros_(cast("Tensor", module.bias))
        for up in self.decoder:  # a quarter of the taps meets each place; PyTorch counts outputs as inputs
            weight = cast("Tensor", up.weight)
            nn.init.normal_(weight, std=math.sqrt(2 / (weight.shape[0] * _TAPS_A_PLACE)))
        with torch.no_grad():  # a loud mask is silenced first of all, by a last layer that saturates for good
            self.mask.weight.mul_(0.1)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Return mask logits [batch, 2, frames, bins] for magnitudes of that shape."""
        skips: list[Tensor] = []
        node = magnitude
        for layer, convolution in enumerate(self.encoder):
            node = convolution(functional.pad(node, (1, 2, 1, 2)))
            skips.append(node)
            if layer < DEPTH - 1:
                node = functional.elu(self.encoder_norms[layer](node))
        for layer in range(DEPTH - 1):
            node = self.decoder[layer](node)[:, :, :-1, :-1]
            node = self.decoder_norms[layer](functional.elu(node))
            if layer < _DROPPING_LAYERS:
                node = self.dropout(node)
            node = torch.cat((skips[DEPTH - 2 - layer], node), dim=1)
        return self._mask_logits(node)

    def _mask_logits(self, node: Tensor) -> Tensor:
        last = cast("nn.ConvTranspose2d", self.decoder[DEPTH - 1])
        taps = self.decoder_taps
        kernel = torch.einsum("cts,oat,pbs->opcab", last.weight[:, 0], taps, taps).flatten(0, 1)
        bias = cast("Tensor", last.bias).expand(PHASES**2)
        node = functional.elu(functional.conv2d(node, kernel, bias, stride=2, padding=1))
        # The normalisation knows one channel only: phases and places are all its samples.
        places = node.permute(0, 2, 3, 1)
        places = self.decoder_norms[DEPTH - 1](places.flatten(1, 2).unsqueeze(1)).reshape(places.shape)
        node = places.permute(0, 3, 1, 2)
        taps = self.mask_taps
        kernel = torch.einsum("zts,omxt,pnys->zopmnxy", self.mask.weight[:, 0], taps, taps)
        kernel = kernel.flatten(3, 4).flatten(0, 2)
        bias = cast("Tensor", self.mask.bias).repeat_interleave(PHASES**2)
        return functional.pixel_shuffle(functional.conv2d(node, kernel, bias, padding=1), PHASES)


class Networks(nn.Module):
    """One U-Net for each name: magnitudes [batch, 2, frames, bins] -> logits [stems, batch, 2, frames, bins].

    A single network is given its opponent, the negated logits: sigmoid(-x) = 1 - sigmoid(x).
    """

    def __init__(self, names: tuple[str, ...], filters: tuple[int, ...], dropout: float = 0.1) -> None:
        super().__init__()
        self.names = names
        self.nets = nn.ModuleList(UNet(filters, dropout) for _ in names)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Return logits for a softmax over the first axis."""
        logits = [net(magnitude) for net in self.nets]
        if len(logits) == 1:
            logits.append(torch.zeros_like(logits[0]))
        return torch.stack(logits)

    def arrays(self) -> dict[str, Array]:
        """Return the weights under the engine's names and in its layouts, float32."""
        result: dict[str, Array] = {}
        with torch.no_grad():
            for name, tensor in self._tensors().items():
                value = tensor.detach().float().cpu()
                result[name] = (value.permute(2, 3, 1, 0) if value.ndim == 4 else value).contiguous().numpy()
        return result

    def load_arrays(self, arrays: Mapping[str, Array]) -> None:
        """Take over weights in the engine's form. Raises KeyError or ValueError if one is missing or misfits."""
        with torch.no_grad():
            for name, tensor in self._tensors().items():
                value = torch.from_numpy(np.array(arrays[name], dtype=np.float32))
                value = value.permute(3, 2, 0, 1) if value.ndim == 4 else value
                if value.shape != tensor.shape:
                    raise ValueError(f"{name}: {tuple(value.shape)} instead of {tuple(tensor.shape)}")
                tensor.copy_(value)

    def _tensors(self) -> dict[str, Tensor]:
        """Return the live tensors by the engine's names."""
        found: dict[str, Tensor] = {}
        for name, module in zip(self.names, self.nets, strict=True):
            net = cast("UNet", module)
            layers = {f"conv{index + 1}": layer for index, layer in enumerate(net.encoder)}
            layers |= {f"up{index + 1}": layer for index, layer in enumerate(net.decoder)}
            layers["mask"] = net.mask
            for layer_name, layer in layers.items():
                found[f"{name}/{layer_name}/kernel"] = cast("Tensor", layer.weight)
                found[f"{name}/{layer_name}/bias"] = cast("Tensor", layer.bias)
            norms = {f"conv{index + 1}": norm for index, norm in enumerate(net.encoder_norms)}
            norms |= {f"up{index + 1}": norm for index, norm in enumerate(net.decoder_norms)}
            for layer_name, norm in norms.items():
                for theirs, ours in _NORMALISATION.items():
                    found[f"{name}/{layer_name}/{ours}"] = cast("Tensor", getattr(norm, theirs))
        return found


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=_NORMALISATION_EPSILON, momentum=_NORMALISATION_MOMENTUM)


def _decoder_taps() -> Tensor:
    """Return [phase, tap of the 4-tap kernel, tap of Spleeter's 5-tap kernel]: 1 where they are the same weight."""
    taps = torch.zeros(PHASES, 4, 5)
    for phase, tap in np.ndindex(PHASES, 4):
        if 0 <= (old := phase + 3 - 2 * tap) < 5:
            taps[phase, tap, old] = 1
    return taps


def _mask_taps() -> Tensor:
    """Return [phase out, phase in, tap of the 3-tap kernel, tap of Spleeter's 4-tap kernel dilated by 2]."""
    taps = torch.zeros(PHASES, PHASES, 3, 4)
    for phase, tap in np.ndindex(PHASES, 4):
        block, phase_in = divmod(phase + 2 * tap - 3, PHASES)
        taps[phase, phase_in, block + 1, tap] = 1
    return taps
