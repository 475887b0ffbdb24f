from django.urls import URLPattern, path

from apps.sampling.api import PoliciesView

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/policies", PoliciesView.as_view(), name="api_policies"),
]

urlpatterns: list[URLPattern] = []
