"""Real Fourier transforms in float32: SciPy's own PocketFFT, without importing SciPy around it.

``import scipy.fft`` takes 0.15 s and 24 MB for functions that nobody here calls; the compiled module that does
the work needs only NumPy, and can write into buffers that are kept.
"""

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

_NAME = "scipy.fft._pocketfft.pypocketfft"
_AXES = (2,)
_BY_LENGTH = 2
"""PocketFFT's name for "divide by the length"."""

Reals = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]
Transforms = tuple[Callable[[Reals, Spectra], None], Callable[[Spectra, Reals], None]]


def transforms() -> Transforms:
    """(forward, inverse), each called with input and output: [n, 2, length] and [n, 2, length / 2 + 1]."""
    pocketfft = _extension()
    if pocketfft is None:
        return _by_scipy()
    r2c, c2r = pocketfft.r2c, pocketfft.c2r

    def forward(samples: Reals, spectra: Spectra) -> None:
        r2c(samples, _AXES, True, 0, spectra, 1)  # noqa: FBT003 (forward, not normalised, one thread)

    def inverse(spectra: Spectra, samples: Reals) -> None:
        c2r(spectra, _AXES, samples.shape[2], False, _BY_LENGTH, samples, 1)  # noqa: FBT003

    return forward, inverse


def _extension() -> ModuleType | None:
    """The module ``scipy.fft._pocketfft.pypocketfft``, on its own; None where SciPy is built another way."""
    if _NAME in sys.modules:  # loaded twice, its two lives end in one crash at exit
        return sys.modules[_NAME]
    scipy = importlib.util.find_spec("scipy")
    if scipy is None or scipy.origin is None:
        return None
    folder = Path(scipy.origin).parent / "fft" / "_pocketfft"
    for suffix in EXTENSION_SUFFIXES:
        path = folder / f"pypocketfft{suffix}"
        if path.is_file():
            spec = importlib.util.spec_from_loader(_NAME, ExtensionFileLoader(_NAME, str(path)))
            if spec is None or spec.loader is None:
                return None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            sys.modules[_NAME] = module  # where SciPy, imported later, looks for it
            return module
    return None


def _by_scipy() -> Transforms:
    import scipy.fft  # noqa: PLC0415 (only where it is needed)

    def forward(samples: Reals, spectra: Spectra) -> None:
        spectra[:] = scipy.fft.rfft(samples)

    def inverse(spectra: Spectra, samples: Reals) -> None:
        samples[:] = scipy.fft.irfft(spectra, samples.shape[2])

    return forward, inverse
