"""What a Demucs file says about its network: the arguments that the original's constructor is called with.

`HTDemucs` is "Hybrid Transformer Demucs" (Rouard, Massa, Défossez: "Hybrid Transformers for Music Source
Separation", 2022), `HDemucs` "Hybrid Demucs" (Défossez: "Hybrid Spectrogram and Waveform Source Separation", 2021).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from separation.engines.weightfiles.errors import WeightFileError

Kind = Literal["HTDemucs", "HDemucs"]

# What every published model has, and the only thing that is built here.
_FIXED: dict[str, Any] = {
    "audio_channels": 2,
    "channels_time": None,
    "wiener_iters": 0,
    "end_iters": 0,
    "cac": True,
    "rewrite": True,
    "hybrid": True,
    "hybrid_old": False,
    "kernel_size": 8,
    "stride": 4,
    "time_stride": 2,
    "context": 1,
    "context_enc": 0,
    "samplerate": 44_100,
    "use_train_segment": True,
    "t_emb": "sin",
    "t_norm_in": True,
    "t_norm_in_group": False,
    "t_group_norm": False,
    "t_norm_first": True,
    "t_norm_out": True,
    "t_layer_scale": True,
    "t_gelu": True,
    "t_sin_random_shift": 0,
    "t_sparse_self_attn": False,
    "t_sparse_cross_attn": False,
    "t_cross_first": False,
}
# What only matters in training.
_IGNORED = {
    "wiener_residual", "emb_smooth", "dconv_init", "rescale", "multi_freqs_depth", "t_dropout", "t_max_positions",
    "t_weight_decay", "t_lr", "t_cape_mean_normalize", "t_cape_augment", "t_cape_glob_loc_scale", "t_mask_type",
    "t_mask_random_seed", "t_sparse_attn_window", "t_global_window", "t_sparsity", "t_auto_sparsity",
}  # fmt: skip
_DEPTH = {"HTDemucs": 4, "HDemucs": 6}
_COMPRESSION = {"HTDemucs": 8, "HDemucs": 4}
_SEGMENT = {"HTDemucs": Fraction(10), "HDemucs": Fraction(40)}
_MOST_CHANNELS = 8192


@dataclass(frozen=True, slots=True)
class Layer:
    """One level of the U-net: an encoder, and the decoder that mirrors it."""

    index: int
    inputs: int
    outputs: int
    """Channels that the encoder is given, and that it returns."""
    decoded: int
    """Channels that the decoder returns."""
    kernel: int
    stride: int
    spectral: bool
    """Whether it works along frequency; the innermost ones of HDemucs work along time."""
    merging: bool
    """Whether it reduces what is left of the frequencies to one, so that the branches meet."""
    normalised: bool
    recurrent: bool
    """Whether its residual branches hold an LSTM and attention."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a network."""

    kind: Kind
    sources: tuple[str, ...]
    segment: Fraction
    """Seconds that the network is given at once."""
    channels: int
    growth: int
    fft_length: int
    depth: int
    embedding_weight: float
    """Of the frequency embedding, 0 if there is none."""
    embedding_scale: float
    norm_starts: int
    norm_groups: int
    residual_in_encoder: bool
    residual_in_decoder: bool
    residual_depth: int
    residual_compression: float
    recurrent_from: int
    """The first layer whose residual branches hold an LSTM and attention."""
    bottom_channels: int
    transformer_layers: int
    transformer_heads: int
    transformer_hidden: float
    """Size of the feed-forward layers, in multiples of the channels."""
    longest_period: float
    position_weight: float

    @property
    def hop(self) -> int:
        """Return the samples between two frames of the spectrogram."""
        return self.fft_length // 4

    @property
    def transformer_channels(self) -> int:
        """Return the channels of the transformer."""
        return self.bottom_channels or self.channels * self.growth ** (self.depth - 1)

    def layers(self) -> Iterator[Layer]:
        """Yield the layers from the outermost to the innermost."""
        frequencies = self.fft_length // 2
        inputs, outputs, decoded = 4, self.channels, 4 * len(self.sources)
        for index in range(self.depth):
            spectral = frequencies > 1
            merging = spectral and frequencies <= 8
            yield Layer(
                index=index,
                inputs=inputs,
                outputs=outputs,
                decoded=decoded,
                kernel=frequencies if merging else 8 if spectral else 4,
                stride=4 if spectral else 2,
                spectral=spectral,
                merging=merging,
                normalised=index >= self.norm_starts,
                recurrent=index >= self.recurrent_from,
            )
            frequencies = 1 if frequencies <= 8 else frequencies // 4
            inputs, decoded, outputs = outputs, outputs, outputs * self.growth


