from django.apps import AppConfig
from django.db.models.signals import pre_migrate
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "operations"
    verbose_name = _("Operation")

    def ready(self) -> None:
        """Keep files that a backup copies, and back the database up before it is migrated."""
        from catalog import hooks  # noqa: PLC0415  # models can be imported only now
        from operations import checks  # noqa: F401, PLC0415
        from operations.backups import runs, upgrades  # noqa: PLC0415

        hooks.holding_files.connect(runs.holds_files)
        pre_migrate.connect(upgrades.before_migrations, sender=self)
