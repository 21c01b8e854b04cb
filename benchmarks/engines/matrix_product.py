"""``python -m benchmarks.engines.matrix_product``: what a core gives in OpenVINO's own matrix product, in float32.

That rate is the floor under the network's cost: no convolution is faster than a product of matrices. (A fast
algorithm, which needs fewer products, could be.)
"""

import json
import subprocess
import sys
import time
from statistics import median

import numpy as np

from benchmarks.measure import ROOT
from separation.engines.descriptors import SAMPLE_RATE
from separation.engines.openvino_runtime import import_without_telemetry
from separation.engines.spleeter import weights
from separation.engines.spleeter.settings import SpleeterSpec
from separation.engines.spleeter.stft_params import FRAMES, STRIDE

_SIZE = 1536
_REPEATS = 6


def rate() -> float:
    """Measured now, in a process of its own: floating-point operations per CPU second of one core."""
    command = [sys.executable, "-m", "benchmarks.engines.matrix_product"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return float(json.loads(done.stdout))


def operations(spec: SpleeterSpec) -> float:
    """Floating-point operations that the network of `spec` needs for a second of sound, the usual way."""
    window = 0
    for name, shape in weights.shapes(spec).items():
        if not name.endswith("kernel"):
            continue
        layer = name.split("/")[1]
        if layer == "mask":  # works on the full spectrogram
            level = 0
        elif layer.startswith("conv"):
            level = int(layer[-1])
        else:  # a transposed convolution works on each position of its input
            level = weights.DEPTH + 1 - int(layer[-1])
        window += 2 * int(np.prod(shape)) * FRAMES * spec.settings.bins // 4**level
    return window * SAMPLE_RATE / STRIDE


def main() -> None:
    """Print the rate."""
    openvino = import_without_telemetry()
    from openvino import opset13 as ops

    generator = np.random.default_rng(1)
    left = ops.parameter([_SIZE, _SIZE], dtype=np.float32)
    right = openvino.op.Constant(generator.random((_SIZE, _SIZE), dtype=np.float32), shared_memory=True)
    compiled = openvino.Core().compile_model(
        openvino.Model([ops.matmul(left, right, False, False)], [left], "product"),  # noqa: FBT003
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1},
    )
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(generator.random((_SIZE, _SIZE), dtype=np.float32)))
    times = []
    for _ in range(_REPEATS):
        started = time.process_time()
        request.infer()
        times.append(time.process_time() - started)
    print(json.dumps(2 * _SIZE**3 / median(times[1:])))


if __name__ == "__main__":
    main()
