"""Spleeter's U-Nets: Hennequin, Khlif, Voituret and Moussallam, "Spleeter", Journal of Open Source Software (2020).

The official models, and small ones of the same kind that are bundled. ``settings`` says what makes a model, ``weights``
reads them, ``stft`` is the signal chain around the network, and three engines run it: ``native`` (C of our own),
``openvino``, and ``tensorflow``, which is Spleeter's own code.
"""
