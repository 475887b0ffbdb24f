"""What a project's first page says of each model: the latest finding, what waits, how far the intake is."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Max, Q, Sum

from apps.accounts.models import Membership, Project, Role
from apps.predictions.models import Batch, BatchKind, BatchStage, Stage
from apps.registry.models import Incident, MonitoredModel, ReviewQueue
from apps.reports.models import Kind, Report
from apps.reports.pages import wording
from apps.review import services as review
from apps.review.models import ReviewItem, Slot
from apps.review.querysets import SlotQuerySet
from apps.sampling.models import Draw

# Which finding comes first, where there are several.
FINDINGS = (Kind.VALUE, Kind.PERFORMANCE, Kind.BASELINE)


@dataclass(frozen=True)
class Finding:
    """The first sentence of the latest report, and what it rests on."""

    report: int
    kind: str
    sentence: str
    basis: str
    state: str


@dataclass(frozen=True)
class QueueLine:
    """A queue as one person sees it."""

    queue: ReviewQueue
    for_you: int
    waiting: int
    settled: int
    items: int


@dataclass(frozen=True)
class Intake:
    """What came in, and what of it has not been worked through."""

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
class ModelOverview:
    """One model on the page."""

    model: MonitoredModel
    finding: Finding | None = None
    queues: list[QueueLine] = field(default_factory=list)
    intake: Intake = field(default_factory=Intake)
    drawn: int = 0
    incidents: list[Incident] = field(default_factory=list)

    @property
    def checked(self) -> int:
        return sum(line.settled for line in self.queues)

    @property
    def next_queue(self) -> QueueLine | None:
        """Where this person is needed most."""
        waiting = [line for line in self.queues if line.for_you]
        return max(waiting, key=lambda line: line.for_you, default=None)


def overview(project: Project, *, member: Membership) -> list[ModelOverview]:
    """The project's models by name; what this role does not see is left out. The number of queries is fixed."""
    models = list(MonitoredModel.objects.in_project(project).order_by("name"))
    findings, incidents = latest_findings(models), incidents_of(models)
    if not member.reaches(Role.REVIEWER):
        return [ModelOverview(model, findings.get(model.pk), incidents=incidents[model.pk]) for model in models]
    queues, intakes, drawn = queue_lines(project, member=member), intakes_of(models), drawn_of(models)
    return [
        ModelOverview(
            model,
            findings.get(model.pk),
            queues[model.pk],
            intakes.get(model.pk, Intake()),
            drawn.get(model.pk, 0),
            incidents[model.pk],
        )
        for model in models
    ]


def latest_findings(models: Iterable[MonitoredModel]) -> dict[int, Finding]:
    """By model: value before performance before baseline, the newest of its kind."""
    newest = Report.objects.filter(model__in=models).order_by("model_id", "kind", "-id").distinct("model_id", "kind")
    chosen: dict[int, tuple[int, int]] = {}
    for pk, model, kind in newest.values_list("pk", "model_id", "kind"):
        chosen[model] = min(chosen.get(model, (len(FINDINGS), 0)), (FINDINGS.index(kind), pk))
    reports = Report.objects.in_bulk([pk for _, pk in chosen.values()])
    return {report.model_id: finding_of(report) for report in reports.values()}


def finding_of(report: Report) -> Finding:
    document = report.document
    return Finding(report.pk, report.kind, wording.lede(document), wording.basis(document), wording.state(document)[0])


def queue_lines(project: Project, *, member: Membership) -> dict[int, list[QueueLine]]:
    """By model: its queues, with what waits for this person and for anybody."""
    slots = Slot.objects.in_project(project)
    for_you, waiting = review.count_for(member), per_queue(slots.open())
    counts = ReviewItem.objects.reviews().in_project(project).order_by().values_list("queue")
    settled = Count("id", filter=Q(state=ReviewItem.State.CLOSED))
    items = {queue: (total, done) for queue, total, done in counts.annotate(total=Count("id"), done=settled)}
    lines: dict[int, list[QueueLine]] = defaultdict(list)
    for queue in ReviewQueue.objects.in_project(project).order_by("name"):
        total, done = items.get(queue.pk, (0, 0))
        lines[queue.model_id].append(QueueLine(queue, for_you.get(queue.pk, 0), waiting.get(queue.pk, 0), done, total))
    return lines


def per_queue(slots: SlotQuerySet) -> dict[int, int]:
    return dict(slots.order_by().values_list("queue").annotate(n=Count("id", distinct=True)))


def intakes_of(models: Iterable[MonitoredModel]) -> dict[int, Intake]:
    """By model: sums over its pushes, and the stages that have not consumed them."""
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


def drawn_of(models: Iterable[MonitoredModel]) -> dict[int, int]:
    """By model: how many predictions were drawn."""
    return dict(Draw.objects.filter(model__in=models).order_by().values_list("model").annotate(n=Count("pk")))


def incidents_of(models: Iterable[MonitoredModel]) -> dict[int, list[Incident]]:
    """By model: its open incidents."""
    found: dict[int, list[Incident]] = defaultdict(list)
    for incident in Incident.objects.open().filter(model__in=models).newest():
        found[incident.model_id].append(incident)
    return found
