"""Pages of advice on training a model again and of its model card, and their API."""

from django.urls import URLPattern, path

from apps.retraining.api.studies import StudyRequestsView, StudyView
from apps.retraining.api.views import ModelCardView, TrainingSetView
from apps.retraining.pages import views

urlpatterns: list[URLPattern] = [
    path("p/<slug:project>/models/<slug:model>/retraining/", views.retraining, name="retraining"),
    path("p/<slug:project>/models/<slug:model>/training-set.<slug:form>", views.training_file, name="training_file"),
    path("p/<slug:project>/models/<slug:model>/card/", views.model_card, name="model_card"),
    path("p/<slug:project>/study-jobs/<int:study_job>/", views.study_job, name="study_job"),
]

api_urlpatterns: list[URLPattern] = [
    path("models/<str:model>/training-set", TrainingSetView.as_view(), name="api_training_set"),
    path("models/<str:model>/studies", StudyRequestsView.as_view(), name="api_study_requests"),
    path("studies/<int:study_job>", StudyView.as_view(), name="api_study"),
    path("models/<str:model>/card", ModelCardView.as_view(), name="api_model_card"),
]
