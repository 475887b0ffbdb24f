"""The shape of a report's document: what the services write, what pages, charts, PDF and API read.

Every figure travels with its interval or with the reason why there is none (`code`). Texts are made by the
pages: a document holds numbers, dates (ISO), names as registered, and codes.

Parts of a window
    "closed": final days whose outcomes are in, or settled by the model's rule for absent outcomes.
    "open": all other days; figures come from the review sample.
    "all": both together. A part without predictions is left out of `parts` and `sections`.

Codes beside a missing figure (value is null)
    no_population, no_labels, no_response, not_estimable, no_positives, no_negatives, no_predicted_positives,
    no_score, no_baseline, no_amount, no_errors, no_value_model, no_disagreement, no_variation, undefined,
    unsupported_task, failed
Codes beside a figure
    preliminary (see labels_needed), adjudication_open, boundary, outcomes_missing

Caveats (`{"code", "details"}`), each a sentence on the page
    no_population {} · open_days {days, n, share} · outcomes_missing {n, share} · waiting {n, drawn} ·
    skipped {n} · not_drained {n, waiting} (answers from a queue served in an order: held back while others wait) ·
    not_drawn {n, share} (π = 0) · not_blind {n} (drawn, but shown: not counted) ·
    rule_for_absent {n, value} · adjudication_open {n} · few_floor_labels {labels} ·
    missed_errors {share} (upper bound of a failure that the score does not show) · undrawn_batches {n}
    (pushed, not yet drawn, so not yet counted in open days) · draw_unsound {check, expected, found} (what was drawn
    does not add up to what it was drawn from) · no_value_model {} · no_baseline {n} ·
    no_amount {n} · failed {what} (one column or slice that could not be computed)
"""

from typing import Any, Literal, NotRequired, TypedDict

Part = Literal["all", "closed", "open"]

PERFORMANCE_METRICS = ("accuracy", "precision", "recall", "f1", "auc", "brier")
# Of the parts of a window only, for those who want to know more.
FURTHER_METRICS = (
    "specificity",
    "balanced_accuracy",
    "mcc",
    "kappa",
    "average_precision",
    "log_loss",
    "ece",
)
# Multiclass: "accuracy", then "precision:<class>" and "recall:<class>"; further "macro_precision", "macro_recall",
# "macro_f1", "weighted_f1", "balanced_accuracy", "mcc", "kappa".
REGRESSION_METRICS = ("mae", "rmse", "bias", "r2")
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
    # Held against the rest of the window, with the false discovery rate over all slices; null: no test.
    q_value: NotRequired[float | None]
    differs: NotRequired[bool]


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


class Drift(TypedDict):
    """What the scores let one expect beside what was measured."""

    metric: str
    part: Part
    reference: Literal["earlier", "score"]  # outcomes of earlier days, or the score at its word
    reference_n: int  # outcomes that the expectation was fitted on
    expected: Figure
    measured: Figure
    difference: Figure  # measured − expected
    p: float | None
    has_drifted: bool


class SecondOpinions(TypedDict):
    """The open days with the correction for reviewers' errors, and with their answers taken at their word."""

    corrected: Figures
    at_word: Figures


class Hindsight(TypedDict):
    """Days that are closed by now: what their reviews said, what the outcomes say, and how often these differ."""

    days: int
    n: int
    answered: int  # reviewed cases whose outcome is known
    from_reviews: Figures
    from_outcomes: Figures
    disagreement: Figure  # share of predictions whose outcome differs from the label that it got, or would get


class SoFar(TypedDict):
    """The whole window from the outcomes that came by now, each weighed by how likely it was known by today."""

    n: int
    known: int  # outcomes in, or settled by the rule
    through: str  # date through which outcomes have been delivered
    waits: dict[str, float | None]  # share of outcomes → days after which it is known
    figures: Figures


class LabelPlan(TypedDict):
    """The open days' draw, had everybody answered, and what a narrower range would take."""

    metric: str
    drawn: int
    half_width: float | None
    target: float
    labels_needed: int | None
    code: str | None


class ChecksSection(TypedDict):
    """What stands for or against the figures of a performance report."""

    drift: list[Drift]
    second_opinions: SecondOpinions | None
    hindsight: Hindsight | None
    so_far: SoFar | None
    plan: LabelPlan | None


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


class ThresholdSection(TypedDict):
    """What 1,000 decisions would be worth with "positive" said from each score on; in the headline's part."""

    part: Part
    scores: list[float]
    value: list[float]
    band_low: list[float]  # the band holds the whole curve
    band_high: list[float]
    current: float | None  # the threshold that the decisions themselves show
    best: float | None
    flat_low: float | None  # from here to there nothing can be told from the best
    flat_high: float | None
    advice: str | None  # no_change, raise, lower
    gain: Figure | None  # of 1,000 decisions, at the best less at the current one
    code: str | None
    labels_needed: int | None


class NextLabels(TypedDict):
    """What more answers are worth to the choice between model and baseline, over as many decisions as in the window."""

    k: int
    worth: float | None
    cost: float | None
    best_k: int | None  # number of answers with the largest net worth; 0: none pays
    code: str | None


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
    threshold: NotRequired[ThresholdSection | None]
    next_labels: NotRequired[NextLabels | None]


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
    checks: NotRequired[ChecksSection | None]  # performance of two classes; None: for other tasks
    baseline: NotRequired[BaselineSection]
    value: NotRequired[ValueSection | None]  # None: the model has no value model
