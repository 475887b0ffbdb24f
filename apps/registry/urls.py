from django.urls import URLPattern, path

from apps.registry.api.incidents import CloseIncidentView, IncidentsView
from apps.registry.api.monitored_models import ModelView
from apps.registry.pages import views

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>", ModelView.as_view(), name="api_model"),
    path("models/<str:model>/incidents", IncidentsView.as_view(), name="api_incidents"),
    path("incidents/<int:incident>/close", CloseIncidentView.as_view(), name="api_incident_close"),
]

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/models/<slug:model>/incidents/", views.incident_list, name="incidents"),
    path("p/<slug:project>/incidents/<int:incident>/close/", views.incident_close, name="incident_close"),
]
