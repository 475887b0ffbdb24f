"""Pages of projects and reports, and the API of reports."""

from django.urls import URLPattern, path

from apps.reports.api import ReportRequestsView, ReportView
from apps.reports.views import overview, reports

urlpatterns: list[URLPattern] = [
    path("", overview.home, name="home"),
    path("p/<slug:project>/", overview.project, name="project"),
    path("p/<slug:project>/models/<slug:model>/reports/<slug:kind>/", reports.reports, name="reports"),
    path("p/<slug:project>/reports/<int:report>/", reports.report, name="report"),
    path("p/<slug:project>/reports/<int:report>/report.pdf", reports.pdf, name="report_pdf"),
    path(
        "p/<slug:project>/reports/<int:report>/charts/<slug:name>.<slug:theme>.svg",
        reports.chart,
        name="report_chart",
    ),
    path("p/<slug:project>/report-jobs/<int:job>/", reports.job, name="report_job"),
]

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/reports", ReportRequestsView.as_view(), name="api_report_requests"),
    path("reports/<int:pk>", ReportView.as_view(), name="api_report"),
]
