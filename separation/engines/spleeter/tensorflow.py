"""The reference engine: Spleeter's own graph code in a TensorFlow session that stays open.

For GPUs, for machines where the other engines are missing, and to check the others against.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from separation.engines.caches.weight_cache import Weights
from separation.engines.spleeter.settings import SpleeterSpec
from separation.engines.spleeter.stft import StftSlot
from separation.engines.spleeter.stft_params import CHUNKING, FRAMES
from separation.engines.spleeter.weights import spleeter_params, variable_names, with_every_network

_EPSILON = 1e-10


class TensorFlowEngine:
    """Run `spec` with TensorFlow, on a GPU if it finds one, else on `threads` processor threads."""

    chunking = CHUNKING

    def __init__(self, spec: SpleeterSpec, weights: Weights, *, threads: int) -> None:
        import tensorflow as tf
        from spleeter.model.functions import unet

        self.spec = spec
        # A GPU's TensorFloat-32 has ten bits of mantissa: audibly not the same.
        tf.config.experimental.enable_tensor_float_32_execution(False)  # noqa: FBT003
        apply_network = unet.softmax_unet if spec.settings.softmax else unet.unet
        with tf.Graph().as_default():
            tf.compat.v1.keras.backend.set_learning_phase(0)
            magnitude = tf.compat.v1.placeholder(
                tf.float32, [2, FRAMES, spec.settings.bins], name="magnitude"
            )
            channels_last = tf.transpose(magnitude, [1, 2, 0])[tf.newaxis]
            outputs = apply_network(channels_last, spec.stems, spleeter_params(spec))
            powers = [outputs[f"{stem}_spectrogram"][0] ** spec.settings.exponent for stem in spec.stems]
            total = tf.add_n(powers) + _EPSILON
            masks = tf.stack([(power + _EPSILON / len(powers)) / total for power in powers])
            variables = {variable.op.name: variable for variable in tf.compat.v1.global_variables()}
            session = tf.compat.v1.Session(
                config=tf.compat.v1.ConfigProto(
                    intra_op_parallelism_threads=threads,
                    inter_op_parallelism_threads=1,
                    use_per_session_threads=True,
                    gpu_options=tf.compat.v1.GPUOptions(allow_growth=True),
                )
            )
            full = with_every_network(spec, weights)
            initial = {
                variables[variable].initializer: full[name]
                for name, variable in variable_names(spec.stems)
                if name is not None
            }
            # Each initialiser assigns its second input, which is replaced by what is fed: one run for all of them.
            session.run(list(initial), {assign.inputs[1]: value for assign, value in initial.items()})
            run = session.make_callable(tf.transpose(masks, [0, 3, 1, 2]), [magnitude])
        self.slots = [StftSlot(_TensorFlowNetwork(run, spec), spec)]


class _TensorFlowNetwork:
    def __init__(self, run: Any, spec: SpleeterSpec) -> None:
        self._run = run
        self.magnitude: npt.NDArray[np.float32] = np.zeros((2, FRAMES, spec.settings.bins), dtype=np.float32)

    def masks(self) -> list[npt.NDArray[np.float32]]:
        return list(self._run(self.magnitude))
