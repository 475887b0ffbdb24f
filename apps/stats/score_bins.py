"""Score bins, shared by draw and report: at quantiles of a model's scores, or equal bins of the logit before those."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from apps.stats.arrays import FloatArray, as_floats, as_ints

#: No model has more.
SCORE_BINS = 200
LOGIT_LIMIT = 10.0
NO_SCORE = -1
# Share of the scores at either end within which bins get no smaller.
_TAIL = 0.0005


@dataclass(frozen=True, eq=False)
class ScoreBins:
    """Bins of the score, and the logit that stands for the scores of each.

    Attributes
    ----------
    edges : array (bins − 1,), in (0, 1]
        The lowest score of each bin but the first, ascending.
    centers : array (bins,), in logits
        Ascending, within ±10.

    Raises
    ------
    ValueError
        If edges do not ascend within (0, 1], centers fall, their numbers do not fit, or there are more than 200 bins.

    Examples
    --------
    >>> bins = ScoreBins([0.5], [-1.0, 1.0])
    >>> bins.place([0.2, 0.5]), bins.centers_of([1, -1])
    (array([0, 1], dtype=int16), array([1., 0.]))
    """

    edges: FloatArray
    centers: FloatArray

    def __post_init__(self) -> None:
        edges = as_floats("edges", self.edges)
        centers = as_floats("centers", self.centers, length=len(edges) + 1)
        if len(centers) > SCORE_BINS:
            raise ValueError(f"there are at most {SCORE_BINS} bins, not {len(centers)}")
        if ((edges <= 0) | (edges > 1)).any() or (np.diff(edges) <= 0).any():
            raise ValueError("edges must ascend within (0, 1]")
        if (np.abs(centers) > LOGIT_LIMIT).any() or (np.diff(centers) < 0).any():
            raise ValueError(f"centers must ascend within ±{LOGIT_LIMIT:g}")
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "centers", centers)

    @classmethod
    def at_quantiles(cls, score: ArrayLike) -> "ScoreBins":
        """Cut scores into 200 bins at quantiles, each with the median of its scores.

        No bin holds more than 1 % of the scores, and bins get ever smaller towards both ends: average precision of a
        rare class depends on the few highest scores. A score that fills more than one bin gets a bin of its own, so
        that no other score ties with it.

        Parameters
        ----------
        score : array (n,), in [0, 1]
            At least one score.

        Raises
        ------
        ValueError
            If there is no score, or one is nan or outside [0, 1].

        Examples
        --------
        >>> bins = ScoreBins.at_quantiles(np.linspace(0.498, 0.502, 10_000))
        >>> len(bins.centers), bins.edges[[0, 99, 198]].round(5).tolist()
        (200, [0.498, 0.5, 0.502])
        """
        ordered = np.sort(_as_scores(score))
        n = len(ordered)
        if n == 0 or np.isnan(ordered).any():
            raise ValueError("score must hold at least one score, and no nan")
        lowest, counts = np.unique(ordered[(_levels() * n).astype(np.int64)], return_counts=True)
        ties = np.searchsorted(ordered, lowest, side="right") - np.searchsorted(ordered, lowest)
        behind = np.nextafter(lowest[(counts > 1) & (ties > 1)], 2.0)
        edges = np.unique(np.concatenate([lowest, behind]))
        edges = edges[(edges > 0) & (edges <= 1)]
        parts, bounds = np.split(ordered, np.searchsorted(ordered, edges)), _bounds(edges)
        middles = (bounds[:-1] + bounds[1:]) / 2
        medians = [np.median(part) if len(part) else middle for part, middle in zip(parts, middles, strict=True)]
        return cls(edges, np.clip(logit(medians), -LOGIT_LIMIT, LOGIT_LIMIT))

    @property
    def bounds(self) -> FloatArray:
        """The scores (bins + 1,) between which the bins lie, from 0 to 1."""
        return _bounds(self.edges)

    def place(self, score: ArrayLike) -> NDArray[np.int16]:
        """Return the bin of each score (N,), -1 (`NO_SCORE`) where it is nan.

        Raises
        ------
        ValueError
            If a score is outside [0, 1].
        """
        scores = _as_scores(score)
        bins = np.searchsorted(self.edges, scores, side="right")
        return np.where(np.isnan(scores), NO_SCORE, bins).astype(np.int16)

    def centers_of(self, bins: ArrayLike) -> FloatArray:
        """Return the logit that stands for each bin (N,); 0 where there is no score.

        Raises
        ------
        ValueError
            If a bin does not exist.
        """
        numbers = self.checked("bins", bins)
        return np.where(numbers == NO_SCORE, 0.0, self.centers[numbers])

    def checked(self, name: str, bins: ArrayLike, *, length: int | None = None) -> NDArray[np.int64]:
        """Return bins (N,) as integers; a ValueError names the argument if one does not exist."""
        numbers = as_ints(name, bins, length=length, minimum=NO_SCORE)
        if (numbers >= len(self.centers)).any():
            raise ValueError(f"{name} must be below {len(self.centers)}")
        return numbers


def _as_scores(score: ArrayLike) -> FloatArray:
    scores = as_floats("score", score, allow_nan=True)
    if ((scores < 0) | (scores > 1)).any():
        raise ValueError("score must be in [0, 1]")
    return scores


def _levels() -> FloatArray:
    """Return the levels of the quantiles (199,): half of each step is equal, half is equal in the logit."""
    level = np.linspace(0, 1, 100_001)
    in_logits = logit(np.clip(level, _TAIL, 1 - _TAIL)) / (2 * logit(1 - _TAIL)) + 0.5
    return np.interp(np.arange(1, SCORE_BINS) / SCORE_BINS, (level + in_logits) / 2, level)


def _bounds(edges: FloatArray) -> FloatArray:
    return np.concatenate([[0.0], edges, [1.0]])


_LOGITS = np.linspace(-LOGIT_LIMIT, LOGIT_LIMIT, SCORE_BINS + 1)
#: 200 equal bins of the logit: those of a model that has not drawn enough predictions for its own.
LOGIT_BINS = ScoreBins(expit(_LOGITS[1:-1]), (_LOGITS[1:] + _LOGITS[:-1]) / 2)
