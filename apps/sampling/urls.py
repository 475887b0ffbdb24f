from django.urls import URLPattern, path

from apps.sampling.api import PoliciesView
from apps.sampling.pages import views

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/policies", PoliciesView.as_view(), name="api_policies"),
]

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/models/<slug:model>/", views.model_page, name="model"),
    path("p/<slug:project>/models/<slug:model>/stages/retry/", views.stages_retry, name="stages_retry"),
    path("p/<slug:project>/stages/<int:stage>/retry/", views.stage_retry, name="stage_retry"),
]
