"""The first pages: a person's projects, and for each model of one its latest finding, its queues and its intake."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Max, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.models import Membership, Project, Role, User
from apps.accounts.services.access import ProjectRequest, member_page
from apps.monitoring.services import events
from apps.monitoring.services.events import Mention
from apps.predictions.models import Batch, BatchKind, BatchStage, Stage
from apps.registry.models import Incident, MonitoredModel, ReviewQueue
from apps.reports.models import Kind, Report
from apps.reports.pages import wording
from apps.reports.services.visible import visible
from apps.review import services as review
from apps.review.models import Question, ReviewItem
from apps.sampling.models import Draw

# The first of these with a report gives the finding.
FINDINGS = (Kind.VALUE, Kind.PERFORMANCE, Kind.BASELINE)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """List the person's projects; with a single one, go there."""
    assert isinstance(request.user, User)
    memberships = list(
        Membership.objects.filter(user=request.user)
        .select_related("project")
        .annotate(models=Count("project__models", filter=Q(project__models__archived_at=None)))
        .order_by("project__name")
    )
    if len(memberships) == 1:
        return redirect("project", memberships[0].project.slug)
    return render(request, "reports/home.html", {"memberships": memberships})


@require_safe
@member_page(Role.STAKEHOLDER)
def project(request: ProjectRequest) -> HttpResponse:
    """Show the project's models, or the archived ones if asked for, and what waits for this person."""
    is_archive = "archived" in request.GET
    models = list(MonitoredModel.objects.in_project(request.project).order_by("name"))
    archived = [model for model in models if model.archived_at]
    shown = archived if is_archive else [model for model in models if not model.archived_at]
    found = summaries(shown, member=request.membership)
    queues = [queue for summary in found for queue in summary.queues]
    context = {
        "summaries": found,
        "to_settle": sum(summary.to_settle for summary in found),
        "settle_first": max(queues, key=lambda queue: queue.to_settle, default=None),
        "is_archive": is_archive,
        "archived": len(archived),
        "questions_for_you": _questions_for(request.membership),
        "can_review": request.membership.reaches(Role.REVIEWER),
        "can_set_up": request.membership.reaches(Role.ENGINEER),
        "is_owner": request.membership.reaches(Role.OWNER),
        "base_url": settings.BASE_URL,
    }
    return render(request, "reports/project.html", context)


def _questions_for(member: Membership) -> int:
    """Count the colleagues' questions that this person may answer."""
    questions = Question.objects.in_project(member.project).open()
    return questions.for_member(member.user, may_adjudicate=member.reaches(Role.ADJUDICATOR)).count()


@dataclass(frozen=True)
class Finding:
    """The first sentence of the latest report, and its basis."""

    report: int
    kind: str
    sentence: str
    basis: str
    state: str


@dataclass(frozen=True)
class QueueCounts:
    """A queue as one person sees it, in cases."""

    queue: ReviewQueue
    for_you: int
    # Those of them that this person would settle.
    to_settle: int
    open: int
    settled: int
    items: int


@dataclass(frozen=True)
class Intake:
    """What arrived, and how much of it still waits for a stage."""

    received: int = 0
    rejected: int = 0
    outcomes: int = 0
    last_at: datetime | None = None
    to_draw: int = 0
    to_open: int = 0
    to_resolve: int = 0
    failed: int = 0

    @property
    def is_idle(self) -> bool:
        return not (self.to_draw or self.to_open or self.to_resolve or self.failed)


@dataclass(frozen=True)
class ModelSummary:
    """One model on the page of its project."""

    model: MonitoredModel
    finding: Finding | None = None
    queues: list[QueueCounts] = field(default_factory=list)
    intake: Intake = field(default_factory=Intake)
    drawn: int = 0
    incidents: list[Incident] = field(default_factory=list)
    unlike: Mention | None = None
    # To a reviewer whose answer can still change, a case that closes, or does not, tells what others said.
    shows_progress: bool = True

    @property
    def settled(self) -> int:
        return sum(queue.settled for queue in self.queues)

    @property
    def to_settle(self) -> int:
        return sum(queue.to_settle for queue in self.queues)

    @property
    def next_queue(self) -> QueueCounts | None:
        """The queue in which most cases wait for this person."""
        waiting = [queue for queue in self.queues if queue.for_you]
        return max(waiting, key=lambda queue: queue.for_you, default=None)


