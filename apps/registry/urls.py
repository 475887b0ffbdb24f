from django.urls import URLPattern, path

from apps.registry.api import ModelView

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>", ModelView.as_view(), name="api_model"),
]
