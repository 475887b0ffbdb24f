"""All addresses: pages under /p/<project>/, the API under /api/v1/."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]
