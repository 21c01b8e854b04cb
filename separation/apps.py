from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SeparationConfig(AppConfig):
    name = "separation"
    verbose_name = _("Separation")

    def ready(self) -> None:
        """Take part in the events of the catalogue."""
        from separation import catalog_hooks, checks  # noqa: F401, PLC0415  # models can be imported only now

        catalog_hooks.connect()
