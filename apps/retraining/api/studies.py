"""Ask for studies of what a new model would gain, and read them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import Role, Scope
from apps.accounts.services.access import get_or_404, key_of, project_of
from apps.common.api import StrictSerializer
from apps.registry.services.finding import find_model
from apps.retraining import services
from apps.retraining.models import StudyJob
from apps.retraining.services.sentence import headline
from apps.retraining.services.studies import DAYS, USUAL_DAYS
from apps.retraining.services.visible import visible

GAIN = "in right answers per prediction (`metric` accuracy), or in how much smaller the mean error is (mae)"


class StudyRequestSerializer(StrictSerializer):
    days = serializers.ChoiceField(
        choices=DAYS, default=USUAL_DAYS, help_text="Use the labels of predictions of the last so many days"
    )
    without_sensitive = serializers.BooleanField(
        default=False, help_text="As if a new model were not allowed to use sensitive features"
    )


class StudyJobSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()


class StudyAnswerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["queued", "running", "done", "refused", "failed"])
    progress = serializers.FloatField()
    step = serializers.CharField()
    error = serializers.CharField(help_text="Why the last attempt failed")
    refusal = serializers.CharField(help_text="Why the labels do not bear a study, in a sentence")
    days = serializers.IntegerField()
    without_sensitive = serializers.BooleanField()
    as_of = serializers.DateTimeField(allow_null=True)
    seq = serializers.IntegerField(allow_null=True)
    headline = serializers.CharField(help_text="The advice in one sentence, with its range")
    metric = serializers.CharField(help_text=f"Gains are {GAIN}; above 0 a new model is better")
    unit = serializers.CharField()
    advice = serializers.DictField(
        allow_null=True,
        help_text="`verdict` (yes, not_yet, no_gain, cannot_tell), `gain` and its range, `size` (labels that train)"
        ", `enough` (labels that would tell)",
    )
    curve = serializers.ListField(child=serializers.DictField(), help_text="Gain by number of labels that train")
    further = serializers.ListField(child=serializers.DictField(), help_text="Continued to four times the labels")
    money = serializers.DictField(
        allow_null=True, help_text="What the change, and what the next `k` labels would be worth"
    )
    slices = serializers.ListField(child=serializers.DictField(), help_text="Where the gain would be")
    weak = serializers.ListField(child=serializers.DictField(), help_text="Gain in the weak spots of monitoring")
    labels = serializers.DictField(allow_null=True, help_text="How many labels, and of which kind")
    learner = serializers.DictField(allow_null=True, help_text="What learned, from which features")


class StudyRequestsView(APIView):
    required_scope = Scope.REPORTS_WRITE
    required_role = Role.ENGINEER

    @extend_schema(operation_id="request_study", request=StudyRequestSerializer, responses={202: StudyJobSerializer})
    def post(self, request: Request, model: str) -> Response:
        """Ask whether a new model would be better. A worker finds out; read it under the id in the answer.

        While a study of the model is under way, its id is returned.
        """
        monitored = find_model(project_of(request), model)
        body = StudyRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        job = services.request_study(monitored, by=key_of(request).acts_for, **body.validated_data)
        return Response({"id": job.pk}, status=202)


class StudyView(APIView):
    required_scope = Scope.REPORTS_READ
    required_role = Role.STAKEHOLDER

    @extend_schema(operation_id="read_study", responses={200: StudyAnswerSerializer})
    def get(self, request: Request, study_job: int) -> Response:
        """Return the progress of a study; once it is done, the advice and what it rests on; or why there is none."""
        jobs = StudyJob.objects.in_project(project_of(request)).select_related("study__model")
        return Response(answer_of(get_or_404(jobs, pk=study_job), role=key_of(request).reads_as))


def answer_of(job: StudyJob, *, role: Role) -> dict[str, Any]:
    document = visible(job.study, role=role) if job.study else None
    told: Any = document or {}
    return {
        "id": job.pk,
        "status": job.status,
        "progress": job.progress,
        "step": job.step,
        "error": job.error,
        "refusal": job.refusal,
        "days": job.days,
        "without_sensitive": job.without_sensitive,
        "as_of": job.study.as_of.isoformat() if job.study else None,
        "seq": job.study.seq if job.study else None,
        "headline": headline(document) if document else "",
        **{name: told.get(name, "") for name in ("metric", "unit")},
        **{name: told.get(name) for name in ("advice", "money", "labels", "learner")},
        **{name: told.get(name, []) for name in ("curve", "further", "slices", "weak")},
    }
