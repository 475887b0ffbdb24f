"""The shape of what a performance report shows in pictures, and of the figures that its answers need besides.

All of it is about the headline's part of the window. A `band` is a range that holds for all groups of its picture at
once, and holds what chance decides about the truth as well: it answers whether a distance means anything.
"""

from typing import Any, NotRequired, TypedDict

from apps.reports.engine.document import Figure, Figures, Part

Band = list[float] | None


class Answers(TypedDict):
    """Figures beside those of the sections."""

    # stated_gap: how often predictions came true less what was stated on average, of classes; accuracy_difference, of
    # numbers mae_gain: against the baseline
    figures: Figures
    # The mean of what was stated; null without scores
    stated: float | None
    # By metric: where it could lie in another window of this size, what chance decides about the truth included
    by_chance: dict[str, list[float]]


class MatrixRow(TypedDict):
    """The predictions of one class, or of all others together."""

    n: int
    shares: list[Figure]  # of n, by group of true classes


class MatrixPicture(TypedDict):
    """How the predictions of each class divide into the true classes."""

    groups: list[list[str]]  # one class each; with many classes, the last holds all others
    rows: list[MatrixRow]  # by group of predicted classes
    found: list[Figure]  # of the predictions truly of this group, the share that the model says so


class Stated(TypedDict):
    """Predictions with neighboring scores, and how many of them came true."""

    low: float
    high: float
    n: int
    stated: float  # their mean score
    figure: Figure
    band: Band


class Bar(TypedDict):
    """Predictions of one class in one stretch of the score."""

    low: float
    high: float
    said: str
    n: int
    positive: Figure  # the share that is truly of the positive class


class AtScore(TypedDict):
    """Deciding "positive" from this score on."""

    score: float
    above: int  # predictions with at least this score
    figures: Figures  # accuracy, precision, recall


class ThresholdPicture(TypedDict):
    points: list[AtScore]
    current: float | None  # read from the predictions


class Level(TypedDict):
    """Predicted numbers of about one level."""

    n: int
    stated: float  # their mean
    bias: Figure  # too high above zero
    error: Figure
    band: Band  # of the bias


class WeakPart(TypedDict):
    feature: str
    label: str
    value: str
    is_sensitive: bool


class WeakSpot(TypedDict):
    """Predictions that meet one or two conditions, in which the model is wrong more often than elsewhere."""

    parts: list[WeakPart]
    n: int
    share: float
    labels: int
    right: list[float]  # value, low, high
    wrong_above: list[float]  # wrong predictions above what the rest would give: value, low, high
    # What its predictions meet, as policies say it; null where no condition can
    condition: NotRequired[dict[str, Any] | None]


class WeakPicture(TypedDict):
    searched: int  # predictions
    code: str  # why nothing was searched
    spots: list[WeakSpot]


class Pictures(TypedDict):
    """A picture that the model's task does not have, or that failed, is null."""

    part: Part
    answers: Answers
    matrix: MatrixPicture | None
    calibration: list[Stated]
    scores: list[Bar]
    thresholds: ThresholdPicture | None
    levels: list[Level]
    weak: NotRequired[WeakPicture | None]
