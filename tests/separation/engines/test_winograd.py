"""Convolutions of fewer products are the same convolutions."""

import numpy as np

from separation.engines import winograd
from separation.engines.openvino import import_silently

CHANNELS, OTHERS, HEIGHT, WIDTH = 32, 40, 16, 10


def test_the_result_is_that_of_the_direct_sum() -> None:
    openvino = import_silently()
    from openvino import opset13 as ops

    generator = np.random.default_rng(3)
    image = generator.normal(0, 1, (1, CHANNELS, HEIGHT, WIDTH)).astype(np.float32)
    kernel = generator.normal(0, 0.05, (CHANNELS, OTHERS, 5, 5)).astype(np.float32)
    transformed = winograd.transformed(kernel)
    assert transformed.shape == winograd.transformed_shape(kernel.shape)
    plain = ops.parameter(image.shape, dtype=np.float32)
    matrix = ops.parameter([HEIGHT, WIDTH * CHANNELS], dtype=np.float32)
    direct = ops.convolution_backprop_data(
        plain,
        openvino.op.Constant(kernel),
        strides=[2, 2],
        pads_begin=[1, 1],
        pads_end=[2, 2],
        output_padding=[0, 0],
    )
    parts = [openvino.op.Constant(part) for part in transformed]
    faster = winograd.Images(ops).transposed_convolution(matrix, CHANNELS, parts)
    model = openvino.Model([direct, faster], [plain, matrix], "both")
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = compiled([image, image[0].transpose(1, 2, 0).reshape(HEIGHT, -1)])
    expected = answers[0][0].transpose(1, 2, 0)
    np.testing.assert_allclose(answers[1].reshape(expected.shape), expected, rtol=0, atol=2e-5)


def test_small_and_huge_kernels_stay_as_they_are() -> None:
    assert winograd.suits((256, 64, 5, 5))
    for shape in ((64, 16, 5, 5), (512, 128, 5, 5), (64, 64, 4, 4)):
        assert not winograd.suits(shape)
