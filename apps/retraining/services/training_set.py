"""The training set: labels with features, weight and a stable split by subject, as of a number of the record of truth.

Its labels are those that figures count. Predictions of closed days count by their outcome, or by the model's rule for
absent ones, with π = 1; others by their blind review, with its chance to be drawn. Where nothing that was sent is kept
but the copies of drawn cases, these stand for their day with that chance, and the others are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any, Self

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.models import ApiKey, User
from apps.accounts.services import audit_log
from apps.common.paging import keyset_page
from apps.predictions.models import Prediction
from apps.predictions.services import sightings
from apps.registry.models import MonitoredModel
from apps.registry.models.features import Feature, code_of
from apps.retraining.services.sent import Sent, sent_with
from apps.sampling.models import Draw
from apps.truth.models import Resolution
from apps.truth.services import observing
from apps.truth.services.cohorts import cohorts, day_of, day_start

PAGE = 1_000
TEST_SHARE = 0.2
KINDS = {
    "id": "text",
    "predicted_at": "moment",
    "version": "text",
    "label": "class",
    "source": "text",
    "prediction": "class",
    "score": "number",
    "inclusion_probability": "number",
    "log_share": "number",
    "weight": "number",
    "subject": "text",
    "split": "text",
}
OF_FEATURE = {"number": "number", "integer": "number", "boolean": "flag"}
PREFIX = "features."
RULE = "rule"

Row = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What is asked for. `closed` are the days whose outcomes count, as of the moment of `seq`."""

    seq: int
    as_of: datetime
    end: date
    closed: frozenset[date]
    test_share: float = TEST_SHARE
    after: int = 0

    @classmethod
    def of(cls, model: MonitoredModel, *, seq: int | None = None, test_share: float = TEST_SHARE) -> Self:
        """Settle which labels count as of `seq`, the newest number if None. The same number gives the same rows."""
        known, newest = Resolution.objects.filter(model=model), newest_seq(model)
        number = newest if seq is None else min(seq, newest)
        last = known.filter(seq__lte=number).order_by("-seq").first()
        rows = Prediction.objects.filter(model=model).order_by("predicted_at").values_list("predicted_at", flat=True)
        first = rows.first()
        if last is None or first is None:
            return cls(0, model.created_at, day_of(model, model.created_at), frozenset(), test_share)
        as_of = last.resolved_at
        start, end = day_of(model, first), day_of(model, as_of) + timedelta(days=1)
        days = cohorts(model, start=start, end=end, seq=number, as_of=as_of)
        closed = frozenset(each.day for each in days if each.is_closed)
        return cls(number, as_of, end, closed, test_share)


def newest_seq(model: MonitoredModel) -> int:
    """Return the newest number of the record of truth."""
    return Resolution.objects.filter(model=model).last_seq()


def kinds(model: MonitoredModel) -> dict[str, str]:
    """Return what each column of a file holds: see `apps.common.exports`."""
    of_class = "number" if model.is_regression else "text"
    own = {name: of_class if kind == "class" else kind for name, kind in KINDS.items()}
    return own | {PREFIX + each.name: OF_FEATURE.get(each.type, "text") for each in model.feature_list}


def chunks(model: MonitoredModel, wanted: Wanted) -> Iterator[list[Row]]:
    """Iterate over the rows of a file in chunks, so that memory stays bounded."""
    rows = _labeled(model, wanted).iterator(chunk_size=PAGE)
    while chunk := list(islice(rows, PAGE)):
        yield [_flat(model, row) for row in _described(model, chunk, wanted)]


def page(model: MonitoredModel, wanted: Wanted, *, limit: int) -> tuple[list[Row], int | None]:
    """Return rows with their features as sent, and the cursor of the next page; None at the end.

    A page reads `limit` labeled predictions; those that no weight can be given are left out of it.
    """
    rows, following = keyset_page(_labeled(model, wanted), limit=limit, key=lambda row: int(row.pk))
    return _described(model, rows, wanted), following


@transaction.atomic
def note(
    model: MonitoredModel,
    wanted: Wanted,
    *,
    by: User | None,
    key: ApiKey | None = None,
    form: str,
    up_to: int | None = None,
) -> None:
    """Record the export, and that the person has seen these cases and cannot judge them blind any more."""
    last = up_to or Prediction.objects.filter(model=model).order_by("-pk").values_list("pk", flat=True).first()
    if by is not None and last is not None:
        filters = {"training": form, "seq": wanted.seq}
        sightings.note_export(by, model, filters=filters, first=wanted.after + 1, last=last)
    if not wanted.after:
        details = {"model": model.slug, "seq": wanted.seq, "format": form}
        audit_log.record(
            model.project, "training_set.exported", subject=f"model {model.slug}", by=by, key=key, details=details
        )


def beginning_at(wanted: Wanted, cursor: int) -> Wanted:
    return replace(wanted, after=cursor)


