from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "console.ui"

    def ready(self) -> None:
        from console.ui import paths  # noqa: F401  registers the converter before any urls module is read
