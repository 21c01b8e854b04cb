"""Separations, requests for them, their stems and ratings, statistics, imports of folders, installations of models."""

from separation.models.feedback import Rating, Statistics
from separation.models.import_runs import ImportRun
from separation.models.installations import ModelInstallation, ModelSettings
from separation.models.separations import (
    Separation,
    SeparationQuerySet,
    SeparationRequest,
    Status,
    Stem,
    TrackSeparation,
)

__all__ = [
    "ImportRun",
    "ModelInstallation",
    "ModelSettings",
    "Rating",
    "Separation",
    "SeparationQuerySet",
    "SeparationRequest",
    "Statistics",
    "Status",
    "Stem",
    "TrackSeparation",
]
