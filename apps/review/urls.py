from django.urls import URLPattern, path

from apps.review.api import ClaimView, DecisionView, HeartbeatView, JudgementView, ReleaseView

urlpatterns: list[URLPattern] = []

api_urlpatterns: list[URLPattern] = [
    path("queues/<str:queue>/claim", ClaimView.as_view(), name="api_claim"),
    path("slots/<int:slot>/judgement", JudgementView.as_view(), name="api_judgement"),
    path("slots/<int:slot>/decision", DecisionView.as_view(), name="api_decision"),
    path("slots/<int:slot>/heartbeat", HeartbeatView.as_view(), name="api_heartbeat"),
    path("slots/<int:slot>/release", ReleaseView.as_view(), name="api_release"),
]
