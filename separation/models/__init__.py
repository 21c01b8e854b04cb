"""Separations, requests, stems and ratings, statistics, imports of folders, installations of models, upgrades."""

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
from separation.models.upgrades import ModelUpgrade

__all__ = [
    "ImportRun",
    "ModelInstallation",
    "ModelSettings",
    "ModelUpgrade",
    "Rating",
    "Separation",
    "SeparationQuerySet",
    "SeparationRequest",
    "Statistics",
    "Status",
    "Stem",
    "TrackSeparation",
]
