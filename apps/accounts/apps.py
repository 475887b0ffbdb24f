from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"

    def ready(self) -> None:
        from apps.accounts.api import schema  # noqa: F401, PLC0415  # registers itself once the apps are there
