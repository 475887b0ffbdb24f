from django.urls import URLPattern, path

from apps.demo import pages

urlpatterns: list[URLPattern] = [
    path("demo/", pages.progress, name="demo_progress"),
]
