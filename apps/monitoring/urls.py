from django.urls import URLPattern, path

from apps.monitoring.api.views import ReferenceView
from apps.monitoring.pages import data_views, views

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/models/<slug:model>/data/", data_views.data_page, name="data"),
    path("p/<slug:project>/models/<slug:model>/data/feature/", data_views.data_feature, name="data_feature"),
    path("p/<slug:project>/models/<slug:model>/data/normal/", data_views.data_normal, name="data_normal"),
    path("p/<slug:project>/models/<slug:model>/data/reference/", data_views.data_reference, name="data_reference"),
    path("p/<slug:project>/models/<slug:model>/data/days.<str:form>", data_views.data_file, name="data_file"),
    path("p/<slug:project>/models/<slug:model>/intake/", views.intake_page, name="intake"),
]

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/reference", ReferenceView.as_view(), name="api_reference"),
]
