"""The shape of a report's document: what the services write, what pages, charts, PDF and API read.

Every figure travels with its interval or with the reason why there is none (`code`). Texts are made by the
pages: a document holds numbers, dates (ISO), names as registered, and codes.

Parts of a window
    "closed": final days whose outcomes are in, or settled by the model's rule for absent outcomes.
    "open": all other days; figures come from the review sample.
    "all": both together. A part without predictions is left out of `parts` and `sections`.

Codes beside a missing figure (value is null)
    no_population, no_labels, no_response, not_estimable, no_positives, no_negatives, no_predicted_positives,
    no_score, no_baseline, no_amount, no_errors, no_value_model, no_disagreement, unsupported_task, failed
Codes beside a figure
    preliminary (see labels_needed), adjudication_open, boundary, outcomes_missing

Caveats (`{"code", "details"}`), each a sentence on the page
    no_population {} · open_days {days, n, share} · outcomes_missing {n, share} · waiting {n, drawn} ·
    skipped {n} · not_drawn {n, share} (π = 0) · not_blind {n} (drawn, but shown: not counted) ·
    rule_for_absent {n, value} · adjudication_open {n} · few_floor_labels {labels} ·
    missed_errors {share} (upper bound of a failure that the score does not show) · undrawn_batches {n}
    (pushed, not yet drawn, so not yet counted in open days) · no_value_model {} · no_baseline {n} ·
    no_amount {n} · failed {what} (one column or slice that could not be computed)
"""

from typing import Any, Literal, NotRequired, TypedDict

Part = Literal["all", "closed", "open"]

PERFORMANCE_METRICS = ("accuracy", "precision", "recall", "f1", "auc", "brier")
# Multiclass: "accuracy", then "precision:<class>" and "recall:<class>". Regression: "mae", "bias".
BASELINE_METRICS = (
    "disagreement_rate",
    "kappa",
    "win_rate",
    "accuracy_difference",
    "accuracy",
    "baseline_accuracy",
)
VALUE_METRICS = (
    "value_total",
    "value_per_1000",
    "baseline_value_total",
    "baseline_value_per_1000",
    "value_difference",
    "value_difference_per_1000",
    "accuracy_point_value",
    "accuracy",  # the page says beside the money how many decisions were right
)


class Figure(TypedDict):
    """One number with what it rests on."""

    value: float | None
    low: float | None
    high: float | None
    method: str  # exact, logit-mod, plain-mod, wilson, hajek, range, none
    n: int  # labels used
    n_eff: float | None
    response_rate: float | None  # answered of drawn; null where reviews play no part
    outcome_share: float | None  # share of these predictions whose outcome is in
    covered_share: float | None  # share of these predictions with π > 0
    code: str | None
    labels_needed: NotRequired[int | None]  # with `preliminary`


class SliceKey(TypedDict):
    name: str
    value: str


class Result(Figure):
    """A figure with its place: the flat list that the API gives."""

    metric: str
    slice: SliceKey | None
    start: str  # half-open [start, end)
    end: str
    part: Part


class NaiveFigure(TypedDict):
    """What the answered items alone would say, each counting the same: never to be read as the figure."""

    value: float | None
    n: int


Figures = dict[str, Figure]
NaiveFigures = dict[str, NaiveFigure]


class PartOfWindow(TypedDict):
    part: Part
    start: str
    end: str
    days: int
    n: int  # predictions
    outcomes: int  # of these with an outcome, the rule for absent ones not counted
    absent: int  # of these settled by the rule


class Point(TypedDict):
    """One day, week or month of the series."""

    start: str
    end: str
    state: Literal["final", "maturing", "provisional"]  # of its youngest day; draw hollow unless final
    is_closed: bool  # all of its days are closed
    n: int
    figures: Figures  # performance: all its metrics; baseline: disagreement_rate, win_rate, accuracy_difference;
    # value: value_total, value_per_1000, value_difference, value_difference_per_1000
    naive: NaiveFigures


class SliceSection(TypedDict):
    name: str
    value: str
    n: int
    share: float  # of the window's predictions
    figures: Figures
    naive: NaiveFigures


class SampleSection(TypedDict):
    """The review sample of the open days."""

    drawn: int
    counted: int  # drawn blind: those that may count
    answered: int
    waiting: int
    skipped: int
    response_rate: float | None
    adjudication_chosen: int
    adjudicated: int
    overturned: int  # adjudicated otherwise than labelled
    bounds: dict[str, list[float]]  # metric → [lowest, highest] if all that is missing were wrong, or right


class Cohorts(TypedDict):
    final: int  # days
    maturing: int
    provisional: int
    maturity_days: int
    final_through: str | None  # last final day


class Caveat(TypedDict):
    code: str
    details: dict[str, Any]


class Matrix(TypedDict):
    """Counts of predictions by what the model said (rows) and what the baseline said (columns)."""

    classes: list[str]
    counts: list[list[int]]


class BaselineSection(TypedDict):
    matrix: Matrix
    disagreements: int
    model_right: int  # among the checked disagreements, uncorrected counts
    baseline_right: int
    neither_right: int
    mcnemar_z: float | None
    mcnemar_p: float | None
    without_baseline: int  # predictions that came without one


class Loss(TypedDict):
    """Money lost by one kind of error in one slice, against being right."""

    name: str
    value: str
    predicted: str  # class
    truth: str  # class
    n: int
    lost: Figure


class ErrorKind(TypedDict):
    predicted: str
    truth: str
    value: float  # of one accuracy point taken from this kind alone


class ValueSection(TypedDict):
    currency: str
    version: int
    statement: str
    matrix: dict[str, dict[str, str]]
    is_per_amount: bool
    review_cost_each: str
    reviews: int  # answers given for the predictions of this window
    review_cost: str
    by_error: list[ErrorKind]
    losses: list[Loss]  # in the headline's part of the window; at most five, dearest first


class Restatement(TypedDict):
    """A figure of the whole window that an earlier report gave otherwise."""

    metric: str
    was: Figure
    # The figure of this report:
    figure: Figure
    previous: int  # report
    previous_as_of: str
    why: dict[
        str, int
    ]  # outcomes, corrections, labels, adjudications, predictions, closed_days, value_model: how many since


class SliceNames(TypedDict):
    label: str
    values: dict[str, str]  # as stored → in words
    order: list[str]  # bands from the lowest, codes as registered; empty: no order but by size
    is_sensitive: bool  # then; pages hide what was or is sensitive from those who may not see it


class Names(TypedDict):
    """How things were called when the report was made: see `names.names_of(model)`."""

    model: str
    classes: dict[str, str]  # as sent → in words
    slices: dict[str, SliceNames]


class Window(TypedDict):
    start: str
    end: str
    as_of: str
    seq: int
    time_zone: str


class Headline(TypedDict):
    """What the page says first."""

    part: Part  # "closed" where any day is closed, else "all"
    figures: Figures  # the same as sections[part]


class Document(TypedDict):
    version: int
    kind: str
    task: str
    classes: list[str]
    positive_class: str
    names: Names
    window: Window
    parts: list[PartOfWindow]
    cohorts: Cohorts
    headline: Headline
    sections: dict[str, Figures]  # by part
    naive: NaiveFigures  # whole window, from the answered items of all its days
    series: list[Point]
    step: Literal["day", "week", "month"]
    slices: list[SliceSection]
    sample: SampleSection
    caveats: list[Caveat]
    population: dict[str, float]  # the sums used, see reports.services.evidence
    restatements: list[Restatement]
    results: list[Result]
    baseline: NotRequired[BaselineSection]
    value: NotRequired[ValueSection | None]  # None: the model has no value model
