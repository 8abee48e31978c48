"""`manage.py demo_accounts`: Alice, Bob and Carol, one for each role, for `make up`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

from console.access.models import EVERYWHERE, Grant, Role

PEOPLE = {"Alice": Role.ADMIN, "Bob": Role.OPERATOR, "Carol": Role.VIEWER}


class Command(BaseCommand):
    help = "Make alice (admin), bob (operator) and carol (viewer), or give them the password again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--password-file", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password_file"].read_text().strip()
        for name, role in PEOPLE.items():
            self._make(name, role, password)

    def _make(self, name: str, role: Role, password: str) -> None:
        person, is_new = User.objects.get_or_create(
            username=name.lower(), defaults={"first_name": name}
        )
        # A new hash of the same password would sign the person out.
        if is_new or not person.check_password(password):
            person.set_password(password)
            person.save()
        if is_new:
            Grant.objects.create(person=person, namespace=EVERYWHERE, role=role)
