from django.urls import URLPattern, path

from apps.notifications.api.views import EventsView
from apps.notifications.pages import views

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/endpoints/", views.endpoint_list, name="endpoints"),
    path("p/<slug:project>/endpoints/new/", views.endpoint_create, name="endpoint_create"),
    path("p/<slug:project>/endpoints/<int:endpoint>/", views.endpoint_page, name="endpoint"),
    path("p/<slug:project>/endpoints/<int:endpoint>/deliveries.csv", views.endpoint_csv, name="endpoint_csv"),
    path("p/<slug:project>/endpoints/<int:endpoint>/act/", views.endpoint_act, name="endpoint_act"),
    path("p/<slug:project>/endpoints/<int:endpoint>/again/", views.endpoint_again, name="endpoint_again"),
    path("p/<slug:project>/endpoints/<int:endpoint>/replay/", views.endpoint_replay, name="endpoint_replay"),
]

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/events", EventsView.as_view(), name="api_events"),
]
