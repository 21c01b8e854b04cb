"""What can be wrong with a file of weights."""


class WeightFileError(ValueError):
    """The file is damaged, or holds something that no known model needs. The message is a sentence for people."""
