from django.urls import URLPattern, path

from apps.truth.api import LabelsView

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/labels", LabelsView.as_view(), name="api_labels"),
]
urlpatterns: list[URLPattern] = []
