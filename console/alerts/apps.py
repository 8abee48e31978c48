from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "console.alerts"

    def ready(self) -> None:
        """Hears of views that are deleted."""
        from console.alerts import stopping  # noqa: F401
