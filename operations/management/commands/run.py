import os
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from catalog.management.invocation import command_line
from operations import process_lifecycle


class Command(BaseCommand):
    help = "Run the website and the queue's workers until Ctrl-C. Prepare what a first start needs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--with-parent", action="store_true", help="stop when the starting process ends")

    def handle(self, *_args: Any, **options: Any) -> None:
        from operations import bootstrap, supervisor  # noqa: PLC0415  # django-q needs the settings

        if options["with_parent"]:
            process_lifecycle.exit_with_parent(os.getppid(), signal.SIGTERM)
        lock = bootstrap.lock_data_folder(settings.DATA_DIR)
        listener = bootstrap.listen(settings.BIND, settings.PORT)
        bootstrap.log_unknown_settings()
        email, password = bootstrap.prepare_installation()
        port = listener.getsockname()[1]

        def welcome() -> None:
            shown = f"[{settings.BIND}]" if ":" in settings.BIND else settings.BIND
            self.stdout.write(
                f"Stemoteca runs at http://{shown}:{port}{settings.SITE_PATH}/ (Ctrl-C stops it)"
            )
            if password:
                self.stdout.write(f"Sign in as {email} with the password {password} (shown only this once).")
            else:
                self.stdout.write(f"Sign in as {email}; a new password: {command_line('user')} {email}")
            self.stdout.flush()

        queue = supervisor.queue()
        programs = [*supervisor.website(listener.fileno()), queue]
        status = supervisor.Supervisor(programs, queue).run(welcome)
        self.stdout.write("Stemoteca has stopped.")
        self.stdout.flush()
        lock.release()
        # Without waiting for the threads of the supervisor.
        os._exit(status)
