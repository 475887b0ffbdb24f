"""Find predictions, drawn or not, by what is known of them.

Nobody finds a prediction that they have yet to judge blind, and what a person is shown here counts as seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.common.errors import ConflictError, NotFoundError
from apps.explanations.models import Unusual
from apps.predictions.models import Outcome, Prediction
from apps.predictions.querysets import PredictionQuerySet
from apps.predictions.services import sightings
from apps.predictions.services.sightings import Place
from apps.registry.models import MonitoredModel
from apps.review.models import Dispute, ReviewItem
from apps.review.services import by_features
from apps.review.services.sight import NOT_NOW, awaited_from

PAGE = 1_000
# A model is sure of an answer from this probability on, and of the other of two classes up to this one.
SURE, SURE_NOT = 0.9, 0.1


@dataclass(frozen=True)
class Wanted:
    """What the wanted predictions have in common. None does not narrow; values are as sent."""

    since: datetime | None = None
    until: datetime | None = None
    version: str | None = None
    prediction: str | float | None = None
    score_from: float | None = None
    score_to: float | None = None
    # The model and the baseline say different things.
    differs: bool | None = None
    # The outcome, or whether there is one.
    outcome: str | float | None = None
    # What is known to be true: the outcome, or what reviewers settled on where there is none.
    truth: str | float | None = None
    has_outcome: bool | None = None
    drawn: bool | None = None
    reviewed: bool | None = None
    disputed: bool | None = None
    # Sent to review by a person.
    targeted: bool | None = None
    subject: str | None = None
    # The name of a slice and its value.
    slice: tuple[str, str] | None = None
    # The model was sure of its answer, and its outcome is another.
    sure_and_wrong: bool | None = None
    # In what the prediction is unlike the rest: one of Unusual.Kind.
    unusual: str | None = None
    # A condition on features. It narrows pages and exports, not what `select` returns: features are not in that table.
    where: by_features.Condition | None = None


def select(model: MonitoredModel, wanted: Wanted, *, reader: User | None) -> QuerySet[Prediction]:
    """Select the predictions, newest first, as far as their reader may see them. Raises ValueError for a bad class."""
    rows = Prediction.objects.filter(model=model)
    plain = {
        "predicted_at__gte": wanted.since,
        "predicted_at__lt": wanted.until,
        "version__name": wanted.version,
        "score__gte": wanted.score_from,
        "score__lte": wanted.score_to,
        "subject": wanted.subject,
        "predicted": None if wanted.prediction is None else model.encode(wanted.prediction),
    }
    rows = rows.filter(**{name: value for name, value in plain.items() if value is not None})
    if wanted.slice is not None:
        name, value = wanted.slice
        keys = {each.name: each.key for each in model.slice_list}
        rows = rows.filter(slices__contains={keys[name]: value}) if name in keys else rows.none()
    if wanted.differs is not None:
        rows = rows.differing(model) if wanted.differs else rows.agreeing(model)
    for known, is_wanted in (
        (_outcomes(model), wanted.has_outcome),
        (_items().filter(label__isnull=False), wanted.reviewed),
        (Dispute.objects.filter(item__prediction=OuterRef("pk"), withdrawn_at=None), wanted.disputed),
        (_items().filter(draw=None), wanted.targeted),
    ):
        if is_wanted is not None:
            rows = rows.filter(Exists(known) if is_wanted else ~Exists(known))
    if wanted.drawn is not None:
        rows = rows.filter(draw__isnull=not wanted.drawn)
    rows = _of_truth(rows, model, wanted)
    if wanted.sure_and_wrong is not None:
        wrong = _sure_and_wrong(model)
        rows = rows.alias(newest=_newest_if_other(model)).filter(wrong if wanted.sure_and_wrong else ~wrong)
    if wanted.unusual is not None:
        rows = rows.filter(pk__in=Unusual.objects.filter(model=model, kind=wanted.unusual).values("prediction"))
    if reader is not None:
        rows = rows.exclude(pk__in=awaited_from(reader, model).values("item__prediction"))
    return rows.select_related("version", "draw__queue").order_by("-predicted_at", "-id")


def _of_truth(rows: PredictionQuerySet, model: MonitoredModel, wanted: Wanted) -> PredictionQuerySet:
    """Keep those with this outcome, and those known to be of this class."""
    if wanted.outcome is not None:
        outcome = model.encode(wanted.outcome)
        # The first condition finds rare outcomes by their index.
        rows = rows.filter(Exists(_outcomes(model).filter(outcome=outcome)))
        rows = rows.alias(newest=_newest_outcome(model)).filter(newest=outcome)
    if wanted.truth is not None:
        rows = rows.alias(known=Coalesce(_newest_outcome(model), _reviewed())).filter(known=model.encode(wanted.truth))
    return rows


def _sure_and_wrong(model: MonitoredModel) -> Q:
    """The model gave its own answer at least SURE, and the newest outcome is another; of numbers, nothing is."""
    if model.is_regression:
        return Q(pk=None)
    sure = Q(score__gte=SURE)
    if len(model.classes) == 2:
        positive = Q(predicted=model.positive_index)
        sure = (positive & sure) | (~positive & Q(score__lte=SURE_NOT))
    return sure & Q(newest__isnull=False) & ~Q(newest=F("predicted"))


def count_some(rows: QuerySet[Prediction], *, most: int) -> int:
    """Count rows up to one more than `most`, so that counting takes no longer than showing them."""
    return rows.order_by()[: most + 1].count()


def unusual(predictions: Sequence[Prediction]) -> dict[int, list[Unusual]]:
    """Return in what predictions are unlike the rest, by their key."""
    found: dict[int, list[Unusual]] = {}
    for each in Unusual.objects.filter(prediction__in=predictions).order_by("kind"):
        found.setdefault(each.prediction_id, []).append(each)
    return found


def page(
    rows: QuerySet[Prediction],
    *,
    after: int | None,
    limit: int,
    reader: User | None,
    where: by_features.Condition | None = None,
) -> tuple[list[Prediction], int | None]:
    """Return up to `limit` of the rows behind the one with the key `after`, and the key behind which it goes on.

    With a condition on features a page may hold fewer, though more may follow.
    """
    if after is not None:
        last = Prediction.objects.filter(pk=after).values_list("predicted_at", flat=True).first()
        if last is None:
            return [], None
        # The first condition alone uses the index by time.
        rows = rows.filter(Q(predicted_at__lte=last), Q(predicted_at__lt=last) | Q(pk__lt=after))
    if where is not None:
        shown, last_read = by_features.first(where, rows, limit=limit)
    else:
        found = list(rows[: limit + 1])
        shown, last_read = found[:limit], found[limit - 1] if len(found) > limit else None
    if reader is not None:
        sightings.note([each.pk for each in shown], reader, Place.LIST)
    return shown, last_read.pk if last_read else None


def every(
    model: MonitoredModel,
    rows: QuerySet[Prediction],
    *,
    reader: User | None,
    filters: dict[str, Any],
    where: by_features.Condition | None = None,
) -> Iterator[list[Prediction]]:
    """Note that the person reads all of these rows, then yield them in chunks."""
    if reader is not None:
        ends = rows.order_by().aggregate(first=Min("pk"), last=Max("pk"))
        if ends["first"] is not None:
            sightings.note_export(reader, model, filters=filters, first=ends["first"], last=ends["last"])
    chunks = by_features.chunks(rows)
    return chunks if where is None else (by_features.which_meet(where, chunk) for chunk in chunks)


def find(model: MonitoredModel, external_id: str, *, reader: User | None) -> Prediction:
    """Return one prediction, and note that it is shown. Raises NotFoundError, or ConflictError while it is awaited."""
    found = known(model, external_id)
    show(found, model=model, reader=reader)
    return found


def known(model: MonitoredModel, external_id: str) -> Prediction:
    """Return the prediction with this id, before it is shown to anybody. Raises NotFoundError."""
    rows = Prediction.objects.filter(model=model, external_id=external_id).select_related("version", "draw__queue")
    # PostgreSQL takes no NUL, and no id has one.
    found: Prediction | None = rows.first() if "\x00" not in external_id else None
    if found is None:
        raise NotFoundError("There is no prediction with this id.")
    return found


def show(prediction: Prediction, *, model: MonitoredModel, reader: User | None) -> None:
    """Note that all of a prediction is shown to a person. Raises ConflictError if they have yet to judge it."""
    if reader is None:
        return
    if awaited_from(reader, model).filter(item__prediction=prediction).exists():
        raise ConflictError(NOT_NOW, code="judge_first")
    sightings.note([prediction.pk], reader, Place.CASE)


@dataclass(frozen=True)
class Found:
    """A prediction with what has become of it."""

    prediction: Prediction
    item: ReviewItem | None
    outcome: float | None
    is_disputed: bool

    @property
    def is_targeted(self) -> bool:
        return self.item is not None and self.item.draw_id is None


def describe(model: MonitoredModel, predictions: Sequence[Prediction]) -> list[Found]:
    """Add review and outcome to predictions of one model, in four queries."""
    items = {each.prediction_id: each for each in _reviews_of(predictions)}
    disputed = set(
        Dispute.objects.filter(item__in=items.values(), withdrawn_at=None).values_list("item__prediction", flat=True)
    )
    names = [each.external_id for each in predictions]
    # The latest outcome counts; between two of the same moment, the one received last.
    known = Outcome.objects.filter(model=model.champion, external_id__in=names).order_by("occurred_at", "id")
    outcomes = dict(known.values_list("external_id", "outcome"))
    return [
        Found(each, items.get(each.pk), outcomes.get(each.external_id), each.pk in disputed) for each in predictions
    ]


def _newest_outcome(model: MonitoredModel) -> Subquery:
    return Subquery(_outcomes(model).order_by("-occurred_at", "-id").values("outcome")[:1])


def _reviewed() -> Subquery:
    return Subquery(_items().order_by("pk").values(settled=Coalesce("adjudicated", "label"))[:1])


def _newest_if_other(model: MonitoredModel) -> Case:
    """Look up the newest outcome only where there is another one than the prediction: measured, half the time."""
    other = _outcomes(model).exclude(outcome=OuterRef("predicted"))
    return Case(When(Exists(other), then=_newest_outcome(model)))


def _outcomes(model: MonitoredModel) -> QuerySet[Outcome]:
    return Outcome.objects.filter(model=model.champion, external_id=OuterRef("external_id"))


def _reviews_of(predictions: Sequence[Prediction]) -> QuerySet[ReviewItem]:
    found: QuerySet[ReviewItem] = ReviewItem.objects.reviews().filter(prediction__in=predictions)
    return found.select_related("queue")


def _items() -> QuerySet[ReviewItem]:
    reviews: QuerySet[ReviewItem] = ReviewItem.objects.reviews().filter(prediction=OuterRef("pk"))
    return reviews
