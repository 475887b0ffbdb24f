"""One raw row to a checked, typed one; or the reason why not, in words that name the value's problem."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec

from apps.common import strict_json
from apps.common.strict_json import StrictJSONError
from apps.predictions.decoding import MAX_ROW_BYTES
from apps.registry.features import Slice
from apps.registry.models import MonitoredModel, Task

MAX_FEATURES = 2_000
SUM_TOLERANCE = 0.001
AHEAD = timedelta(hours=24)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
MAX_NUMBER = 1e15

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Value = str | int | float


class PredictionForm(msgspec.Struct, forbid_unknown_fields=True):
    """A prediction as a client sends it."""

    id: Id
    predicted_at: Moment
    prediction: Value
    features: msgspec.Raw
    version: Name = "unversioned"
    probabilities: dict[str, float] | None = None
    score: float | None = None
    baseline: Value | None = None
    attributions: dict[str, float] | None = None
    attribution_base: float | None = None
    amount: float | None = None
    subject: Id | None = None
    latency_ms: float | None = None
    resources: dict[str, float] | None = None


class OutcomeForm(msgspec.Struct, forbid_unknown_fields=True):
    """An outcome as a client sends it."""

    id: Id
    outcome: Value
    occurred_at: Moment


class RowError(Exception):
    """Why one row is rejected."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code, self.field, self.message = code, field, message


@dataclass(slots=True)
class PredictionRow:
    """A checked prediction, in the terms of the tables."""

    external_id: str
    content_hash: bytes
    version: str
    predicted_at: datetime
    predicted: float
    score: float | None
    baseline: float | None
    amount: float | None
    subject: str | None
    slices: dict[str, str]
    features: str
    probabilities: str | None
    attributions: str | None
    attribution_base: float | None
    latency_ms: float | None
    resources: str | None


@dataclass(slots=True)
class OutcomeRow:
    """A checked outcome."""

    external_id: str
    outcome: float
    occurred_at: datetime


class Rejection(msgspec.Struct):
    """A row that was not stored: where it stood, and why."""

    index: int
    id: str | None
    code: str
    field: str | None
    message: str


_prediction_form = msgspec.json.Decoder(PredictionForm)
_outcome_form = msgspec.json.Decoder(OutcomeForm)
_encode = msgspec.json.Encoder(order="deterministic").encode
_FIELD = re.compile(r"field `([^`]+)`|at `\$\.?(?:key in )?([^`]*)`")


class PredictionReader:
    """Reads the predictions of one push: what depends on the model is looked up once."""

    def __init__(self, model: MonitoredModel, *, slices: list[Slice], now: datetime) -> None:
        self.model, self.slices, self.now = model, slices, now
        self.latest = now + AHEAD
        self.is_binary = model.task == Task.BINARY
        self.positions: dict[object, float] = {} if model.is_regression else model.positions

    def read(self, raw: bytes) -> PredictionRow:
        """Check one raw prediction. Raises RowError."""
        form, document = _decode(raw, _prediction_form)
        features = document["features"]
        if features.__class__ is not dict:
            raise RowError("invalid_type", "features", "features must be an object of names and values.")
        if len(features) > MAX_FEATURES:
            raise RowError("too_many_features", "features", f"More than {MAX_FEATURES:,} features.")
        if not EARLIEST <= form.predicted_at <= self.latest:
            _check_moment(form.predicted_at, "predicted_at", now=self.now)
        predicted = self._encoded(form.prediction, "prediction")
        _check_numbers(form)
        return PredictionRow(
            form.id,
            hashlib.sha256(_encode(document)).digest(),
            form.version,
            form.predicted_at,
            predicted,
            self._score(form, predicted),
            None if form.baseline is None else self._encoded(form.baseline, "baseline"),
            form.amount,
            form.subject,
            {each.name: each.value(features) for each in self.slices} if self.slices else {},
            bytes(form.features).decode(),
            _text(form.probabilities),
            _text(form.attributions),
            form.attribution_base,
            form.latency_ms,
            _text(form.resources),
        )

    def _encoded(self, value: Value, field: str) -> float:
        position = self.positions.get(value)
        return _encoded(value, field, model=self.model) if position is None else position

    def _score(self, form: PredictionForm, predicted: float) -> float | None:
        """The usual case at once: a binary model's score alone."""
        score = form.score
        if form.probabilities is None and self.is_binary and (score is None or 0 <= score <= 1):
            return score
        return _score(form, predicted=predicted, model=self.model)


def read_outcome(raw: bytes, *, model: MonitoredModel, now: datetime) -> OutcomeRow:
    """Check one raw outcome. Raises RowError."""
    form, _ = _decode(raw, _outcome_form)
    _check_moment(form.occurred_at, "occurred_at", now=now)
    return OutcomeRow(form.id, _encoded(form.outcome, "outcome", model=model), form.occurred_at)


