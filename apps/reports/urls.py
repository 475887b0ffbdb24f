"""Pages of reports, and their API."""

from django.urls import URLPattern, path

from apps.reports.api.comparisons import ComparisonRequestsView, ComparisonView
from apps.reports.api.evidence import EvidenceView, StoredEvidenceView
from apps.reports.api.views import FiguresView, ReportRequestsView, ReportView
from apps.reports.pages import asking, comparing, evidence, views
from apps.reports.pages.glossary.views import glossary
from apps.reports.pages.groups_views import groups_page
from apps.reports.pages.worth.views import worth_example, worth_page

urlpatterns: list[URLPattern] = [
    path("glossary/", glossary, name="glossary"),
    path("p/<slug:project>/models/<slug:model>/reports/<slug:kind>/", asking.reports, name="reports"),
    path("p/<slug:project>/models/<slug:model>/worth/", worth_page, name="worth"),
    path("p/<slug:project>/models/<slug:model>/worth/example/", worth_example, name="worth_example"),
    path("p/<slug:project>/models/<slug:model>/reports/<slug:kind>/compare/", comparing.compare, name="compare"),
    path("p/<slug:project>/comparisons/<int:comparison>/", comparing.comparison, name="comparison"),
    path("p/<slug:project>/comparison-jobs/<int:comparing>/", comparing.job, name="comparison_job"),
    path("p/<slug:project>/reports/<int:report>/moved/", comparing.moved, name="report_moved"),
    path("p/<slug:project>/reports/<int:report>/", views.report, name="report"),
    path("p/<slug:project>/reports/<int:report>/report.pdf", views.pdf, name="report_pdf"),
    path("p/<slug:project>/reports/<int:report>/said/", views.said, name="report_said"),
    path("p/<slug:project>/reports/<int:report>/figures.<str:form>", views.figures_file, name="report_figures"),
    path("p/<slug:project>/reports/<int:report>/evidence/", evidence.evidence_page, name="report_evidence"),
    path("p/<slug:project>/reports/<int:report>/evidence.zip", evidence.evidence_file, name="report_evidence_file"),
    path("p/<slug:project>/reports/<int:report>/groups/", groups_page, name="report_groups"),
    path("p/<slug:project>/report-jobs/<int:job>/", views.job, name="report_job"),
]

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/reports", ReportRequestsView.as_view(), name="api_report_requests"),
    path("reports/<int:pk>", ReportView.as_view(), name="api_report"),
    path("reports/<int:pk>/evidence", EvidenceView.as_view(), name="api_report_evidence"),
    path("stored-reports/<int:report>/evidence", StoredEvidenceView.as_view(), name="api_stored_evidence"),
    path("reports/<int:pk>/figures", FiguresView.as_view(), name="api_report_figures"),
    path("models/<str:model>/comparisons", ComparisonRequestsView.as_view(), name="api_comparison_requests"),
    path("comparisons/<int:comparing>", ComparisonView.as_view(), name="api_comparison"),
]
