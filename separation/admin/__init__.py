"""Separations, their ratings, and imports of folders in the admin panel."""

from separation.admin import separations

__all__ = ["separations"]
