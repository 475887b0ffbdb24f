from django.urls import URLPattern, path

from apps.predictions.api import BatchesView, OutcomesView, PredictionsView

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/batches", BatchesView.as_view(), name="api_batches"),
    path("models/<str:model>/predictions", PredictionsView.as_view(), name="api_predictions"),
    path("models/<str:model>/outcomes", OutcomesView.as_view(), name="api_outcomes"),
]
