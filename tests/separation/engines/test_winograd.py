"""Convolutions of fewer products are the same convolutions."""

import numpy as np
import numpy.typing as npt
import pytest

from separation.engines import winograd
from separation.engines.openvino import import_silently

CHANNELS, OTHERS, HEIGHT, WIDTH = 32, 40, 16, 10


def computed(
    image: npt.NDArray[np.float32], kernel: npt.NDArray[np.float32], *, transposed: bool
) -> list[npt.NDArray[np.float32]]:
    """(what is expected, what comes out), both [channels, height, width]."""
    openvino = import_silently()
    from openvino import opset13 as ops

    _, channels, height, width = image.shape
    plain = ops.parameter(image.shape, dtype=np.float32)
    matrix = ops.parameter([height, width * channels], dtype=np.float32)
    whole = openvino.op.Constant(kernel)
    parts = [openvino.op.Constant(part) for part in winograd.transformed(kernel, transposed=transposed)]
    padding = {"pads_begin": [1, 1], "pads_end": [2, 2]}
    if transposed:
        expected = ops.convolution_backprop_data(
            plain, whole, strides=[2, 2], output_padding=[0, 0], **padding
        )
        found = winograd.transposed_convolution(ops, matrix, channels, parts, lambda node: node)
    else:
        expected = ops.convolution(plain, whole, strides=[2, 2], dilations=[1, 1], **padding)
        found, _negative = winograd.convolution(
            ops, matrix, channels, parts, [lambda node: node, ops.negative]
        )
    model = openvino.Model([expected, found], [plain, matrix], "both")
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = compiled([image, image[0].transpose(1, 2, 0).reshape(height, -1)])
    one, other = answers[0][0], answers[1]
    return [one, other.reshape(one.shape[1], one.shape[2], -1).transpose(2, 0, 1)]


@pytest.mark.parametrize("transposed", [False, True])
def test_the_result_is_that_of_the_direct_sum(transposed: bool) -> None:
    generator = np.random.default_rng(3)
    image = generator.normal(0, 1, (1, CHANNELS, HEIGHT, WIDTH)).astype(np.float32)
    shape = (CHANNELS, OTHERS, 5, 5) if transposed else (OTHERS, CHANNELS, 5, 5)
    kernel = generator.normal(0, 0.05, shape).astype(np.float32)
    assert winograd.transformed(kernel, transposed=transposed).shape == winograd.transformed_shape(shape)
    expected, found = computed(image, kernel, transposed=transposed)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)


def test_small_and_huge_kernels_stay_as_they_are() -> None:
    assert winograd.suits((128, 64, 5, 5))
    for shape in ((2, 16, 5, 5), (64, 16, 5, 5), (512, 256, 5, 5), (64, 64, 4, 4), (64,)):
        assert not winograd.suits(shape)
