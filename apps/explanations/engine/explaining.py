"""How a loaded file is explained: by its own method where it has one, otherwise by permutations."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from apps.explanations.engine import permutation
from apps.explanations.engine.encoding import Cells, encode
from apps.explanations.engine.formats.models import Explain, Floats, Model, Parts
from apps.explanations.engine.output import OutputMap
from apps.explanations.engine.refusals import ModelRefused
from apps.explanations.engine.spec import MOST_BACKGROUND, Method, Space, Spec

# Computed contributions miss the output by no more than this, relative to max(1, |output|).
TOLERANCE = 1e-5
NEEDS_BACKGROUND = "It needs background rows: usual inputs to compare with."
# Background rows on which a method proves itself.
FEW = 5
OWN = (Method.TREE, Method.LINEAR)


@dataclass(frozen=True)
class Found:
    """Contributions of rows, and the output that they should add up to."""

    values: Floats
    base: Floats
    output: Floats
    evaluations: int | None = None

    @property
    def errors(self) -> Floats:
        missed: Floats = np.abs(self.base + self.values.sum(axis=1) - self.output)
        return missed

    @property
    def adds_up(self) -> NDArray[np.bool_]:
        close: NDArray[np.bool_] = self.errors <= TOLERANCE * np.maximum(1.0, np.abs(self.output))
        return close


# Takes rows, the position of each row's predicted class, and the seed.
Find = Callable[[Cells, NDArray[np.intp], int], Found]


@dataclass(frozen=True)
class Explainer:
    """The method, its units, and how to explain: by nothing where `reason` says why not."""

    method: str
    space: str
    reason: str
    find: Find | None


def explainer_for(model: Model, spec: Spec, outputs: OutputMap) -> Explainer:
    """Choose the method that the spec asks for, or else what suits the file."""
    background = background_of(spec)
    if spec.method == Method.TREE_INTERVENTIONAL:
        return _interventional(model, outputs, background)
    if spec.method in OWN and spec.method != model.method:
        suited = model.method or Method.PERMUTATION
        raise ModelRefused("wrong_method", f"{spec.method} does not suit this file; {suited} does.")
    if spec.method not in ("", *OWN, Method.PERMUTATION):
        raise ModelRefused("bad_spec", f"“{spec.method}” is no method.")
    own = None if spec.method == Method.PERMUTATION else _own(model, outputs, background)
    if own is not None:
        return own
    return _permutation(model, spec, outputs, background)


def background_of(spec: Spec) -> Cells | None:
    """Encode the background rows; none of them may have an error."""
    if not spec.background:
        return None
    encoded = encode(spec.background[:MOST_BACKGROUND], spec)
    for number, error in enumerate(encoded.errors, start=1):
        if error:
            raise ModelRefused("bad_background", f"Background row {number}: {error}.")
    return encoded.cells


def probe_of(spec: Spec) -> Cells:
    """Return a row to try a file with: a usual one, or else zeros."""
    background = background_of(spec)
    if background is not None:
        return background[:1]
    return encode([{each.name: 0 for each in spec.features}], spec).cells


def raw(model: Model, outputs: OutputMap, cells: Cells) -> Floats:
    """Return the outputs in the units of the output map."""
    return model.margin(cells) if outputs.kind == Space.MARGIN else model.predict(cells)


def _own(model: Model, outputs: OutputMap, background: Cells | None) -> Explainer | None:
    """Explain as the library itself does. Some find out only when asked that they cannot explain certain trees."""
    if model.method is None or (model.needs_background and background is None):
        return None
    explain = partial(model.contributions, background=background)
    try:
        explain(np.zeros((1, model.features)) if background is None else background[:1])
    except Exception:  # noqa: BLE001  # whatever the library has against it
        return None
    space, find = _by_parts(model, outputs, explain, is_margin=model.adds_up_to_margin)
    return Explainer(str(model.method), str(space), "", find)


def _interventional(model: Model, outputs: OutputMap, background: Cells | None) -> Explainer:
    """Explain trees against the background, in probabilities where one margin gives one."""
    if background is None:
        raise ModelRefused("wrong_method", f"tree_interventional: {NEEDS_BACKGROUND}")
    # shap has no way from several margins to probabilities, and knows no calibration.
    is_probability = outputs.spec.task == "binary" and outputs.kind == Space.PROBABILITY
    explain = model.interventional(background, is_probability=is_probability)
    if explain is None:
        raise ModelRefused("wrong_method", "tree_interventional needs trees without splits by categories.")
    is_margin = model.adds_up_to_margin and not is_probability
    start = _known(model, background, is_margin=is_margin).mean(axis=0)

    def from_mean(cells: Cells) -> Parts:
        # By definition the base is the background's mean output; shap 0.51 misreads XGBoost's base of several classes.
        values = explain(cells).values
        return Parts(values, np.broadcast_to(start[-values.shape[2] :], (len(values), values.shape[2])))

    space, find = _by_parts(model, outputs, from_mean, is_margin=is_margin)
    some = background[:FEW]
    if not find(some, np.zeros(len(some), dtype=np.intp), 0).adds_up.all():
        raise ModelRefused("wrong_method", "tree_interventional gives contributions that do not add up for this file.")
    return Explainer(str(Method.TREE_INTERVENTIONAL), str(space), "", find)


def _by_parts(model: Model, outputs: OutputMap, explain: Explain, *, is_margin: bool) -> tuple[Space, Find]:
    space = Space.MARGIN if is_margin and model.is_linked else outputs.kind

    def find(cells: Cells, chosen: NDArray[np.intp], seed: int) -> Found:  # noqa: ARG001  # nothing is drawn
        parts = explain(cells)
        # shap explains the second class of two only.
        known = _known(model, cells, is_margin=is_margin)[:, -parts.values.shape[2] :]
        target = outputs.target(space, known.shape[1], chosen)
        return Found(target.of_parts(parts.values), target.of(parts.base), target.of(known))

    return space, find


def _known(model: Model, cells: Cells, *, is_margin: bool) -> Floats:
    return model.margin(cells) if is_margin else model.predict(cells)


def _permutation(model: Model, spec: Spec, outputs: OutputMap, background: Cells | None) -> Explainer:
    if background is None:
        if spec.method:
            raise ModelRefused("wrong_method", f"permutation: {NEEDS_BACKGROUND}")
        return Explainer("", "", NEEDS_BACKGROUND, None)
    if permutation.plan(len(spec.features), 0) is None:
        most = permutation.MOST_EVALUATIONS - 1
        return Explainer("", "", f"It has more than {most} features, too many for the permutation method.", None)
    known = background

    def output(cells: Cells) -> Floats:
        found = raw(model, outputs, cells)
        return outputs.probabilities(found) if outputs.is_classifier else found

    def find(cells: Cells, chosen: NDArray[np.intp], seed: int) -> Found:
        how = permutation.plan(cells.shape[1], seed)
        assert how is not None  # seen above
        target = np.full(len(cells), outputs.positive) if spec.task == "binary" else chosen
        rows = range(len(cells))
        pairs = [permutation.explain(cells[row], known, output, how) for row in rows]
        return Found(
            np.array([values[:, target[row]] for row, (values, _) in enumerate(pairs)]),
            np.array([base[target[row]] for row, (_, base) in enumerate(pairs)]),
            output(cells)[np.arange(len(cells)), target],
            how.evaluations,
        )

    space = Space.PROBABILITY if outputs.is_classifier else Space.VALUE
    return Explainer(str(Method.PERMUTATION), str(space), "", find)
