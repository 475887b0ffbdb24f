from django.urls import URLPattern, path

from apps.explanations.api.views import ArtifactCheckView, ArtifactView
from apps.explanations.pages import file_views, move_views

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/models/<slug:model>/explanations/", move_views.explanations_page, name="explanations"),
    path(
        "p/<slug:project>/models/<slug:model>/explanations/importance.<str:form>",
        move_views.importance_file,
        name="importance_file",
    ),
    path("p/<slug:project>/models/<slug:model>/files/", file_views.files_page, name="model_files"),
    path("p/<slug:project>/models/<slug:model>/files/<int:artifact>/", file_views.file_page, name="model_file"),
]

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/versions/<str:version>/artifact", ArtifactView.as_view(), name="api_artifact"),
    path(
        "models/<str:model>/versions/<str:version>/artifact/check",
        ArtifactCheckView.as_view(),
        name="api_artifact_check",
    ),
]
