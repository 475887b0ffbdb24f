"""Pages of reports, and their API."""

from django.urls import URLPattern, path

from apps.reports.api.views import ReportRequestsView, ReportView
from apps.reports.pages import asking, views
from apps.reports.pages.glossary.views import glossary

urlpatterns: list[URLPattern] = [
    path("glossary/", glossary, name="glossary"),
    path("p/<slug:project>/models/<slug:model>/reports/<slug:kind>/", asking.reports, name="reports"),
    path("p/<slug:project>/reports/<int:report>/", views.report, name="report"),
    path("p/<slug:project>/reports/<int:report>/report.pdf", views.pdf, name="report_pdf"),
    path("p/<slug:project>/report-jobs/<int:job>/", views.job, name="report_job"),
]

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/reports", ReportRequestsView.as_view(), name="api_report_requests"),
    path("reports/<int:pk>", ReportView.as_view(), name="api_report"),
]
