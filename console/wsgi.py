"""WSGI entry: `gunicorn console.wsgi`."""

import gc
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

#: gunicorn's word for a worker that would not start another time either.
CANNOT_START = 3
# A long history makes tens of thousands of objects in one request, none of them garbage.
OBJECTS_BETWEEN_COLLECTIONS = 10_000

gc.disable()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")  # noqa: TID251  Django reads it there

try:
    application = get_wsgi_application()
except ImproperlyConfigured as refused:
    print(f"console: {refused}", file=sys.stderr)  # noqa: T201  said to a person
    sys.exit(CANNOT_START)

# What is loaded by now lives as long as the process: no page waits while it is looked through.
gc.collect()
gc.freeze()
gc.enable()
gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
