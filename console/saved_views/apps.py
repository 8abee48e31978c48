from django.apps import AppConfig


class SavedViewsConfig(AppConfig):
    name = "console.saved_views"

    def ready(self) -> None:
        """Says what becomes of a team's views."""
        from console.saved_views import handing  # noqa: F401
