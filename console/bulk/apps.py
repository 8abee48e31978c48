from django.apps import AppConfig


class BulkConfig(AppConfig):
    name = "console.bulk"

    def ready(self) -> None:
        """Says which acts are those of its operations."""
        from console.bulk import vouching  # noqa: F401
