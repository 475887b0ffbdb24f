from django.urls import URLPattern, path

from apps.truth.api.views import LabelsView
from apps.truth.pages import views

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/models/<slug:model>/reviewers/me/", views.own_quality, name="own_quality"),
    path("p/<slug:project>/models/<slug:model>/reviewers/<int:user>/", views.reviewer_quality, name="reviewer_quality"),
    path("p/<slug:project>/models/<slug:model>/team/", views.team_page, name="team"),
    path("p/<slug:project>/models/<slug:model>/team/gold/", views.gold_from_truth, name="gold_from_truth"),
]

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/labels", LabelsView.as_view(), name="api_labels"),
]
