"""Pages of advice on training a model again, and its model card."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
