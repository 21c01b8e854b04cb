"""Originals of networks in PyTorch, run by another interpreter: where there is a GPU, or to compare with.

Their environment is not ours, and nothing of it is imported here. The process that separates (`separation.separator`)
decodes, cuts, adds and encodes as with every engine; a child of it, ``runner.py`` in the other interpreter, runs the
network of one chunk after the other.
"""
