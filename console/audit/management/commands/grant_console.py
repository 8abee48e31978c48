"""`manage.py grant_console ROLE`, as the role that migrates, after each `manage.py migrate`."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from console.audit import rights


class Command(BaseCommand):
    help = "Give a role of the database what the console needs: of the audit, to read and to add."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role")
        parser.add_argument(
            "--make",
            action="store_true",
            help="make it where it is missing; its password is read from standard input",
        )

        parser.add_argument("--migrate", action="store_true", help="migrate first")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["migrate"]:
            call_command("migrate", interactive=False)
        try:
            with transaction.atomic():
                if options["make"]:
                    rights.make(options["role"], sys.stdin.readline().strip())
                rights.give(options["role"])
        except rights.NotApart as refused:
            raise CommandError(str(refused)) from None
