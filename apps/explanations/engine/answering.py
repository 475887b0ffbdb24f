"""A loaded model file answers: scores, contributions and curves of rows as they were sent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from apps.explanations.engine import sealing
from apps.explanations.engine.encoding import Cells, check_spec, encode
from apps.explanations.engine.explaining import Explainer, Found, explainer_for, probe_of, raw
from apps.explanations.engine.formats.models import Library, Model
from apps.explanations.engine.formats.trees import malformed
from apps.explanations.engine.messages import Explained, Scored
from apps.explanations.engine.output import OutputMap
from apps.explanations.engine.refusals import ModelRefused
from apps.explanations.engine.spec import Space, Spec

T = TypeVar("T")

DOES_NOT_ADD_UP = "does_not_add_up"
NO_SCORE = "no_score"
CANNOT_EXPLAIN = "cannot_explain"
TOO_LARGE = f"The file needs more than {sealing.MEMORY // sealing.MEGABYTE} MB of memory to be loaded."


@dataclass(frozen=True)
class Answerer:
    """A model file with its spec."""

    model: Model
    spec: Spec
    outputs: OutputMap
    explainer: Explainer

    def score(self, rows: list[dict[str, Any]], spec: Spec | None = None) -> list[Scored]:
        """Score rows; another spec encodes them in another way."""
        if spec is None:
            spec, outputs = self.spec, self.outputs
        else:
            check_spec(spec)
            outputs = output_map(self.model, spec)
        encoded = encode(rows, spec)
        places = np.flatnonzero(encoded.is_good)
        results = [Scored(None, None, error) for error in encoded.errors]
        for place, result in zip(places, _scored(self.model, outputs, encoded.cells[places]), strict=True):
            results[place] = result
        return results

    def explain(self, rows: list[dict[str, Any]], seed: int) -> list[Explained]:
        """Explain rows, equal ones once."""
        encoded = encode(rows, self.spec)
        firsts, kind_of = _distinct(encoded.cells)
        kinds = [Explained(None, None, code=NO_SCORE, error=encoded.errors[first]) for first in firsts]
        good = [kind for kind, first in enumerate(firsts) if not encoded.errors[first]]
        found = self._explained(encoded.cells[[firsts[kind] for kind in good]], seed)
        for kind, result in zip(good, found, strict=True):
            kinds[kind] = result
        return [kinds[kind] for kind in kind_of]

    def curves(self, row: dict[str, Any], grids: dict[str, list[Any]]) -> dict[str, list[Scored]]:
        """Score a row with each value of each feature, all else unchanged."""
        scored = iter(self.score([{**row, name: value} for name, values in grids.items() for value in values]))
        return {name: [next(scored) for _ in values] for name, values in grids.items()}

    def _explained(self, cells: Cells, seed: int) -> list[Explained]:
        scored = _scored(self.model, self.outputs, cells)
        results = [Explained(each.score, each.predicted, code=NO_SCORE, error=each.error) for each in scored]
        find = self.explainer.find
        if find is None:
            return [msgspec.structs.replace(each, code=CANNOT_EXPLAIN, error=self.explainer.reason) for each in results]
        good = np.array([place for place, each in enumerate(scored) if not each.error], dtype=np.intp)
        order: dict[Any, int] = {name: place for place, name in enumerate(self.outputs.order)}
        chosen = np.array([order.get(each.predicted, 0) for each in scored], dtype=np.intp)

        def work(places: NDArray[np.intp]) -> list[Explained]:
            return self._read(find(cells[places], chosen[places], seed), [scored[place] for place in places], seed)

        def failed(place: int, error: str) -> Explained:
            return msgspec.structs.replace(results[place], code=CANNOT_EXPLAIN, error=error)

        for place, result in zip(good, _in_halves(good, work, failed), strict=True):
            results[place] = result
        return results

    def _read(self, found: Found, scored: list[Scored], seed: int) -> list[Explained]:
        """Pair contributions with their features, and leave out those that do not add up."""
        names = [each.name for each in self.spec.features]
        seed_used = seed if found.evaluations else None
        return [
            Explained(
                each.score,
                each.predicted,
                base=base,
                values=dict(zip(names, values, strict=True)) if adds_up else None,
                additivity_error=error,
                code="" if adds_up else DOES_NOT_ADD_UP,
                evaluations=found.evaluations,
                seed=seed_used,
            )
            for each, base, values, error, adds_up in zip(
                scored,
                found.base.tolist(),
                found.values.tolist(),
                found.errors.tolist(),
                found.adds_up.tolist(),
                strict=True,
            )
        ]


def load(library: Library, content: bytes, spec: Spec) -> Answerer:
    """Load a file and try it with a usual row, or refuse it."""
    check_spec(spec)
    probe = probe_of(spec)
    try:
        model = library.load(content, spec)
        _check_features(model, spec)
        try:
            # Some files name their classes only as they answer.
            model.predict(probe)
        except Exception as error:  # whatever the file runs into
            raise ModelRefused("cannot_score", f"The file cannot score a row: {_first_line(error)}") from error
        outputs = output_map(model, spec)
        outputs.check(raw(model, outputs, probe).shape[1])
        return Answerer(model, spec, outputs, explainer_for(model, spec, outputs))
    except MemoryError as error:
        raise ModelRefused("too_large", TOO_LARGE) from error
    except ModelRefused as refusal:
        if "bad_alloc" in refusal.message:  # as C++ says it
            raise ModelRefused("too_large", TOO_LARGE) from refusal
        raise
    except Exception as error:  # damaged files raise whatever they run into
        raise malformed(f"{type(error).__name__}, {_first_line(error)}") from error


def output_map(model: Model, spec: Spec) -> OutputMap:
    """Read the outputs as the spec says, or else as usual for the file."""
    kind = Space(spec.output.kind) if spec.output.kind in set(Space) else model.usual
    if spec.output.kind and spec.output.kind != kind:
        raise ModelRefused("bad_spec", f"“{spec.output.kind}” is no kind of output; use margin, probability or value.")
    if (spec.output.slope, spec.output.intercept) != (1.0, 0.0):
        if spec.task != "binary" or not (model.is_linked or kind == Space.MARGIN):
            raise ModelRefused(
                "bad_spec", "Slope and intercept calibrate the margin of a binary model, and this file has none."
            )
        kind = Space.MARGIN
    return OutputMap(spec, kind, model.classes)


def _check_features(model: Model, spec: Spec) -> None:
    names = [each.name for each in spec.features]
    if model.features not in (-1, len(names)):
        raise ModelRefused("wrong_features", f"The file has {model.features} features, the description {len(names)}.")
    for place, (theirs, ours) in enumerate(zip(model.names, names, strict=False), start=1):
        if theirs != ours and set(model.names) == set(names) and not model.takes_by_name:
            raise ModelRefused(
                "wrong_features", f"The file has its features in another order: number {place} is {theirs}, not {ours}."
            )


def _scored(model: Model, outputs: OutputMap, cells: Cells) -> list[Scored]:
    def work(places: NDArray[np.intp]) -> list[Scored]:
        scores, predicted, _ = outputs.scores(raw(model, outputs, cells[places]))
        is_number = np.isfinite(scores).tolist()
        return [
            Scored(score, name) if is_good else Scored(None, None, "the model gives no number")
            for score, name, is_good in zip(scores.tolist(), predicted, is_number, strict=True)
        ]

    return _in_halves(np.arange(len(cells)), work, lambda _, error: Scored(None, None, error))


def _in_halves(
    places: NDArray[np.intp], work: Callable[[NDArray[np.intp]], list[T]], failed: Callable[[int, str], T]
) -> list[T]:
    """Work on all rows at once; where that raises, on halves, until the row that it is about stands alone."""
    if not len(places):
        return []
    try:
        return work(places)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever the library has against a row
        if len(places) == 1:
            return [failed(int(places[0]), _first_line(error))]
    half = len(places) // 2
    return _in_halves(places[:half], work, failed) + _in_halves(places[half:], work, failed)


def _distinct(cells: Cells) -> tuple[list[int], list[int]]:
    """Return the first place of each kind of row, and the kind of each row."""
    keys = [tuple(row) for row in cells] if cells.dtype == object else [row.tobytes() for row in cells]
    kinds: dict[Any, int] = {}
    kind_of = [kinds.setdefault(key, len(kinds)) for key in keys]
    firsts = list({kind: place for place, kind in reversed(list(enumerate(kind_of)))}.items())
    return [place for _, place in sorted(firsts)], kind_of


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
