"""The catalogue for those who look after it: quick with a million songs, and careful with what people brought."""

from catalog.admin import audio, care, music, people
from catalog.admin.base import ReadOnly, Rows

__all__ = ["ReadOnly", "Rows", "audio", "care", "music", "people"]