def read_architecture(kind: Kind, arguments: Mapping[str, Any]) -> Architecture:
    """Return the architecture that the constructor's `arguments` describe. Raises `WeightFileError`."""
    for name, fixed in _FIXED.items():
        if arguments.get(name, fixed) != fixed:
            raise WeightFileError(f"this form of {kind} is not supported: {name} is {arguments[name]!r}")
    if arguments.get("multi_freqs"):
        raise WeightFileError(f"this form of {kind} is not supported: its bands have networks of their own")
    depth = _DEPTH[kind]
    number = _Numbers(kind, arguments)
    architecture = Architecture(
        kind=kind,
        sources=_names(arguments.get("sources")),
        segment=_segment(arguments.get("segment", _SEGMENT[kind])),
        channels=number.whole("channels", 48, 1, _MOST_CHANNELS),
        growth=number.whole("growth", 2, 1, 4),
        fft_length=number.whole("nfft", 4096, 64, 1 << 16),
        depth=number.whole("depth", depth, 1, 8),
        embedding_weight=number.real("freq_emb", 0.2),
        embedding_scale=number.real("emb_scale", 10),
        norm_starts=number.whole("norm_starts", 4, 0, 8),
        norm_groups=number.whole("norm_groups", 4, 1, 64),
        residual_in_encoder=bool(number.whole("dconv_mode", 1, 0, 3) & 1),
        residual_in_decoder=bool(number.whole("dconv_mode", 1, 0, 3) & 2),
        residual_depth=number.whole("dconv_depth", 2, 1, 8),
        residual_compression=number.real("dconv_comp", _COMPRESSION[kind]),
        recurrent_from=number.whole("dconv_lstm", 4, 0, 8) if kind == "HDemucs" else depth,
        bottom_channels=number.whole("bottom_channels", 0, 0, _MOST_CHANNELS),
        transformer_layers=number.whole("t_layers", 5, 1, 16) if kind == "HTDemucs" else 0,
        transformer_heads=number.whole("t_heads", 8, 1, 64),
        transformer_hidden=number.real("t_hidden_scale", 4),
        longest_period=number.real("t_max_period", 10_000),
        position_weight=number.real("t_weight_pos_embed", 1),
    )
    if kind == "HDemucs" and number.whole("dconv_attn", 4, 0, 8) != architecture.recurrent_from:
        raise WeightFileError(
            "this form of HDemucs is not supported: LSTM and attention begin at different layers"
        )
    return architecture


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Arguments that are numbers, and must be in a sane range: buffers are made of these sizes."""

    kind: Kind
    arguments: Mapping[str, Any]

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        value = self.arguments.get(name, default)
        if not isinstance(value, int | float) or value != int(value) or not least <= value <= most:
            raise WeightFileError(f"this form of {self.kind} is not supported: {name} is {value!r}")
        return int(value)

    def real(self, name: str, default: float) -> float:
        value = self.arguments.get(name, default)
        if not isinstance(value, int | float) or not 0 <= value <= 1e6:
            raise WeightFileError(f"this form of {self.kind} is not supported: {name} is {value!r}")
        return float(value)


def _names(sources: Any) -> tuple[str, ...]:
    if not isinstance(sources, list | tuple) or not 1 <= len(sources) <= 16:
        raise WeightFileError("the file does not say what its network separates")
    if not all(isinstance(name, str) and len(name) < 40 for name in sources):
        raise WeightFileError("the file does not say what its network separates")
    return tuple(sources)


def _segment(value: Any) -> Fraction:
    if not isinstance(value, int | float | Fraction) or not 0 < value <= 600:
        raise WeightFileError("the file does not say how long its network's input is")
    return Fraction(value)
