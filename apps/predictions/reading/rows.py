"""From a raw row to a checked, typed one, or to a rejection that says what is wrong with which value."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from apps.common import strict_json
from apps.common.strict_json import StrictJSONError
from apps.predictions.reading.content import Content, plain
from apps.predictions.reading.decoding import MAX_ROW_BYTES
from apps.predictions.reading.nesting import nested
from apps.predictions.reading.rejections import Rejection, RowError, UnreadableRow, field_of, id_of
from apps.registry.models import MonitoredModel, Task
from apps.registry.models.features import code_of

MAX_FEATURES = 2_000
# Rounded to three places, each probability is off by as much as this.
ROUNDING = 0.0005
# And what a sum of floating-point numbers is off by.
ROUNDING_OF_SUMS = 1e-9
# How far a score may lie outside [0, 1], or off what the probabilities say.
SCORE_TOLERANCE = 0.001
AHEAD = timedelta(hours=24)
LONGEST_HOLD = timedelta(days=31)
# Each prediction then stands for a million; with fewer logged, no figure would have a range worth reading.
LEAST_LOG_SHARE = 1e-6
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
MAX_NUMBER = 1e15

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Value = str | int | float | bool
Row = TypeVar("Row")
Form = TypeVar("Form")
# Good rows with their index, and the rejections of the others.
Read = tuple[list[tuple[int, Row]], list[Rejection]]


class PredictionForm(msgspec.Struct, forbid_unknown_fields=True):
    """A prediction as a client sends it."""

    id: Id
    predicted_at: Moment
    prediction: Value
    features: msgspec.Raw = msgspec.Raw(b"{}")
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
    observable: bool | None = None
    explore_share: float | None = None
    hold_until: Moment | None = None
    hold_default: Value | None = None
    processed: msgspec.Raw = msgspec.Raw(b"null")
    log_share: float | None = None


class OutcomeForm(msgspec.Struct, forbid_unknown_fields=True):
    """An outcome as a client sends it."""

    id: Id
    outcome: Value
    occurred_at: Moment


class ActionForm(msgspec.Struct, forbid_unknown_fields=True):
    """What was done about a prediction, as a client sends it."""

    id: Id
    action: Value
    taken_at: Moment
    by: Name | None = None


@dataclass(slots=True)
class PredictionRow:
    """A checked prediction: the form as sent, and the values to store."""

    form: PredictionForm
    content: Content
    content_hash: bytes
    predicted: float
    score: float | None
    baseline: float | None
    slices: dict[str, str]
    # What counts if people have not settled it in time; None: nobody waits for them.
    hold_default: float | None

    @property
    def external_id(self) -> str:
        return self.form.id


class ActionRow(NamedTuple):
    """A checked action."""

    external_id: str
    action: str
    taken_at: datetime
    by: str


class OutcomeRow(NamedTuple):
    """A checked outcome."""

    external_id: str
    outcome: float
    occurred_at: datetime


_prediction_form = msgspec.json.Decoder(PredictionForm)
_outcome_form = msgspec.json.Decoder(OutcomeForm)
_action_form = msgspec.json.Decoder(ActionForm)
_FIELD = re.compile(r"field `([^`]+)`|at `(?:key in )?\$\.?([^`.\[]*)")
_EXPECTED = re.compile(r"Expected `([^`]*)`(?:, got `([^`]*)`)?")
_LENGTH = re.compile(r"of length (>=|<=) (\d+)")
# What the library says of a field, in the words of the API.
_MESSAGES = {
    "missing required field": "{field} is missing.",
    "unknown field": "A row has no field {field!r}. Features go into features, or into columns features.<name>.",
    "timezone": "{field} has no time zone; write 2026-03-02T09:00:00Z, or +01:00 at its end.",
    "RFC3339": "{field} must be a time such as 2026-03-02T09:00:00Z.",
    "datetime": "{field} must be a time such as 2026-03-02T09:00:00Z.",
    "out of range": "{field} is out of range.",
}
_TYPES = {
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "datetime": "a time",
}


class PredictionReader:
    """Checks the predictions of one push; whatever depends on the model is looked up once."""

    def __init__(self, model: MonitoredModel, *, now: datetime) -> None:
        self.model, self.slices, self.now = model, model.slice_list, now
        self.latest = now + AHEAD
        self.is_binary, self.is_shadow = model.task == Task.BINARY, model.shadow_of_id is not None
        self.positions: dict[object, float] = {} if model.is_regression else model.positions

    def read_all(self, raws: list[bytes], *, first: int = 0) -> Read[PredictionRow]:
        """Check raw predictions; `first` is the index of the first."""
        is_usual = max(map(len, raws), default=0) <= MAX_ROW_BYTES and {*map(type, raws)} <= {bytes}
        documents = strict_json.plain_objects(raws) if is_usual else None
        if documents is None:
            return read_each(raws, self.read, first=first)
        good, rejected = [], []
        for index, (raw, document) in enumerate(zip(raws, documents, strict=True), start=first):
            try:
                good.append((index, self._checked(*_formed(raw, document, _prediction_form))))
            except RowError as error:
                rejected.append(error.rejection(index, document.get("id")))
        return good, rejected

    def read(self, raw: bytes) -> PredictionRow:
        """Check one raw prediction. Raises RowError."""
        return self._checked(*_formed(raw, _document(raw), _prediction_form))

    def _checked(self, form: PredictionForm, document: dict[str, Any]) -> PredictionRow:
        features = document.get("features", {})
        if features.__class__ is not dict or len(features) > MAX_FEATURES:
            raise _refused(features, "features")
        processed = document.get("processed")
        if processed is not None and (processed.__class__ is not dict or len(processed) > MAX_FEATURES):
            raise _refused(processed, "processed")
        if not EARLIEST <= form.predicted_at <= self.latest:
            _check_moment(form.predicted_at, "predicted_at", now=self.now)
        predicted = self._encoded(form.prediction, "prediction")
        if form.baseline is None and self.is_shadow:
            raise RowError("missing_field", "baseline", "A row of a shadow needs the answer of the model in use.")
        baseline = None if form.baseline is None else self._encoded(form.baseline, "baseline")
        _check_numbers(form)
        score = self._score(form, predicted)
        content = _content(form, features, processed, predicted=predicted, score=score, baseline=baseline)
        slices = {each.key: each.value(features) for each in self.slices} if self.slices else {}
        return PredictionRow(
            form, content, content.hash, predicted, score, baseline, slices, self._hold(form, predicted)
        )

    def _hold(self, form: PredictionForm, predicted: float) -> float | None:
        """What a held decision falls back on: what the sender says, or what the model said."""
        if form.hold_until is None:
            if form.hold_default is not None:
                raise RowError("missing_field", "hold_until", "hold_default needs hold_until.")
            return None
        if not EARLIEST <= form.hold_until <= self.now + LONGEST_HOLD:
            why = f"{form.hold_until.isoformat()} is before 1970 or more than {LONGEST_HOLD.days} days ahead."
            raise RowError("time_range", "hold_until", why)
        return predicted if form.hold_default is None else self._encoded(form.hold_default, "hold_default")

    def _encoded(self, value: Value, field: str) -> float:
        position = self.positions.get(value)
        return _encoded(value, field, model=self.model) if position is None else position

    def _score(self, form: PredictionForm, predicted: float) -> float | None:
        """The score to store; the usual case, a binary model's score alone, is decided here."""
        score = form.score
        if form.probabilities is None and self.is_binary and (score is None or 0 <= score <= 1):
            return score
        return _score(form, predicted=predicted, model=self.model)


