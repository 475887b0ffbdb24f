from django.urls import URLPattern, path

from apps.monitoring.pages import views

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/models/<slug:model>/intake/", views.intake_page, name="intake"),
]
