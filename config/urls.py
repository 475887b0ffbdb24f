"""Every URL: pages under /p/<project>/, the API under /api/v1/."""

from django.urls import include, path

from apps.accounts import urls as accounts
from apps.common import failures
from apps.demo import urls as demo
from apps.explanations import urls as explanations
from apps.home import urls as home
from apps.monitoring import urls as monitoring
from apps.notifications import urls as notifications
from apps.planning import urls as planning
from apps.predictions import urls as predictions
from apps.registry import urls as registry
from apps.reports import urls as reports
from apps.retraining import urls as retraining
from apps.review import urls as review
from apps.sampling import urls as sampling
from apps.truth import urls as truth
from config.calls import PredictionsCall
from config.schema import SchemaView

api = [
    path("models/<str:model>/predictions", PredictionsCall.as_view(), name="api_predictions"),
    *registry.api_urlpatterns,
    *predictions.api_urlpatterns,
    *sampling.api_urlpatterns,
    *explanations.api_urlpatterns,
    *review.api_urlpatterns,
    *truth.api_urlpatterns,
    *monitoring.api_urlpatterns,
    *reports.api_urlpatterns,
    *retraining.api_urlpatterns,
    *notifications.api_urlpatterns,
    path("schema", SchemaView.as_view(), name="schema"),
]

urlpatterns = [
    *accounts.urlpatterns,
    *reports.urlpatterns,
    *registry.urlpatterns,
    *predictions.urlpatterns,
    *monitoring.urlpatterns,
    *sampling.urlpatterns,
    *planning.urlpatterns,
    *explanations.urlpatterns,
    *review.urlpatterns,
    *truth.urlpatterns,
    *notifications.urlpatterns,
    *retraining.urlpatterns,
    *home.urlpatterns,
    *demo.urlpatterns,
    path("api/v1/", include(api)),
]

handler400 = failures.bad_request
handler403 = failures.forbidden
handler404 = failures.not_found
handler500 = failures.server_error
# allauth calls it at its limits.
handler429 = "apps.common.failures.too_many_requests"
