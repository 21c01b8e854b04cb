"""The catalogue in the admin site, with lists that stay fast with a million songs."""

from catalog.admin import audio, moderation, music, social
from catalog.admin.base import ReadOnly, Rows

__all__ = ["ReadOnly", "Rows", "audio", "moderation", "music", "social"]
