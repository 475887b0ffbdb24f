from django.urls import URLPattern, path

from apps.notifications.api.subscription_views import SubscriptionsView, SubscriptionView
from apps.notifications.api.views import EventsView
from apps.notifications.pages import alert_views, notice_views, schedule_views, subscription_views, views

urlpatterns: list[URLPattern] = [
    path("notices/", notice_views.notice_list, name="notices"),
    path("notices/notices.csv", notice_views.notices_csv, name="notices_csv"),
    path("notices/settings/", notice_views.notice_settings, name="notice_settings"),
    path("notices/read/", notice_views.notices_read, name="notices_read"),
    path("notices/mail-again/", notice_views.notices_mail_again, name="notices_mail_again"),
    path("notices/<int:notice>/", notice_views.notice, name="notice"),
    path("subscriptions/", subscription_views.subscriptions, name="subscriptions"),
    path(
        "subscriptions/<int:subscription>/leave/", subscription_views.subscription_leave, name="subscription_leave"
    ),
    path(
        "subscriptions/<int:subscription>/again/", subscription_views.subscription_again, name="subscription_again"
    ),
    path("unsubscribe/<str:token>/", subscription_views.unsubscribe, name="unsubscribe"),
    path("p/<slug:project>/subscribe/", subscription_views.portfolio_subscribe, name="portfolio_subscribe"),
    path(
        "p/<slug:project>/models/<slug:model>/reports/<slug:kind>/subscribe/",
        subscription_views.report_subscribe,
        name="report_subscribe",
    ),
    path("p/<slug:project>/schedules/", schedule_views.schedule_list, name="schedules"),
    path("p/<slug:project>/schedules/<int:schedule>/", schedule_views.schedule_page, name="schedule"),
    path("p/<slug:project>/schedules/<int:schedule>/add/", schedule_views.schedule_add, name="schedule_add"),
    path("p/<slug:project>/schedules/<int:schedule>/end/", schedule_views.schedule_end, name="schedule_end"),
    path("p/<slug:project>/schedules/<int:schedule>/again/", schedule_views.schedule_again, name="schedule_again"),
    path("p/<slug:project>/schedules/<int:schedule>/remove/", schedule_views.schedule_remove, name="schedule_remove"),
    path("p/<slug:project>/alerts/", alert_views.alert_list, name="alerts"),
    path("p/<slug:project>/alerts/alerts.csv", alert_views.alerts_csv, name="alerts_csv"),
    path("p/<slug:project>/alerts/<int:alert>/", alert_views.alert_page, name="alert"),
    path("p/<slug:project>/alerts/<int:alert>/act/", alert_views.alert_act, name="alert_act"),
    path("p/<slug:project>/models/<slug:model>/rules/", alert_views.rules_page, name="rules"),
    path("p/<slug:project>/endpoints/", views.endpoint_list, name="endpoints"),
    path("p/<slug:project>/endpoints/new/", views.endpoint_create, name="endpoint_create"),
    path("p/<slug:project>/endpoints/<int:endpoint>/", views.endpoint_page, name="endpoint"),
    path("p/<slug:project>/endpoints/<int:endpoint>/deliveries.csv", views.endpoint_csv, name="endpoint_csv"),
    path("p/<slug:project>/endpoints/<int:endpoint>/act/", views.endpoint_act, name="endpoint_act"),
    path("p/<slug:project>/endpoints/<int:endpoint>/again/", views.endpoint_again, name="endpoint_again"),
    path("p/<slug:project>/endpoints/<int:endpoint>/replay/", views.endpoint_replay, name="endpoint_replay"),
]

api_urlpatterns: list[URLPattern] = [
    path("subscriptions", SubscriptionsView.as_view(), name="api_subscriptions"),
    path("subscriptions/<int:pk>", SubscriptionView.as_view(), name="api_subscription"),
    path("models/<str:model>/events", EventsView.as_view(), name="api_events"),
]
