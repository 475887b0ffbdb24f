"""From what a model file puts out to the score and the class that the client sends."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.explanations.engine.refusals import ModelRefused
from apps.explanations.engine.spec import Space, Spec

Floats = NDArray[np.float64]
MARGIN, PROBABILITY, VALUE = Space.MARGIN, Space.PROBABILITY, Space.VALUE


@dataclass(frozen=True)
class Target:
    """The one quantity that is explained of each row: Σₖ weights[row, k] · output[row, k] + offset."""

    weights: Floats
    offset: float

    def of(self, outputs: Floats) -> Floats:
        """Apply to outputs, rows × outputs."""
        found: Floats = np.einsum("nk,nk->n", outputs, self.weights) + self.offset
        return found

    def of_parts(self, parts: Floats) -> Floats:
        """Apply to contributions, rows × features × outputs."""
        found: Floats = np.einsum("nfk,nk->nf", parts, self.weights)
        return found


@dataclass(frozen=True)
class OutputMap:
    """Reads outputs by the spec. `kind` says in which units the file has them."""

    spec: Spec
    kind: Space
    classes_of_file: list[str]

    @cached_property
    def order(self) -> list[str]:
        """The classes in the order of the outputs, a binary one's positive class last unless told otherwise."""
        known = self.spec.classes
        told = self.spec.output.classes or (self.classes_of_file if set(self.classes_of_file) == set(known) else [])
        if told or self.spec.task != "binary":
            return told or known
        return [name for name in known if name != self.spec.positive] + [self.spec.positive]

    @property
    def is_classifier(self) -> bool:
        return self.spec.task != "regression"

    @cached_property
    def positive(self) -> int:
        return self.order.index(self.spec.positive)

    def check(self, outputs: int) -> None:
        """Refuse a file whose number of outputs does not suit the model."""
        task, expected = self.spec.task, len(self.spec.classes)
        if task == "binary" and (expected != 2 or self.spec.positive not in self.spec.classes):
            raise ModelRefused("bad_spec", "A binary model has two classes, one of them positive.")
        if self.is_classifier and set(self.order) != set(self.spec.classes):
            ours, theirs = _listed(self.spec.classes), _listed(self.order)
            raise ModelRefused("wrong_classes", f"The classes of the output are {theirs}, those of the model {ours}.")
        if self.is_classifier == (self.kind == VALUE):
            right = "a margin or a probability" if self.is_classifier else "a value"
            raise ModelRefused("bad_spec", f"The output of a {task} model is {right}.")
        allowed = {"binary": {1, 2}, "multiclass": {expected}}.get(task, {1})
        if outputs not in allowed:
            right = " or ".join(map(str, sorted(allowed)))
            raise ModelRefused("wrong_outputs", f"The file has {outputs} outputs; a {task} model has {right}.")

    def probabilities(self, outputs: Floats) -> Floats:
        """Return rows × classes in the order of the outputs."""
        if self.spec.task == "binary":
            positive = self._positive(outputs)
            rest = 1.0 - positive
            return np.column_stack([rest, positive] if self.positive else [positive, rest])
        return _softmax(outputs) if self.kind == MARGIN else outputs

    def scores(self, outputs: Floats) -> tuple[Floats, list[Any], NDArray[np.intp]]:
        """Return the score and the prediction of each row, and the position of the predicted class."""
        if not self.is_classifier:
            numbers = outputs[:, 0]
            return numbers, numbers.tolist(), np.zeros(len(outputs), dtype=np.intp)
        if self.spec.task == "binary":
            scores = self._positive(outputs)
            chosen = np.where(scores >= self.spec.output.threshold, self.positive, 1 - self.positive)
        else:
            probabilities = self.probabilities(outputs)
            chosen = probabilities.argmax(axis=1)
            scores = probabilities[np.arange(len(chosen)), chosen]
        return scores, [self.order[position] for position in chosen], chosen

    def target(self, space: Space, outputs: int, chosen: NDArray[np.intp]) -> Target:
        """Return what is explained: of a binary model its positive class, of others the predicted one or the number."""
        weights = np.zeros((len(chosen), outputs))
        if self.spec.task != "binary":
            weights[np.arange(len(chosen)), chosen] = 1.0
            return Target(weights, 0.0)
        weights[:], offset = self._binary(space, outputs)
        return Target(weights, offset)

    def _positive(self, outputs: Floats) -> Floats:
        """Return the probability of the positive class."""
        weights, offset = self._binary(self.kind, outputs.shape[1])
        found: Floats = outputs @ weights + offset
        return _sigmoid(found) if self.kind == MARGIN else found

    def _binary(self, space: Space, outputs: int) -> tuple[Floats, float]:
        """Return how the log-odds or the probability of the positive class follows from one or two outputs."""
        if space == MARGIN:
            # One margin is that of the last class; of two, the difference counts.
            ways = np.where(np.arange(2) == self.positive, 1.0, -1.0)[-outputs:]
            return self.spec.output.slope * ways, self.spec.output.intercept
        if outputs == 1:
            return (np.array([1.0]), 0.0) if self.positive else (np.array([-1.0]), 1.0)
        return (np.arange(2) == self.positive).astype(np.float64), 0.0


def _sigmoid(margins: Floats) -> Floats:
    with np.errstate(over="ignore"):
        found: Floats = 1.0 / (1.0 + np.exp(-margins))
    return found


def _softmax(margins: Floats) -> Floats:
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    found: Floats = powers / powers.sum(axis=1, keepdims=True)
    return found


def _listed(names: list[str]) -> str:
    return ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