def split_of(model: MonitoredModel, about: str, *, test_share: float) -> str:
    """Return "test" for this share of subjects by a hash, so that a subject stays where it is."""
    digest = sha256(f"{model.pk}\x1f{about}".encode()).digest()
    return "test" if int.from_bytes(digest[:8]) / 2**64 < test_share else "train"


def _labeled(model: MonitoredModel, wanted: Wanted) -> QuerySet[Prediction]:
    """Select the predictions that may have a label, by key."""
    if not wanted.seq:
        return Prediction.objects.none()
    known = Resolution.objects.filter(prediction=OuterRef("pk"), seq__lte=wanted.seq)
    rows = Prediction.objects.filter(model=model, pk__gt=wanted.after)
    rows = rows.filter(predicted_at__lt=day_start(model, wanted.end))
    has_label = Q(Exists(known))
    if model.outcome_if_absent is not None and wanted.closed:
        has_label |= Q(predicted_at__lt=day_start(model, max(wanted.closed) + timedelta(days=1)))
    rows = rows.filter(has_label).select_related("version").order_by("pk")
    labeled: QuerySet[Prediction] = observing.with_visibility(rows, model, seq=wanted.seq, as_of=wanted.as_of)
    return labeled


@dataclass(frozen=True)
class _Case:
    """A prediction with what is known of it."""

    prediction: Prediction
    known: Resolution | None
    draw: Draw | None
    sent: Sent | None


def _described(model: MonitoredModel, predictions: list[Prediction], wanted: Wanted) -> list[Row]:
    keys = [each.pk for each in predictions]
    latest = Resolution.objects.filter(prediction__in=keys).as_of(wanted.seq)
    resolutions = {each.prediction_id: each for each in latest}
    draws = Draw.objects.filter(is_blind=True, drawn_at__lte=wanted.as_of).in_bulk(keys)
    features = sent_with(keys)
    cases = (_Case(each, resolutions.get(each.pk), draws.get(each.pk), features.get(each.pk)) for each in predictions)
    described = (_row(model, case, wanted) for case in cases)
    return [row for row in described if row is not None]


def _row(model: MonitoredModel, case: _Case, wanted: Wanted) -> Row | None:
    """Describe one row; None for a prediction without features, or whose label no weight can be given."""
    found = _label(model, case, wanted)
    if case.sent is None or found is None:
        return None
    (label, source, pi), prediction = found, case.prediction
    about = prediction.subject or f"\x1f{prediction.external_id}"
    return {
        "id": prediction.external_id,
        "predicted_at": prediction.predicted_at.isoformat(),
        "version": prediction.version.name,
        "label": model.decode(label),
        "source": source,
        "prediction": model.decode(prediction.predicted),
        "score": prediction.score,
        "inclusion_probability": pi,
        "log_share": prediction.log_share,
        "weight": prediction.stands_for / pi,
        "subject": prediction.subject,
        "split": split_of(model, about, test_share=wanted.test_share),
        "features": case.sent.features,
    }


def _label(model: MonitoredModel, case: _Case, wanted: Wanted) -> tuple[float, str, float] | None:
    """Return label, source and π."""
    prediction, known = case.prediction, case.known
    chance = case.draw.counted_probability if case.draw is not None else None
    is_hidden: bool = prediction.is_hidden  # type: ignore[attr-defined]  # annotated
    if day_of(model, prediction.predicted_at) in wanted.closed and not is_hidden:
        is_copy = case.sent is not None and case.sent.is_copy
        by_chance = chance if is_copy else (prediction.explore_share or 1.0)
        return None if by_chance is None else _outcome(model, known, by_chance)
    if known is None or chance is None:
        return None
    label = known.label if known.adjudicated is None else known.adjudicated
    source = Resolution.Source.CONSENSUS if known.adjudicated is None else Resolution.Source.ADJUDICATION
    return None if label is None else (label, source.value, chance)


def _outcome(model: MonitoredModel, known: Resolution | None, pi: float) -> tuple[float, str, float] | None:
    if known is not None and known.outcome is not None:
        return known.outcome, Resolution.Source.OUTCOME.value, pi
    rule = model.outcome_if_absent
    return None if rule is None else (model.encode(rule), RULE, pi)


def _flat(model: MonitoredModel, row: Row) -> Row:
    """Put each declared feature into a column of its own."""
    features = row.pop("features")
    return row | {PREFIX + each.name: _typed(each, features.get(each.name)) for each in model.feature_list}


def _typed(feature: Feature, value: Any) -> Any:
    """Return a value as its column holds it; what is not of the declared type is empty there."""
    kind = OF_FEATURE.get(feature.type, "text")
    if value is None or isinstance(value, list | dict):
        return None
    if kind == "flag":
        return value if isinstance(value, bool) else None
    if kind == "number":
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return code_of(value)
