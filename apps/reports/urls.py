"""Pages of projects and reports, and the API of reports."""

from django.urls import URLPattern, path

from apps.reports.views import overview

urlpatterns: list[URLPattern] = [
    path("", overview.home, name="home"),
    path("p/<slug:project>/", overview.project, name="project"),
]

api_urlpatterns: list[URLPattern] = []