def read_outcome(raw: bytes, *, model: MonitoredModel, now: datetime) -> OutcomeRow:
    """Check one raw outcome. Raises RowError."""
    form, _ = _formed(raw, _document(raw), _outcome_form)
    _check_moment(form.occurred_at, "occurred_at", now=now)
    return OutcomeRow(form.id, _encoded(form.outcome, "outcome", model=model), form.occurred_at)


def read_action(raw: bytes, *, model: MonitoredModel, now: datetime) -> ActionRow:
    """Check one raw action. Raises RowError."""
    form, _ = _formed(raw, _document(raw), _action_form)
    _check_moment(form.taken_at, "taken_at", now=now)
    try:
        action = model.action_of(form.action)
    except ValueError as error:
        raise RowError("unknown_action", "action", f"action: {error}.") from error
    return ActionRow(form.id, action, form.taken_at, form.by or "")


def read_each(raws: list[bytes], read: Callable[[bytes], Row], *, first: int = 0) -> Read[Row]:
    """Check raw rows; `first` is the index of the first. An empty row is a blank line and is skipped."""
    good, rejected = [], []
    for index, raw in enumerate(raws, start=first):
        if not raw:
            continue
        try:
            good.append((index, read(raw)))
        except RowError as error:
            rejected.append(error.rejection(index, id_of(raw)))
    return good, rejected


