"""Scores of the production rows, chunk by chunk. Explaining is slow and half of the people are alike, so each
kind of person is explained once."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from apps.demo.services.dataset import People, load_reference
from apps.demo.services.scored import Scored
from apps.demo.services.training import Predictor, load_or_train


class Scorer:
    """A predictor over a fixed population."""

    def __init__(self, predictor: Predictor, people: People) -> None:
        self.predictor = predictor
        self.people = people
        self.scores = predictor.scores(people.features)
        self._kinds, kind_of = np.unique(people.features, axis=0, return_inverse=True)
        self._kind_of: NDArray[np.int64] = kind_of.reshape(-1)
        self._is_explained = np.zeros(len(self._kinds), dtype=bool)
        self._explained = np.empty((len(self._kinds), people.features.shape[1] + 1))

    def score(self, chunk: range) -> Scored:
        """What is sent of these positions."""
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
        """Milliseconds that a call for one person takes."""
        row = self.people.features[position : position + 1]
        start = time.perf_counter()
        self.predictor.scores(row)
        return round((time.perf_counter() - start) * 1000, 4)


def open_scorer(folder: Path, people: People) -> Scorer:
    """Over the model that an earlier start left in the folder, or a new one."""
    return Scorer(load_or_train(folder / "demo-model.json", load_reference()), people)