def read_all(raws: list[bytes], read: Callable[[bytes], Any]) -> tuple[list[tuple[int, Any]], list[Rejection]]:
    """Good rows with their index, and the rejections of the others."""
    good, rejected = [], []
    for index, raw in enumerate(raws):
        try:
            good.append((index, read(raw)))
        except RowError as error:
            rejected.append(Rejection(index, _id_of(raw), error.code, error.field or None, error.message))
    return good, rejected


def _decode(raw: bytes, decoder: msgspec.json.Decoder[Any]) -> tuple[Any, dict[str, Any]]:
    if len(raw) > MAX_ROW_BYTES:
        raise RowError("too_large", "", f"The row is larger than {MAX_ROW_BYTES:,} bytes.")
    try:
        # What is stored as sent is parsed strictly first: duplicates, NUL, half surrogates, 1e400.
        document = strict_json.loads(raw)
        if not isinstance(document, dict):
            raise RowError("invalid_type", "", "A row must be an object.")
        return decoder.decode(raw), document
    except StrictJSONError as error:
        raise RowError(error.code, "", error.message) from error
    except msgspec.DecodeError as error:
        message = str(error)
        match = _FIELD.search(message)
        field = (match.group(1) or match.group(2) or "") if match else ""
        raise RowError(_code_of(message), field, message) from error


def _code_of(message: str) -> str:
    for part, code in (
        ("missing required field", "missing_field"),
        ("unknown field", "unknown_field"),
        ("timezone", "time_without_zone"),
        ("RFC3339", "invalid_time"),
        ("out of range", "number_range"),
        ("length", "invalid_length"),
    ):
        if part in message:
            return code
    return "invalid_type"


def _id_of(raw: bytes) -> str | None:
    """The id of a row that is not acceptable otherwise, where it can be made out."""
    try:
        value = strict_json.loads(raw[:MAX_ROW_BYTES])
    except StrictJSONError:
        return None
    found = value.get("id") if isinstance(value, dict) else None
    return found[:400] if isinstance(found, str) else None


def _check_moment(moment: datetime, field: str, *, now: datetime) -> None:
    if not EARLIEST <= moment <= now + AHEAD:
        raise RowError("time_range", field, f"{moment.isoformat()} is before 1970 or more than 24 hours ahead.")


def _check_numbers(form: PredictionForm) -> None:
    if form.latency_ms is not None:
        _check_number(form.latency_ms, "latency_ms")
        if form.latency_ms < 0:
            raise RowError("number_range", "latency_ms", f"latency_ms is {form.latency_ms:g}; it cannot be negative.")
    if form.amount is not None:
        _check_number(form.amount, "amount")
    if form.attribution_base is not None:
        _check_number(form.attribution_base, "attribution_base")


def _check_number(value: float | None, field: str) -> None:
    if value is not None and not abs(value) <= MAX_NUMBER:
        raise RowError("number_range", field, f"{value!r} is out of range.")


def _encoded(value: Value, field: str, *, model: MonitoredModel) -> float:
    try:
        encoded = model.encode(value)
    except ValueError as error:
        code = "invalid_type" if model.is_regression else "unknown_class"
        raise RowError(code, field, f"{field}: {error}.") from error
    except OverflowError as error:
        raise RowError("number_range", field, f"{field} is out of range.") from error
    _check_number(encoded, field)
    return encoded


def _score(form: PredictionForm, *, predicted: float, model: MonitoredModel) -> float | None:
    """The probability that is kept: of the positive class (binary), of the predicted one (multiclass)."""
    if form.score is not None:
        if model.task != Task.BINARY:
            raise RowError("unexpected_field", "score", "score is for binary models; send probabilities.")
        if not 0 <= form.score <= 1:
            raise RowError("probability_range", "score", f"score is {form.score:g}; it must lie in [0, 1].")
    if form.probabilities is None:
        return form.score
    _check_probabilities(form.probabilities, model=model)
    kept = model.positive_class if model.task == Task.BINARY else model.classes[int(predicted)]
    found = form.probabilities.get(kept, 0.0)
    if form.score is not None and abs(found - form.score) > SUM_TOLERANCE:
        raise RowError("score_mismatch", "score", f"score is {form.score:g}, but probabilities say {found:g}.")
    return min(1.0, found) if form.score is None else form.score


def _check_probabilities(probabilities: dict[str, float], *, model: MonitoredModel) -> None:
    if model.is_regression:
        raise RowError("unexpected_field", "probabilities", "A regression has no probabilities.")
    for name, value in probabilities.items():
        if name not in model.classes:
            raise RowError("unknown_class", "probabilities", f"{name!r} is not one of the classes.")
        if not 0 <= value <= 1 + SUM_TOLERANCE:
            raise RowError("probability_range", "probabilities", f"The probability of {name!r} is {value:g}.")
    total = sum(probabilities.values())
    if abs(total - 1) > SUM_TOLERANCE:
        raise RowError("probability_sum", "probabilities", f"The probabilities sum to {total:g}, not to 1.")


def _text(value: dict[str, float] | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
