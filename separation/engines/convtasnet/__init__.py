"""Conv-TasNet for music, as trained by the authors of Demucs: Défossez, Usunier, Bottou and Bach, "Music source
separation in the waveform domain" (2019), after Luo and Mesgarani, "Conv-TasNet" (2019).

``settings`` says what makes a model, ``network`` builds it. The original is the module ``tasnet`` of the package
`demucs` (https://github.com/facebookresearch/demucs), version 2.0.
"""
