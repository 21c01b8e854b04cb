"""The names and shapes of the weights of a Demucs network, as PyTorch names them."""

from collections.abc import Iterator

from separation.engines.demucs.architecture import Architecture, Layer

Shape = tuple[int, ...]
Named = Iterator[tuple[str, Shape]]

_HEADS = 4
_DECAYS = 4


def weight_shapes(architecture: Architecture) -> dict[str, Shape]:
    """Return the shape of every weight of the network by its name."""
    return dict(_weights(architecture))


def _weights(architecture: Architecture) -> Named:
    layers = list(architecture.layers())
    spectral = [layer for layer in layers if layer.spectral]
    sources = len(architecture.sources)
    for layer in layers:
        axes = 2 if layer.spectral else 1
        yield from _encoder(
            architecture, layer, f"encoder.{layer.index}", layer.inputs, layer.kernel, axes=axes
        )
        name = f"decoder.{len(layers) - 1 - layer.index}"
        yield from _decoder(architecture, layer, name, layer.decoded, layer.kernel, axes=axes)
    for layer in spectral:
        inputs, decoded = (2, 2 * sources) if layer.index == 0 else (layer.inputs, layer.decoded)
        name, mirror = f"tencoder.{layer.index}", f"tdecoder.{len(spectral) - 1 - layer.index}"
        yield from _encoder(architecture, layer, name, inputs, 8, alone=layer.merging)
        yield from _decoder(architecture, layer, mirror, decoded, 8, alone=layer.merging)
    if architecture.embedding_weight:
        yield "freq_emb.embedding.weight", (architecture.fft_length // 8, architecture.channels)
    if architecture.transformer_layers:
        yield from _transformer(architecture)


def _encoder(
    architecture: Architecture,
    layer: Layer,
    name: str,
    inputs: int,
    kernel: int,
    *,
    axes: int = 1,
    alone: bool = False,
) -> Named:
    """Yield an encoder's weights, or those of its first convolution `alone`."""
    outputs = layer.outputs
    yield f"{name}.conv.weight", (outputs, inputs, kernel, *(1,) * (axes - 1))
    yield f"{name}.conv.bias", (outputs,)
    if alone:
        return
    if layer.normalised:
        yield from _affine(f"{name}.norm1", outputs)
        yield from _affine(f"{name}.norm2", 2 * outputs)
    yield f"{name}.rewrite.weight", (2 * outputs, outputs, *(1,) * axes)
    yield f"{name}.rewrite.bias", (2 * outputs,)
    if architecture.residual_in_encoder:
        yield from _residual(architecture, layer, name)


def _decoder(
    architecture: Architecture,
    layer: Layer,
    name: str,
    outputs: int,
    kernel: int,
    *,
    axes: int = 1,
    alone: bool = False,
) -> Named:
    """Yield a decoder's weights, or those of its last convolution `alone`."""
    inputs = layer.outputs
    yield f"{name}.conv_tr.weight", (inputs, outputs, kernel, *(1,) * (axes - 1))
    yield f"{name}.conv_tr.bias", (outputs,)
    if layer.normalised:
        yield from _affine(f"{name}.norm2", outputs)
    if alone:
        return
    if layer.normalised:
        yield from _affine(f"{name}.norm1", 2 * inputs)
    yield f"{name}.rewrite.weight", (2 * inputs, inputs, *(3,) * axes)
    yield f"{name}.rewrite.bias", (2 * inputs,)
    if architecture.residual_in_decoder:
        yield from _residual(architecture, layer, name)


def _residual(architecture: Architecture, layer: Layer, name: str) -> Named:
    channels, hidden = layer.outputs, int(layer.outputs / architecture.residual_compression)
    for branch in range(architecture.residual_depth):
        prefix = f"{name}.dconv.layers.{branch}"
        yield f"{prefix}.0.weight", (hidden, channels, 3)
        yield f"{prefix}.0.bias", (hidden,)
        yield from _affine(f"{prefix}.1", hidden)
        second = 3
        if layer.recurrent:
            yield from _recurrence(prefix, hidden)
            second = 5
        yield f"{prefix}.{second}.weight", (2 * channels, hidden, 1)
        yield f"{prefix}.{second}.bias", (2 * channels,)
        yield from _affine(f"{prefix}.{second + 1}", 2 * channels)
        yield f"{prefix}.{second + 3}.scale", (channels,)


def _recurrence(prefix: str, size: int) -> Named:
    for number, inputs in enumerate((size, 2 * size)):
        for direction in ("", "_reverse"):
            suffix = f"l{number}{direction}"
            yield f"{prefix}.3.lstm.weight_ih_{suffix}", (4 * size, inputs)
            yield f"{prefix}.3.lstm.weight_hh_{suffix}", (4 * size, size)
            yield f"{prefix}.3.lstm.bias_ih_{suffix}", (4 * size,)
            yield f"{prefix}.3.lstm.bias_hh_{suffix}", (4 * size,)
    yield f"{prefix}.3.linear.weight", (size, 2 * size)
    yield f"{prefix}.3.linear.bias", (size,)
    for part, outputs in (
        ("content", size), ("query", size), ("key", size), ("query_decay", _HEADS * _DECAYS), ("proj", size),
    ):  # fmt: skip
        yield f"{prefix}.4.{part}.weight", (outputs, size, 1)
        yield f"{prefix}.4.{part}.bias", (outputs,)


def _transformer(architecture: Architecture) -> Named:
    inner = architecture.channels * architecture.growth ** (architecture.depth - 1)
    size = architecture.transformer_channels
    hidden = int(size * architecture.transformer_hidden)
    if architecture.bottom_channels:
        for branch in ("", "_t"):
            yield f"channel_upsampler{branch}.weight", (size, inner, 1)
            yield f"channel_upsampler{branch}.bias", (size,)
            yield f"channel_downsampler{branch}.weight", (inner, size, 1)
            yield f"channel_downsampler{branch}.bias", (inner,)
    for branch in ("", "_t"):
        yield from _affine(f"crosstransformer.norm_in{branch}", size)
        for index in range(architecture.transformer_layers):
            name = f"crosstransformer.layers{branch}.{index}"
            attention = "cross_attn" if index % 2 else "self_attn"
            yield f"{name}.{attention}.in_proj_weight", (3 * size, size)
            yield f"{name}.{attention}.in_proj_bias", (3 * size,)
            yield f"{name}.{attention}.out_proj.weight", (size, size)
            yield f"{name}.{attention}.out_proj.bias", (size,)
            yield f"{name}.linear1.weight", (hidden, size)
            yield f"{name}.linear1.bias", (hidden,)
            yield f"{name}.linear2.weight", (size, hidden)
            yield f"{name}.linear2.bias", (size,)
            for norm in (
                ("norm1", "norm2", "norm3", "norm_out") if index % 2 else ("norm1", "norm2", "norm_out")
            ):
                yield from _affine(f"{name}.{norm}", size)
            yield f"{name}.gamma_1.scale", (size,)
            yield f"{name}.gamma_2.scale", (size,)


def _affine(name: str, size: int) -> Named:
    yield f"{name}.weight", (size,)
    yield f"{name}.bias", (size,)
