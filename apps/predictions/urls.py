from django.urls import URLPattern, path

from apps.predictions.api.limits import LimitsView
from apps.predictions.api.pushes import ActionsView, BatchesView, OutcomesView
from apps.predictions.api.quarantine import QuarantineView, ReplayView
from apps.predictions.api.uploads import UploadsView, UploadView
from apps.predictions.pages import project_settings, rejected, uploads

api_urlpatterns: list[URLPattern] = [
    path("limits", LimitsView.as_view(), name="api_limits"),
    path("models/<str:model>/batches", BatchesView.as_view(), name="api_batches"),
    path("models/<str:model>/actions", ActionsView.as_view(), name="api_actions"),
    path("models/<str:model>/outcomes", OutcomesView.as_view(), name="api_outcomes"),
    path("models/<str:model>/uploads", UploadsView.as_view(), name="api_uploads"),
    path("uploads/<int:upload>", UploadView.as_view(), name="api_upload"),
    path("models/<str:model>/quarantine", QuarantineView.as_view(), name="api_quarantine"),
    path("models/<str:model>/quarantine/replay", ReplayView.as_view(), name="api_quarantine_replay"),
]

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/settings/", project_settings.project_settings, name="project_settings"),
    path("p/<slug:project>/models/<slug:model>/uploads/", uploads.uploads_page, name="uploads"),
    path("p/<slug:project>/models/<slug:model>/uploads/<int:upload>/", uploads.upload_page, name="upload"),
    path("p/<slug:project>/models/<slug:model>/rejected/", rejected.rejected, name="rejected"),
    path("p/<slug:project>/models/<slug:model>/rejected/rows.ndjson", rejected.rejected_lines, name="rejected_lines"),
]
