"""The console's tables as they were."""

from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrated(app: str, name: str) -> Any:
    """Within the test's own transaction, which takes it all back."""
    connection.check_constraints()
    return MigrationExecutor(connection).migrate([(app, name)]).apps
