"""Spleeter's networks, their STFT and a FLAC encoder in C, compiled where the program is packed or run.

Why not a library: OpenVINO and TensorFlow compute Spleeter's 5x5 convolutions with stride 2 directly, which
takes two to three times the CPU time of Winograd filtering (``src/winograd.h``), and need 270 to 750 MB of
memory where this needs 90. ``build`` compiles the library, ``binding`` loads it and checks what it is called
with, ``engine`` runs models with it.
"""
