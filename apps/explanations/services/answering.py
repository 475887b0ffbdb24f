"""What a loaded model says of a stored prediction: its score again, its contributions, and what would change it."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from apps.explanations.engine import parity
from apps.explanations.engine.running import Child, Explained, Scored
from apps.explanations.engine.spec import Spec
from apps.explanations.models import Artifact
from apps.explanations.services import explaining, flipping, reading
from apps.explanations.services.flipping import Tried
from apps.explanations.services.reading import Kept
from apps.explanations.services.specs import spec_of
from apps.predictions.models import Prediction
from apps.registry.models.features import code_of, is_number

# Values tried of one input.
MOST_VALUES = 60
Document = dict[str, Any]


def opened(child: Child, artifact: Artifact, prediction: Prediction) -> Document:
    """Score and explain the row as it was sent; score it with every other value of each input.

    A row as sent whose client sent no contributions keeps those computed here.
    """
    kept = _kept(prediction)
    if kept is None:
        return {"code": "not_kept"}
    spec = spec_of(artifact)
    row = kept.row(spec)
    started = time.perf_counter()
    (explained,) = _explained(child, [row])
    spent = 1000 * (time.perf_counter() - started)
    judged = parity.judge(kept.case(artifact.model, spec), explained, spec)
    is_own = artifact.version_id == prediction.version_id
    if is_own and artifact.method and not kept.is_explained:
        explaining.keep(artifact, [kept], [explained])
    grids = _grids(artifact, row, spec)
    curves = child.curves(row, grids)
    answer = _said(explained) | {
        "milliseconds": spent,
        "reproduced": judged.miss is None,
        "difference": judged.difference,
        "stored": prediction.predicted if artifact.model.is_regression else prediction.score,
        "curves": {name: _curve(grids[name], curves[name]) for name in grids},
        "input": dict(row),
    }
    tried = Tried(row, explained.predicted, grids, curves, artifact.seen)
    allowed = [each.name for each in spec.features if not artifact.model.feature(each.name).sensitive]
    answer["flip"] = flip = flipping.smallest(child, tried, allowed=allowed)
    if flip is not None:
        _add_point(answer["curves"][flip["feature"]], flip)
    return answer


def changed(child: Child, artifact: Artifact, prediction: Prediction, changes: Mapping[str, Any]) -> Document:
    """Score and explain the row with these values in place of its own."""
    kept = _kept(prediction)
    if kept is None:
        return {"code": "not_kept"}
    spec = spec_of(artifact)
    row = {**kept.row(spec), **changes}
    (explained,) = _explained(child, [row])
    # The same values as on the page, so that its controls stay as they are.
    grids = _grids(artifact, kept.row(spec), spec)
    curves = child.curves(row, grids)
    return _said(explained) | {"curves": {name: _curve(grids[name], curves[name]) for name in grids}}


def _kept(prediction: Prediction) -> Kept | None:
    return next(iter(reading.kept_rows([prediction])), None)


def _explained(child: Child, rows: list[dict[str, Any]]) -> list[Explained]:
    """Explain, or where the file has no method, only score."""
    if child.loaded.method:
        return list(child.explain(rows, seed=explaining.SEED))
    return [Explained(each.score, each.predicted, error=each.error, code="no_method") for each in child.score(rows)]


def _said(found: Explained) -> Document:
    return {
        "score": found.score,
        "predicted": found.predicted,
        "error": found.error,
        "code": found.code,
        "base": found.base,
        "contributions": found.values,
        "additivity_error": found.additivity_error,
        "evaluations": found.evaluations,
    }


def _curve(values: Sequence[Any], scores: Sequence[Scored]) -> Document:
    return {
        "values": list(values),
        "scores": [each.score for each in scores],
        "predicted": [each.predicted for each in scores],
    }


def _add_point(curve: Document, flip: Document) -> None:
    """Put the value that flips on its control."""
    if flip["value"] not in curve["values"]:
        at = sum(value is not None and value < flip["value"] for value in curve["values"])
        for key, name in (("values", "value"), ("scores", "score"), ("predicted", "predicted")):
            curve[key].insert(at, flip[name])


def _grids(artifact: Artifact, row: dict[str, Any], spec: Spec) -> dict[str, list[Any]]:
    """Return the values to try of each input that has more than one."""
    return {each.name: values for each in spec.features if len(values := _grid(artifact, row, each.name)) > 1}


def _grid(artifact: Artifact, row: dict[str, Any], name: str) -> list[Any]:
    """Return the values to try: those declared and seen, its own among them; numbers in ascending order."""
    known = artifact.seen.get(name, {})
    own, declared = row.get(name), artifact.model.feature(name)
    if "points" in known:
        points = sorted(
            {float(each) for each in known["points"]} | ({float(own)} if isinstance(own, int | float) else set())
        )
        return points if own is not None else [*points, None]
    values = {code_of(value): value for value, _ in known.get("values", [])}
    if declared.codes and all(isinstance(value, int | float) for value in values.values()):
        values |= {code: float(code) for code in declared.codes if code not in values and _is_numeric(code)}
    elif declared.codes:
        values |= {code: code for code in declared.codes if code not in values}
    if own is not None and not isinstance(own, list | dict):
        values.setdefault(code_of(own), own)
    chosen = list(values.values())[:MOST_VALUES]
    chosen = sorted(chosen) if all(is_number(value) for value in chosen) else chosen
    return chosen if own is not None else [*chosen, None]


def _is_numeric(code: str) -> bool:
    try:
        float(code)
    except ValueError:
        return False
    return True
