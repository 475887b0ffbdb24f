"""From a file's columns to the fields of a row, by their own names or by names chosen for them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from apps.common import strict_json
from apps.common.strict_json import StrictJSONError
from apps.predictions.models import BatchKind
from apps.predictions.reading.columns import BadColumnsError, is_index
from apps.predictions.reading.nesting import GROUPS, place_of
from apps.predictions.reading.rows import ActionForm, OutcomeForm, PredictionForm

FIELDS: dict[BatchKind, tuple[str, ...]] = {
    BatchKind.PREDICTIONS: tuple(name for name in PredictionForm.__struct_fields__ if name not in GROUPS),
    BatchKind.OUTCOMES: OutcomeForm.__struct_fields__,
    BatchKind.ACTIONS: ActionForm.__struct_fields__,
}
_IDS = frozenset({"case", "case_id", "prediction_id", "application_id", "row_id", "key", "uuid"})
# Other names that files give to fields.
SYNONYMS: dict[BatchKind, dict[str, frozenset[str]]] = {
    BatchKind.PREDICTIONS: {
        "id": _IDS,
        "predicted_at": frozenset({"when", "time", "timestamp", "date", "datetime", "scored_at", "predicted_on"}),
        "prediction": frozenset({"predicted", "predicted_class", "pred", "y_pred", "decision"}),
        "score": frozenset({"probability", "proba", "prob", "y_score"}),
        "version": frozenset({"model", "model_version"}),
        "baseline": frozenset({"champion", "current_decision"}),
        "subject": frozenset({"customer", "customer_id", "client_id", "person", "person_id"}),
    },
    BatchKind.OUTCOMES: {
        "id": _IDS,
        "outcome": frozenset({"label", "truth", "actual", "target", "y_true", "y"}),
        "occurred_at": frozenset({"when", "time", "timestamp", "date", "datetime", "resolved_at"}),
    },
    BatchKind.ACTIONS: {
        "id": _IDS,
        "action": frozenset({"decision", "decided", "taken", "final_decision"}),
        "taken_at": frozenset({"when", "time", "timestamp", "date", "datetime", "decided_at"}),
        "by": frozenset({"who", "user", "person", "decided_by", "taken_by", "system"}),
    },
}
# How pandas calls a column without a name, and how we do.
_NAMELESS = re.compile(r"Unnamed: \d+|\(column \d+\)")
# How we call a further column of the same name.
_REPEATED = re.compile(r"(.+) \(column \d+\)", re.DOTALL)
_Parts = dict[str, msgspec.Raw]
_parts = msgspec.json.Decoder(_Parts).decode
_encode = msgspec.json.encode


def is_field(name: str, kind: BatchKind) -> bool:
    """Whether rows of the kind have this field, with a flat name such as `features.age`."""
    group, inner = place_of(name)
    return name in FIELDS[kind] or (kind == BatchKind.PREDICTIONS and group is not None and inner != "")


def proposed(column: str, kind: BatchKind) -> str | None:
    """The default for a column: the field of its name, or else a feature."""
    name = column.strip()
    if is_index(name) or _NAMELESS.fullmatch(name) or _REPEATED.fullmatch(name):
        return None
    if is_field(name, kind):
        return name
    if _folded(name) in FIELDS[kind]:
        return _folded(name)
    return f"features.{name}" if name and kind == BatchKind.PREDICTIONS else None


def suggested(columns: Sequence[str], kind: BatchKind) -> dict[str, str | None]:
    """Suggest a field for each column: as `proposed`, and by the usual other names of fields. A person confirms it."""
    fields = {column: proposed(column, kind) for column in columns}
    taken = set(fields.values())
    for column in columns:
        field = next((field for field, names in SYNONYMS[kind].items() if _folded(column) in names), None)
        if field is not None and field not in taken:
            fields[column] = field
            taken.add(field)
    return _without_repeats(fields)


def _without_repeats(fields: dict[str, str | None]) -> dict[str, str | None]:
    """Let the first of the columns that become one field keep it, and a column of exactly its name before all."""
    kept: dict[str, str] = {}
    for column, name in fields.items():
        if name is not None and (name not in kept or column == name):
            kept[name] = column
    return {column: name if name is None or kept[name] == column else None for column, name in fields.items()}


def _folded(name: str) -> str:
    return re.sub(r"[\s\-.]+", "_", name.strip().lower())


@dataclass(frozen=True)
class Naming:
    """Which field each column becomes."""

    kind: BatchKind
    chosen: Mapping[str, str | None] = field(default_factory=dict)

    def field(self, column: str) -> str | None:
        """The field that a column becomes; None leaves it out."""
        return self.chosen[column] if column in self.chosen else proposed(column, self.kind)

    def fields(self, columns: Sequence[str]) -> list[str | None]:
        """The fields that the columns of a file become. Raises BadColumnsError."""
        self._refuse_unchosen_repeats(columns)
        unknown = sorted(set(self.chosen) - set(columns))
        if unknown:
            raise BadColumnsError(f"The file has no column {unknown[0]!r}.", code="unknown_column", columns=unknown)
        fields = [self.field(column) for column in columns]
        _refuse_repeats(fields, "Two columns become the field {!r}.", code="duplicate_field")
        return fields

    def _refuse_unchosen_repeats(self, columns: Sequence[str]) -> None:
        _refuse_repeats(columns, "The column {!r} occurs twice.", code="duplicate_name")
        for column in columns:
            repeated = _REPEATED.fullmatch(column)
            if repeated and repeated[1] in columns and column not in self.chosen:
                why = f"The column {repeated[1]!r} occurs twice. Say in `mapping` what {column!r} becomes."
                raise BadColumnsError(why, code="duplicate_name")

    def renamed(self, raw: bytes) -> bytes:
        """Rename the fields of a JSON row and keep the values as sent. A row that is not JSON stays as it is.

        Raises BadColumnsError.
        """
        try:
            document = strict_json.loads(raw)
        except StrictJSONError:
            return raw  # the row's own check says what is wrong
        if not isinstance(document, dict):
            return raw
        sent = _flat(_parts(raw), document)
        fields = [self.field(column) for column, _ in sent]
        _refuse_repeats(fields, "Two columns become the field {!r}.", code="duplicate_field")
        values = ((name, value) for name, (_, value) in zip(fields, sent, strict=True) if name is not None)
        return _encode(put_together(values, self.kind))


def columns_of(raws: Iterable[bytes]) -> list[str]:
    """The flat names of JSON rows, in order of first appearance."""
    columns: dict[str, None] = {}
    for raw in raws:
        try:
            document = strict_json.loads(raw)
        except StrictJSONError:
            continue
        if isinstance(document, dict):
            columns |= dict.fromkeys(column for column, _ in _flat(_parts(raw), document))
    return list(columns)


def put_together(values: Iterable[tuple[str, Any]], kind: BatchKind) -> dict[str, Any]:
    """Group flat fields into a row."""
    row: dict[str, Any] = {}
    for name, value in values:
        group, inner = place_of(name)
        (row if group is None else row.setdefault(group, {}))[inner] = value
    return {**row, "features": row.get("features", {})} if kind == BatchKind.PREDICTIONS else row


def _flat(parts: _Parts, document: dict[str, Any]) -> list[tuple[str, msgspec.Raw]]:
    flat: list[tuple[str, msgspec.Raw]] = []
    for name, part in parts.items():
        if name in GROUPS and isinstance(document[name], dict):
            flat += [(f"{name}.{inner}", value) for inner, value in _parts(part).items()]
        else:
            flat.append((name, part))
    return flat


def _refuse_repeats(names: Sequence[str | None], message: str, *, code: str) -> None:
    given = [name for name in names if name is not None]
    if len(set(given)) != len(given):
        twice = next(name for name in given if given.count(name) > 1)
        raise BadColumnsError(message.format(twice), code=code)