def summaries(models: list[MonitoredModel], *, member: Membership) -> list[ModelSummary]:
    """Summarize models of the member's project, without what this role does not see; in a fixed number of queries."""
    findings, incidents = _findings(models, role=Role(member.role)), _incidents(models)
    since = timezone.now().date() - events.MENTIONED
    unlike = events.newest(models, since=since, shows_sensitive=member.reaches(Role.ENGINEER))
    if not member.reaches(Role.REVIEWER):
        return [
            ModelSummary(model, findings.get(model.pk), incidents=incidents[model.pk], unlike=unlike.get(model.pk))
            for model in models
        ]
    queues, intakes, drawn = _queues(member.project, member=member), _intakes(models), _drawn(models)
    return [
        ModelSummary(
            model,
            findings.get(model.pk),
            queues[model.pk],
            intakes.get(model.pk, Intake()),
            drawn.get(model.pk, 0),
            incidents[model.pk],
            unlike.get(model.pk),
            shows_progress=member.reaches(Role.ADJUDICATOR),
        )
        for model in models
    ]


def _findings(models: Iterable[MonitoredModel], *, role: Role) -> dict[int, Finding]:
    """Return, by model, value before performance before baseline, the foremost of its kind."""
    foremost = Report.objects.filter(model__in=models).foremost()
    chosen: dict[int, tuple[int, int]] = {}
    for pk, model, kind in foremost.values_list("pk", "model_id", "kind"):
        chosen[model] = min(chosen.get(model, (len(FINDINGS), 0)), (FINDINGS.index(kind), pk))
    reports = Report.objects.select_related("model").in_bulk([pk for _, pk in chosen.values()])
    return {report.model_id: _finding(visible(report, role=role)) for report in reports.values()}


def _finding(report: Report) -> Finding:
    document = report.document
    return Finding(report.pk, report.kind, wording.lede(document), wording.basis(document), wording.state(document)[0])


def _queues(project: Project, *, member: Membership) -> dict[int, list[QueueCounts]]:
    """List, by model, its queues with the cases that wait for this person and for anybody."""
    for_you = review.count_for(member)
    counts = ReviewItem.objects.reviews().in_project(project).order_by().values_list("queue")
    settled = Count("id", filter=Q(state=ReviewItem.State.CLOSED))
    items = {queue: (total, done) for queue, total, done in counts.annotate(total=Count("id"), done=settled)}
    queues: dict[int, list[QueueCounts]] = defaultdict(list)
    for queue in ReviewQueue.objects.in_project(project).order_by("name"):
        total, done = items.get(queue.pk, (0, 0))
        yours = for_you.get(queue.pk, review.ForPerson())
        shown = QueueCounts(queue, yours.cases, yours.to_settle, total - done, done, total)
        queues[queue.model_id].append(shown)
    return queues


def _intakes(models: Iterable[MonitoredModel]) -> dict[int, Intake]:
    """Sum, by model, its pushes and the stages that still have to take them."""
    predictions = Q(kind=BatchKind.PREDICTIONS)
    sums = (
        Batch.objects.filter(model__in=models)
        .order_by()
        .values("model")
        .annotate(
            received=Sum("accepted", filter=predictions, default=0),
            rejected=Sum("rejected", default=0),
            outcomes=Sum("accepted", filter=~predictions, default=0),
            last_at=Max("received_at"),
        )
    )
    due = (
        BatchStage.objects.filter(batch__model__in=models, done_at=None)
        .order_by()
        .values("batch__model")
        .annotate(
            to_draw=Count("id", filter=Q(stage=Stage.DRAW)),
            to_open=Count("id", filter=Q(stage=Stage.OPEN_ITEMS)),
            to_resolve=Count("id", filter=Q(stage=Stage.RESOLVE)),
            failed=Count("id", filter=~Q(error="")),
        )
    )
    waiting = {row.pop("batch__model"): row for row in due}
    return {row.pop("model"): Intake(**row, **waiting.get(model, {})) for row in sums if (model := row["model"])}


def _drawn(models: Iterable[MonitoredModel]) -> dict[int, int]:
    """Count, by model, the predictions drawn."""
    return dict(Draw.objects.filter(model__in=models).order_by().values_list("model").annotate(n=Count("pk")))


def _incidents(models: Iterable[MonitoredModel]) -> dict[int, list[Incident]]:
    """List, by model, its open incidents."""
    incidents: dict[int, list[Incident]] = defaultdict(list)
    for incident in Incident.objects.open().filter(model__in=models).newest():
        incidents[incident.model_id].append(incident)
    return incidents
