from django.apps import AppConfig
from django.db.backends.signals import connection_created


class OperationsConfig(AppConfig):
    name = "operations"

    def ready(self) -> None:
        """New connections to PostgreSQL read ids quickly."""
        from operations.ids import load_quickly  # noqa: PLC0415  # the driver is loaded only now

        connection_created.connect(load_quickly)
