"""Pages of projects and reports, and the API of reports."""

from django.urls import URLPattern, path

from apps.reports.api.comparisons import ComparisonRequestsView, ComparisonView
from apps.reports.api.views import ReportRequestsView, ReportView
from apps.reports.pages import asking, comparing, projects, views
from apps.reports.pages.glossary.views import glossary

urlpatterns: list[URLPattern] = [
    path("", projects.home, name="home"),
    path("glossary/", glossary, name="glossary"),
    path("p/<slug:project>/", projects.project, name="project"),
    path("p/<slug:project>/models/<slug:model>/reports/<slug:kind>/", asking.reports, name="reports"),
    path("p/<slug:project>/models/<slug:model>/reports/<slug:kind>/compare/", comparing.compare, name="compare"),
    path("p/<slug:project>/comparisons/<int:comparison>/", comparing.comparison, name="comparison"),
    path("p/<slug:project>/comparison-jobs/<int:comparing>/", comparing.job, name="comparison_job"),
    path("p/<slug:project>/reports/<int:report>/moved/", comparing.moved, name="report_moved"),
    path("p/<slug:project>/reports/<int:report>/", views.report, name="report"),
    path("p/<slug:project>/reports/<int:report>/report.pdf", views.pdf, name="report_pdf"),
    path("p/<slug:project>/reports/<int:report>/said/", views.said, name="report_said"),
    path("p/<slug:project>/report-jobs/<int:job>/", views.job, name="report_job"),
]

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/reports", ReportRequestsView.as_view(), name="api_report_requests"),
    path("reports/<int:pk>", ReportView.as_view(), name="api_report"),
    path("models/<str:model>/comparisons", ComparisonRequestsView.as_view(), name="api_comparison_requests"),
    path("comparisons/<int:comparing>", ComparisonView.as_view(), name="api_comparison"),
]
