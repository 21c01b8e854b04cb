from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PracticeConfig(AppConfig):
    name = "practice"
    verbose_name = _("Practice")

    def ready(self) -> None:
        """Take part in the events of the catalogue."""
        from practice import catalog_hooks  # noqa: PLC0415  # models can be imported only now

        catalog_hooks.connect()
