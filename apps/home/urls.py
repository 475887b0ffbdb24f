"""Pages of what each role sees first: the portfolio, the own work, what needs care."""

from django.urls import URLPattern, path

from apps.home.pages import views

urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("p/<slug:project>/", views.project, name="project"),
    path("p/<slug:project>/models/", views.portfolio, name="portfolio"),
    path("p/<slug:project>/models.csv", views.portfolio_file, {"form": "csv"}, name="portfolio_csv"),
    path("p/<slug:project>/models.pdf", views.portfolio_pdf, name="portfolio_pdf"),
    path("p/<slug:project>/models.xlsx", views.portfolio_file, {"form": "xlsx"}, name="portfolio_xlsx"),
]
