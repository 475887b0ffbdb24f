"""The shape of a study's document: numbers, names as registered and codes; the page makes the texts.

Gains are those of a candidate over the live model, above 0 where the candidate is better: right answers per prediction
(metric "accuracy"), or how much smaller the mean error is, in the unit of the prediction (metric "mae").
"""

from typing import NotRequired, TypedDict

VERSION = 1


class Figure(TypedDict):
    """A number with its 95 % range, or the reason why there is none."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    code: str | None


class CurvePoint(TypedDict):
    size: float  # labels that trained
    gain: Figure


class LabelCounts(TypedDict):
    outcomes: int  # predictions of closed days whose outcome is known
    reviews: int  # reviewed cases of open days
    # Labels of open days that are left out, because closed days alone tell more
    reviews_left_out: NotRequired[int]
    used: int  # labels of the study, after thinning
    subjects: int
    without_features: int  # left out, since nothing of what was sent is kept


class Learner(TypedDict):
    package: str  # library and version
    features: list[str]
    left_out: list[str]  # declared, and not used
    live: str  # how candidates turn scores into answers: "likelier", "as_many" or "number"


class AdviceSection(TypedDict):
    verdict: str  # yes, not_yet, no_gain or cannot_tell
    size: float
    gain: Figure
    enough: float | None
    farthest: CurvePoint
    margin: float
    disagrees: bool  # right more often and worth less, or the other way round
    live: float  # share of right answers of the live model, or its mean error


class Money(TypedDict):
    """What the change would be worth, and whether more labels pay before it is decided."""

    currency: str
    version: int
    gain: Figure  # per 1,000 predictions
    decisions: float  # predictions of the window
    k: int
    worth: float | None  # of the next k labels
    cost: float | None
    best_k: int | None
    code: str | None


class SliceGain(TypedDict):
    name: str
    value: str
    n: int  # labels
    share: float  # of the predictions
    gain: Figure  # with a range that holds for all slices at once
    live: float


class WeakGain(TypedDict):
    """A weak slice that monitoring found, in words."""

    who: str
    features: list[str]  # by whose values it is defined
    n: int
    share: float
    gain: Figure


class StudyDocument(TypedDict):
    version: int
    task: str
    metric: str  # accuracy or mae
    unit: str
    start: str
    end: str
    time_zone: str
    labels: LabelCounts
    learner: Learner
    curve: list[CurvePoint]
    further: list[CurvePoint]  # the curve continued to four times the labels
    advice: AdviceSection
    money: Money | None
    slices: list[SliceGain]
    weak: list[WeakGain]
    weak_seen: int  # labels among which the weak slices were looked for
