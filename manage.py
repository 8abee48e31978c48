"""Django's entry for the console; the engine's is `python -m engine`."""

import gc
import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

# What a start loads is no garbage: to look through it again and again takes a fifth of the start.
OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main() -> None:
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")  # noqa: TID251  Django reads it there
    try:
        settings.INSTALLED_APPS  # noqa: B018  the first look reads the environment
    except ImproperlyConfigured as refused:
        sys.exit(f"manage.py: {refused}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
