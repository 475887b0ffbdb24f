"""Pages of what each role sees first: the portfolio, the own work, what needs care."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