def _document(raw: bytes) -> dict[str, Any]:
    """Read a raw row strictly, since it is stored as sent: no duplicate names, NUL, half surrogates or 1e400."""
    if isinstance(raw, UnreadableRow):
        raise RowError(raw.code, "", raw.message)
    if len(raw) > MAX_ROW_BYTES:
        raise RowError("too_large", "", f"The row is larger than {MAX_ROW_BYTES:,} bytes.")
    try:
        document = strict_json.loads(raw)
    except StrictJSONError as error:
        raise RowError(error.code, field_of(raw), error.message) from error
    if not isinstance(document, dict):
        raise RowError("invalid_type", "", "A row must be an object.")
    return document


def _formed(raw: bytes, document: dict[str, Any], decoder: msgspec.json.Decoder[Form]) -> tuple[Form, dict[str, Any]]:
    """Read a raw row into its form, as it is or else as tables write it; with it, the row as it was read."""
    try:
        return decoder.decode(raw), document
    except msgspec.DecodeError:
        other = nested(raw)
        return _decoded(other, decoder), strict_json.loads(other)


def _decoded(raw: bytes, decoder: msgspec.json.Decoder[Form]) -> Form:
    try:
        return decoder.decode(raw)
    except msgspec.DecodeError as error:
        message = str(error)
        match = _FIELD.search(message)
        field = (match.group(1) or match.group(2) or "") if match else ""
        raise RowError(_code_of(message), field, _in_words(message, field)) from error


def _in_words(message: str, field: str) -> str:
    """Say what the library says in the words of whoever sends rows."""
    for part, words in _MESSAGES.items():
        if part in message:
            return words.format(field=field)
    if length := _LENGTH.search(message):
        return f"{field} is empty." if length[1] == ">=" else f"{field} has more than {length[2]} characters."
    if expected := _EXPECTED.match(message):
        wanted = dict.fromkeys(_TYPES.get(each, each) for each in expected[1].split(" | ") if each != "null")
        got = f", not {_TYPES.get(expected[2], expected[2])}" if expected[2] else ""
        return f"{field or 'A row'} must be {' or '.join(wanted)}{got}."
    return message


def _refused(values: Any, group: str) -> RowError:
    """Say why these are not the values of features: no object, or too many of them."""
    if values.__class__ is not dict:
        return RowError("invalid_type", group, f"{group} must be an object: names and values.")
    what = "features" if group == "features" else "processed values"
    return RowError("too_many_features", group, f"More than {MAX_FEATURES:,} {what}.")


