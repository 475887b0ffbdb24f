from django.urls import URLPattern, path

from apps.review import guideline_views, queue_views, views
from apps.review.api import ClaimView, DecisionView, HeartbeatView, JudgementView, ReleaseView

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/queues/<int:queue>/", views.queue_page, name="queue"),
    path("p/<slug:project>/slots/<int:slot>/answer/", views.answer, name="slot_answer"),
    path("p/<slug:project>/slots/<int:slot>/back/", views.go_back, name="slot_back"),
    path("p/<slug:project>/slots/<int:slot>/history/", views.beside, {"what": "history"}, name="slot_history"),
    path("p/<slug:project>/slots/<int:slot>/similar/", views.beside, {"what": "similar"}, name="slot_similar"),
    path("p/<slug:project>/slots/<int:slot>/precedents/", views.beside, {"what": "precedents"}, name="slot_precedents"),
    path("p/<slug:project>/slots/<int:slot>/heartbeat/", views.heartbeat, name="slot_heartbeat"),
    path("p/<slug:project>/slots/<int:slot>/release/", views.release, name="slot_release"),
    path("p/<slug:project>/models/<slug:model>/reviews/", views.reviews, name="reviews"),
    path("p/<slug:project>/queues/<int:queue>/settings/", queue_views.settings_page, name="queue_settings"),
    path("p/<slug:project>/queues/<int:queue>/settings/preview/", queue_views.preview, name="queue_preview"),
    path("p/<slug:project>/queues/<int:queue>/guidelines/", guideline_views.guidelines_page, name="queue_guidelines"),
    path("p/<slug:project>/queues/<int:queue>/guidelines/preview/", guideline_views.preview, name="guideline_preview"),
]

api_urlpatterns: list[URLPattern] = [
    path("queues/<str:queue>/claim", ClaimView.as_view(), name="api_claim"),
    path("slots/<int:slot>/judgement", JudgementView.as_view(), name="api_judgement"),
    path("slots/<int:slot>/decision", DecisionView.as_view(), name="api_decision"),
    path("slots/<int:slot>/heartbeat", HeartbeatView.as_view(), name="api_heartbeat"),
    path("slots/<int:slot>/release", ReleaseView.as_view(), name="api_release"),
]
