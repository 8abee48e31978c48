"""`manage.py account NAME --role admin`.

Makes an account, or gives it this role and a new password.
"""

import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.utils.crypto import get_random_string

from console.access.models import EVERYWHERE, Grant, Role

PASSWORD_LENGTH = 16
#: without the letters that look alike
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class Command(BaseCommand):
    help = "Make an account and print its name and password; one that exists keeps its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--role", choices=Role.values, default=Role.VIEWER)
        parser.add_argument("--namespace", default=EVERYWHERE)
        parser.add_argument("--full-name", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        first, _, last = options["full_name"].partition(" ")
        person, is_new = User.objects.get_or_create(
            username=options["name"], defaults={"first_name": first, "last_name": last}
        )
        Grant.objects.update_or_create(
            person=person, namespace=options["namespace"], defaults={"role": options["role"]}
        )
        password = sys.stdin.readline().strip() if options["password_stdin"] else ""
        if is_new and not password:
            password = get_random_string(PASSWORD_LENGTH, LETTERS)
            self.stdout.write(f"{person.username} {password}")
        if password:
            person.set_password(password)
            person.save()
