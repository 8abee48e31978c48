"""The console's settings with stand-ins for what a deployment gives.

Fixtures put the real addresses in place.
"""

import os

os.environ.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/perdure")  # noqa: TID251
os.environ.setdefault("PERDURE_SECRET_KEY", "only for tests, and long enough to be one")  # noqa: TID251
os.environ.setdefault("ENGINE_ADDRESS", "127.0.0.1:1")  # noqa: TID251

from console.settings import *  # noqa: F403

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
#: Beside other tests an engine that is well may take its time.
ENGINE_DEADLINE_SECONDS = 30
