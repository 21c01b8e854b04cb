"""The group of curators, who may edit what is shared; an administrator adds its members."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

GROUP = "Curators"
PERMISSIONS = (
    "change_artist",
    "change_album",
    "change_track",
    "view_artist",
    "view_album",
    "view_track",
    "view_change",
    "view_report",
    "change_report",
)


def make_group(app_config: AppConfig, using: str, **_signal: Any) -> None:
    """Create the group after a migration, unless it exists; later changes by administrators stay."""
    group, created = Group.objects.using(using).get_or_create(name=GROUP)
    if created:
        create_permissions(app_config, verbosity=0, using=using)
        granted = Permission.objects.using(using).filter(
            content_type__app_label=app_config.label, codename__in=PERMISSIONS
        )
        group.permissions.set(granted)
