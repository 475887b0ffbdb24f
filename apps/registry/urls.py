from django.urls import URLPattern, path

from apps.registry.api.incidents import CloseIncidentView, IncidentsView
from apps.registry.api.monitored_models import ArchiveView, ModelsView, ModelView, RestoreView
from apps.registry.pages import views

api_urlpatterns: list[URLPattern] = [
    path("models", ModelsView.as_view(), name="api_models"),
    path("models/<str:model>/archive", ArchiveView.as_view(), name="api_model_archive"),
    path("models/<str:model>/restore", RestoreView.as_view(), name="api_model_restore"),
    path("models/<str:model>", ModelView.as_view(), name="api_model"),
    path("models/<str:model>/incidents", IncidentsView.as_view(), name="api_incidents"),
    path("incidents/<int:incident>/close", CloseIncidentView.as_view(), name="api_incident_close"),
]

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/models/<slug:model>/archive/", views.model_archive, name="model_archive"),
    path("p/<slug:project>/models/<slug:model>/delete/", views.model_delete, name="model_delete"),
    path("p/<slug:project>/models/<slug:model>/incidents/", views.incident_list, name="incidents"),
    path("p/<slug:project>/incidents/<int:incident>/close/", views.incident_close, name="incident_close"),
]
