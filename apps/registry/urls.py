from django.urls import URLPattern, path

from apps.registry.api.findings import FindingsView, FindingView
from apps.registry.api.incidents import CloseIncidentView, IncidentsView, IncidentView
from apps.registry.api.monitored_models import ArchiveView, ModelsView, ModelView, RestoreView
from apps.registry.pages import finding_views, views

api_urlpatterns: list[URLPattern] = [
    path("models", ModelsView.as_view(), name="api_models"),
    path("models/<str:model>/archive", ArchiveView.as_view(), name="api_model_archive"),
    path("models/<str:model>/restore", RestoreView.as_view(), name="api_model_restore"),
    path("models/<str:model>", ModelView.as_view(), name="api_model"),
    path("models/<str:model>/incidents", IncidentsView.as_view(), name="api_incidents"),
    path("incidents/<int:incident>", IncidentView.as_view(), name="api_incident"),
    path("models/<str:model>/findings", FindingsView.as_view(), name="api_findings"),
    path("findings/<int:finding>", FindingView.as_view(), name="api_finding"),
    path("incidents/<int:incident>/close", CloseIncidentView.as_view(), name="api_incident_close"),
]

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/models/<slug:model>/archive/", views.model_archive, name="model_archive"),
    path("p/<slug:project>/models/<slug:model>/delete/", views.model_delete, name="model_delete"),
    path("p/<slug:project>/models/<slug:model>/incidents/", views.incident_list, name="incidents"),
    path("p/<slug:project>/incidents/<int:incident>/", finding_views.incident_page, name="incident"),
    path("p/<slug:project>/models/<slug:model>/findings/", finding_views.finding_list, name="findings"),
    path("p/<slug:project>/models/<slug:model>/findings.csv", finding_views.findings_csv, name="findings_csv"),
    path("p/<slug:project>/findings/<int:finding>/", finding_views.finding_page, name="finding"),
    path("p/<slug:project>/incidents/<int:incident>/close/", views.incident_close, name="incident_close"),
]
