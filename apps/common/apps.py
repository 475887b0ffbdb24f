from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "apps.common"

    def ready(self) -> None:
        import config.celery  # noqa: F401, PLC0415  # every process rings the doorbell through this Celery application
