from django.urls import URLPattern, path

from apps.review.api.bundles import CaseBundleView, PredictionBundleView
from apps.review.api.finding import PredictionFoundView
from apps.review.api.verdicts import VerdictView
from apps.review.api.views import ClaimView, DecisionView, HeartbeatView, JudgementView, ReleaseView
from apps.review.pages import (
    case_views,
    debug_views,
    desk_views,
    finding_views,
    guideline_views,
    live_views,
    own_views,
    queue_views,
    waiting_views,
)

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/queues/<int:queue>/", desk_views.queue_page, name="queue"),
    path("p/<slug:project>/slots/<int:slot>/answer/", desk_views.answer, name="slot_answer"),
    path("p/<slug:project>/slots/<int:slot>/back/", desk_views.go_back, name="slot_back"),
    path("p/<slug:project>/slots/<int:slot>/history/", desk_views.beside, {"what": "history"}, name="slot_history"),
    path("p/<slug:project>/slots/<int:slot>/similar/", desk_views.beside, {"what": "similar"}, name="slot_similar"),
    path(
        "p/<slug:project>/slots/<int:slot>/precedents/",
        desk_views.beside,
        {"what": "precedents"},
        name="slot_precedents",
    ),
    path("p/<slug:project>/slots/<int:slot>/heartbeat/", desk_views.heartbeat, name="slot_heartbeat"),
    path("p/<slug:project>/slots/<int:slot>/release/", desk_views.release, name="slot_release"),
    path("p/<slug:project>/models/<slug:model>/reviews/", desk_views.reviews, name="reviews"),
    path("p/<slug:project>/models/<slug:model>/disputes/", waiting_views.disputes, name="disputes"),
    path("p/<slug:project>/disputes/<int:dispute>/reply/", case_views.dispute_reply, name="dispute_reply"),
    path("p/<slug:project>/members/<int:member>/open/", waiting_views.open_work, name="member_open_work"),
    path("p/<slug:project>/questions/", waiting_views.questions, name="questions"),
    path("p/<slug:project>/questions/<int:question>/", waiting_views.question, name="question"),
    path("p/<slug:project>/search/", finding_views.search, name="search"),
    path("p/<slug:project>/models/<slug:model>/cases/", finding_views.cases_page, name="cases"),
    path("p/<slug:project>/models/<slug:model>/cases/lists/", finding_views.cases_lists, name="cases_lists"),
    path("p/<slug:project>/models/<slug:model>/cases/views/", finding_views.cases_view, name="cases_view"),
    path("p/<slug:project>/models/<slug:model>/cases/send/", finding_views.cases_send, name="cases_send"),
    path("p/<slug:project>/models/<slug:model>/cases.<slug:form>", finding_views.cases_file, name="cases_file"),
    path(
        "p/<slug:project>/models/<slug:model>/cases/<int:case>/",
        finding_views.prediction_page,
        name="prediction",
    ),
    path(
        "p/<slug:project>/models/<slug:model>/cases/<int:case>/debug/",
        debug_views.debug_window,
        name="debug_window",
    ),
    path(
        "p/<slug:project>/models/<slug:model>/cases/<int:case>/bundle/",
        debug_views.case_bundle,
        name="case_bundle",
    ),
    path("p/<slug:project>/mine/", own_views.own_list, name="own_list"),
    path("p/<slug:project>/mine/download/", own_views.own_list_csv, name="own_list_csv"),
    path("p/<slug:project>/mine/goal/", own_views.own_goal, name="own_goal"),
    path("p/<slug:project>/items/<int:item>/", case_views.case_page, name="case"),
    path("p/<slug:project>/items/<int:item>/comment/", case_views.case_comment, name="case_comment"),
    path("p/<slug:project>/items/<int:item>/reopen/", case_views.case_reopen, name="case_reopen"),
    path("p/<slug:project>/items/<int:item>/gold/", case_views.case_gold, name="case_gold"),
    path("p/<slug:project>/queues/<int:queue>/live/", live_views.queue_live, name="queue_live"),
    path("p/<slug:project>/queues/<int:queue>/pause/", live_views.queue_pause, name="queue_pause"),
    path("p/<slug:project>/queues/<int:queue>/live/act/", live_views.queue_live_act, name="queue_live_act"),
    path("p/<slug:project>/queues/<int:queue>/settings/", queue_views.settings_page, name="queue_settings"),
    path("p/<slug:project>/queues/<int:queue>/settings/preview/", queue_views.preview, name="queue_preview"),
    path("p/<slug:project>/queues/<int:queue>/guidelines/", guideline_views.guidelines_page, name="queue_guidelines"),
    path("p/<slug:project>/queues/<int:queue>/guidelines/preview/", guideline_views.preview, name="guideline_preview"),
]

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/predictions/<path:prediction>/verdict", VerdictView.as_view(), name="api_verdict"),
    path(
        "models/<str:model>/predictions/<path:prediction>/bundle",
        PredictionBundleView.as_view(),
        name="api_prediction_bundle",
    ),
    path("models/<str:model>/cases/<int:case>/bundle", CaseBundleView.as_view(), name="api_case_bundle"),
    path("models/<str:model>/predictions/<path:prediction>", PredictionFoundView.as_view(), name="api_prediction"),
    path("queues/<str:queue>/claim", ClaimView.as_view(), name="api_claim"),
    path("slots/<int:slot>/judgement", JudgementView.as_view(), name="api_judgement"),
    path("slots/<int:slot>/decision", DecisionView.as_view(), name="api_decision"),
    path("slots/<int:slot>/heartbeat", HeartbeatView.as_view(), name="api_heartbeat"),
    path("slots/<int:slot>/release", ReleaseView.as_view(), name="api_release"),
]
