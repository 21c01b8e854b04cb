"""The admin site: separations, their requests, stems and ratings, imports of folders, and models."""

import django_q.admin  # noqa: F401  # registers its pages, which are removed below
from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

from separation.admin import import_runs, models, ratings, requests, separations, stems, upgrades

__all__ = ["import_runs", "models", "ratings", "requests", "separations", "stems", "upgrades"]

# django-q2's own pages unpickle what lies in the database, and offer to run any function by name.
for table in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(table):
        admin.site.unregister(table)
