"""Django's entry for the console; the engine's is `python -m engine`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")  # noqa: TID251  Django reads it there
    execute_from_command_line(sys.argv)
