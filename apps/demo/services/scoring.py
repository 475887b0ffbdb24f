"""The demo's model and the rule it replaced: trained once, then scored and explained chunk by chunk.

Contributions are slow to compute and half of the people have equal features, so each combination is explained once.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from apps.demo.services.codebook import FEATURES
from apps.demo.services.dataset import People, load_reference
from apps.demo.services.documents import MODEL_FILE
from apps.demo.services.rows import Scored

SEED = 7
ROUNDS = 80
# Depth 4 instead of 5 makes contributions three times faster at the same accuracy (.828).
PARAMETERS = {
    "objective": "binary:logistic",
    "max_depth": 4,
    "eta": 0.2,
    "tree_method": "hist",
    "seed": SEED,
    # leaves the other core to the web server and the worker
    "nthread": 1,
}


@dataclass(frozen=True)
class Predictor:
    """A gradient-boosted model and a decision tree of depth two as the old rule."""

    booster: xgb.Booster
    rule: DecisionTreeClassifier

    def scores(self, features: NDArray[np.int16]) -> NDArray[np.float64]:
        """Return the probability of being employed, rounded to six digits as it is sent."""
        return self.booster.predict(_matrix(features)).astype(np.float64).round(6)

    def contributions(self, features: NDArray[np.int16]) -> NDArray[np.float64]:
        """Return contributions in log-odds, people × (FEATURES, base), rounded to four digits."""
        explained = self.booster.predict(_matrix(features), pred_contribs=True)
        return explained.astype(np.float64).round(4)

    def baseline(self, features: NDArray[np.int16]) -> NDArray[np.bool_]:
        """Return the old rule's answer: is the person employed?"""
        answers: NDArray[np.bool_] = self.rule.predict(features).astype(bool)
        return answers


def train(reference: People) -> Predictor:
    """Train both models on the people of 2015, with a fixed seed."""
    booster = xgb.train(PARAMETERS, _matrix(reference.features, reference.employed), ROUNDS)
    return Predictor(booster, _rule(reference))


def load_or_train(path: Path, reference: People) -> Predictor:
    """Load the model from `path`, so that rows sent again are the same; train and save it at the first start."""
    if path.exists():
        return Predictor(xgb.Booster(params={"nthread": 1}, model_file=path), _rule(reference))
    predictor = train(reference)
    draft = path.with_name(f"draft-{path.name}")
    predictor.booster.save_model(draft)
    draft.replace(path)
    return predictor


class Scorer:
    """A predictor for a fixed population."""

    def __init__(self, predictor: Predictor, people: People) -> None:
        self.predictor = predictor
        self.people = people
        self.scores = predictor.scores(people.features)
        self._kinds, kind_of = np.unique(people.features, axis=0, return_inverse=True)
        self._kind_of: NDArray[np.int64] = kind_of.reshape(-1)
        self._is_explained = np.zeros(len(self._kinds), dtype=bool)
        self._explained = np.empty((len(self._kinds), people.features.shape[1] + 1))

    def score(self, chunk: range) -> Scored:
        """Score and explain the people at these positions."""
        part = slice(chunk.start, chunk.stop)
        kinds = self._kind_of[part]
        new = np.unique(kinds[~self._is_explained[kinds]])
        if len(new):
            self._explained[new] = self.predictor.contributions(self._kinds[new])
            self._is_explained[new] = True
        return Scored(
            scores=self.scores[part],
            contributions=self._explained[kinds, :-1],
            base=self._explained[kinds, -1],
            baseline=self.predictor.baseline(self.people.features[part]),
        )

    def measure_latency(self, position: int) -> float:
        """Measure how many milliseconds scoring one person takes."""
        row = self.people.features[position : position + 1]
        start = time.perf_counter()
        self.predictor.scores(row)
        return round((time.perf_counter() - start) * 1000, 4)


def open_scorer(folder: Path, people: People) -> Scorer:
    """Make a scorer with the model in the folder, trained at the first start."""
    return Scorer(load_or_train(folder / MODEL_FILE, load_reference()), people)


def _rule(reference: People) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=2, random_state=SEED).fit(reference.features, reference.employed)


def _matrix(features: NDArray[np.int16], employed: NDArray[np.bool_] | None = None) -> xgb.DMatrix:
    return xgb.DMatrix(features.astype(np.float32), employed, feature_names=list(FEATURES))
