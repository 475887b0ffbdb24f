from django.urls import URLPattern, path

from apps.demo import views

urlpatterns: list[URLPattern] = [
    path("demo/", views.progress, name="demo_progress"),
]
