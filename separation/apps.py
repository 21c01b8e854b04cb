from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class SeparationConfig(AppConfig):
    name = "separation"
    verbose_name = _("Separation")

    def ready(self) -> None:
        """Take part in the events of the catalogue, and know the models of the administrator."""
        from separation import catalog_hooks, checks  # noqa: F401, PLC0415  # models can be imported only now
        from separation.engines.modelspec import SPECS  # noqa: PLC0415

        catalog_hooks.connect()
        SPECS.look_in(settings.MODELS_DIR)