def _content(
    form: PredictionForm,
    features: dict[str, Any],
    processed: dict[str, Any] | None,
    *,
    predicted: float,
    score: float | None,
    baseline: float | None,
) -> Content:
    return Content(
        form.predicted_at.timestamp(),
        form.version,
        predicted,
        score,
        baseline,
        # Stored with so many places.
        None if form.amount is None else round(form.amount, 4),
        form.subject,
        form.latency_ms,
        form.attribution_base,
        plain(features),
        plain(form.probabilities),
        plain(form.attributions),
        plain(form.resources),
        form.observable,
        form.explore_share,
        plain(processed),
        _logged(form),
    )


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
    if form.explore_share is not None and not 0 < form.explore_share <= 1:
        raise RowError(
            "probability_range", "explore_share", f"explore_share is {form.explore_share:g}; it is in (0, 1]."
        )
    if form.log_share is not None:
        _check_log_share(form.log_share)


def _check_log_share(share: float) -> None:
    if not 0 < share <= 1:
        raise RowError(
            "probability_range",
            "log_share",
            f"log_share is {share:g}; it is the fraction of traffic that is logged, in (0, 1].",
        )
    if share < LEAST_LOG_SHARE:
        why = f"log_share is {share:g}; it must be at least {LEAST_LOG_SHARE:f}, one in a million."
        raise RowError("probability_range", "log_share", why)


def _logged(form: PredictionForm) -> float | None:
    """Return the share of traffic that is logged, None for all of it: 1 says the same as nothing."""
    return None if form.log_share == 1 else form.log_share


def _check_number(value: float | None, field: str) -> None:
    if value is not None and not abs(value) <= MAX_NUMBER:
        raise RowError("number_range", field, f"{value!r} is out of range.")


def _encoded(value: Value, field: str, *, model: MonitoredModel) -> float:
    try:
        encoded = model.encode(value)
    except ValueError as error:
        code = "invalid_type" if model.is_regression or isinstance(value, bool) else "unknown_class"
        raise RowError(code, field, f"{field}: {error}.") from error
    except OverflowError as error:
        raise RowError("number_range", field, f"{field} is out of range.") from error
    _check_number(encoded, field)
    return encoded


def _score(form: PredictionForm, *, predicted: float, model: MonitoredModel) -> float | None:
    """The probability to store: of the positive class (binary) or of the predicted class (multiclass)."""
    if form.score is not None:
        if model.task != Task.BINARY:
            raise RowError("unexpected_field", "score", "score is for binary models; send probabilities.")
        if not -SCORE_TOLERANCE <= form.score <= 1 + SCORE_TOLERANCE:
            raise RowError("probability_range", "score", f"score is {code_of(form.score)}; it must lie in [0, 1].")
    if form.probabilities is None:
        return None if form.score is None else _clipped(form.score)
    _check_probabilities(form.probabilities, model=model)
    kept = model.positive_class if model.task == Task.BINARY else model.classes[int(predicted)]
    probability = form.probabilities.get(kept, 0.0)
    if form.score is not None and abs(probability - form.score) > SCORE_TOLERANCE + ROUNDING_OF_SUMS:
        raise RowError(
            "score_mismatch", "score", f"score is {code_of(form.score)}, but probabilities say {code_of(probability)}."
        )
    return _clipped(probability if form.score is None else form.score)


def _clipped(probability: float) -> float:
    return min(1.0, max(0.0, probability))


def _check_probabilities(probabilities: dict[str, float], *, model: MonitoredModel) -> None:
    if model.is_regression:
        raise RowError("unexpected_field", "probabilities", "A regression has no probabilities.")
    for name, value in probabilities.items():
        if name not in model.classes:
            raise RowError("unknown_class", "probabilities", f"{name!r} is not one of the classes.")
        if not -SCORE_TOLERANCE <= value <= 1 + SCORE_TOLERANCE:
            raise RowError("probability_range", "probabilities", f"The probability of {name!r} is {code_of(value)}.")
    total = math.fsum(probabilities.values())
    # Classes that are left out were rounded to 0.
    if abs(total - 1) > max(len(model.classes), 2) * ROUNDING + ROUNDING_OF_SUMS:
        raise RowError("probability_sum", "probabilities", f"The probabilities sum to {code_of(total)}, not to 1.")
