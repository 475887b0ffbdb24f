from django.apps import AppConfig


class TruthConfig(AppConfig):
    name = "apps.truth"
