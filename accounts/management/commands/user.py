"""``manage.py user ADDRESS``: add an account, set its password, give or take the rights of an administrator."""

import getpass
import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts.models import User


class Command(BaseCommand):
    help = (
        "Add an account with this address, or set the password of the one that has it. "
        "The password is asked for, or read from standard input where nobody can answer."
    )
    requires_system_checks: list[str] = []  # `check` says what is missing

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="the e-mail address that the person signs in with")
        parser.add_argument("--name", help="the name that others see")
        parser.add_argument("--generate", action="store_true", help="make a password, and print it")
        rights = parser.add_mutually_exclusive_group()
        rights.add_argument("--administrator", action="store_true", default=None, help="may do everything")
        rights.add_argument(
            "--no-administrator", action="store_false", dest="administrator", help="may do what everybody may"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 (Django passes them)
        address = User.objects.normalize_email(options["address"])
        try:
            validate_email(address)
        except ValidationError as error:
            raise CommandError(f"{options['address']!r} is not an e-mail address") from error
        user = User.objects.filter(email=address).first()
        is_new = user is None
        user = user or User(email=address)
        if options["name"] is not None:
            user.display_name = options["name"]
        if options["administrator"] is not None:
            user.is_staff = user.is_superuser = options["administrator"]
        changes_rights_only = not is_new and options["administrator"] is not None and not options["generate"]
        password = "" if changes_rights_only else _password(generate=options["generate"])
        if not password and not changes_rights_only:
            raise CommandError("the password is empty; --generate makes one")
        try:
            if password:
                validate_password(password, user)
                user.set_password(password)
            user.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        user.save()
        self.stdout.write(f"{'Added' if is_new else 'Changed'} {address}")
        if options["generate"]:
            self.stdout.write(f"Password: {password}")


def _password(*, generate: bool) -> str:
    """Return a new password: made, typed twice, or the first line of standard input."""
    if generate:
        return secrets.token_urlsafe(12)
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        raise CommandError("these are two different passwords")
    return password
