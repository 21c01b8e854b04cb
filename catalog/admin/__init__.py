"""The catalogue for those who look after it: quick with a million songs, and careful with what people brought."""

from catalog.admin import audio, moderation, music, social
from catalog.admin.base import ReadOnly, Rows

__all__ = ["ReadOnly", "Rows", "audio", "moderation", "music", "social"]
