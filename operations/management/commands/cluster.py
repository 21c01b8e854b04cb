from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Run the queue's workers. `run` starts this."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        from operations import bootstrap  # noqa: PLC0415  # django-q needs the settings
        from operations.queue_cluster import run  # noqa: PLC0415

        bootstrap.compile_engine()
        bootstrap.log_engine()
        run()
