"""Networks that were exported from elsewhere, as ONNX or OpenVINO IR files.

The descriptor says what such a network takes and gives, in ``settings`` and ``layout``: samples of the mixture and of
the stems, or spectra and what becomes of them, with the transform around the network in ``slots``.
"""
