"""The shape of a report's document: the engine writes it; pages, charts, PDF and API read it.

Every figure comes with its range, or with the reason why there is none (`code`). A document holds numbers, dates
(ISO), names as registered, and codes; the pages make the texts.

Parts of a window
    "closed": final days whose outcomes are known, or settled by the model's rule for absent outcomes.
    "open": all other days; their figures are estimated from the review sample.
    "all": both together. A part without predictions is left out of `parts` and `sections`.

Codes beside a missing figure (value is null)
    no_population, no_labels, no_response, not_estimable, not_observable, no_positives, no_negatives,
    no_predicted_positives,
    no_score, coarse_score (different scores of more than 5 % of the predictions share a score bin), no_baseline,
    no_amount, no_errors, no_value_model, no_disagreement, no_variation, undefined, unsupported_task, failed;
    of a reveal also too_few_changes (n: answers that changed);
    of drift also no_reference; of outcomes so far also outcomes_missing and not_stable;
    for readers below engineer also fewer_than_ten
Codes beside a figure
    preliminary (see labels_needed), adjudication_open, boundary, outcomes_missing, slice_incomplete

Caveats (`{"code", "details"}`), each a sentence on the page
    no_population {} · logged_in_part {lowest, highest, n, traffic} (senders log only this fraction of their traffic, so
    that the n predictions stand for about `traffic`) · days_left_out {part, received, through, cases, n, share}
    (received on days of which nothing is answered; through: last day of the figures, null unless later ones left) ·
    open_days {days, n, share} · outcomes_missing {n, share} · waiting {n, drawn} · low_response {rate} ·
    skipped {n} · not_drained {n, waiting} (answers from an ordered queue, held back while others wait) ·
    not_drawn {n, share} (π = 0) · not_blind {n} (drawn, but not blind: not counted) ·
    rule_for_absent {n, value} · reviews_for_hidden {n, share, reviews} · not_observable {n, share} (the decision
    leaves no outcome: reviews stand for these, or nothing) · let_through {n, share, outcomes} (subject to
    `explore_share`) ·
    adjudication_open {n} · few_floor_labels {labels} ·
    missed_errors {share} (95 % upper bound on predictions that are wrong where no policy but chance looks; left out
    where chance found such) · undrawn_batches {n}
    (pushed, not drawn from yet, so not counted in open days yet) · draw_unsound {expected, found, share} (the draw
    does not match the predictions it was made from) · no_value_model {} · no_baseline {n} ·
    no_amount {n} (each counts as 1) · slices_left_out {n} ·
    classes_left_out {n, shown} (of the figures by time and by slice) ·
    slice_unfilled {slice, n, of} (declared later, and not filled in yet) ·
    slice_lost {slice, n, of} (what was sent is no longer kept)
    for readers below engineer also sensitive_hidden {} · small_hidden {}
"""

from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from apps.reports.engine.pictured import Band, Pictures

Part = Literal["all", "closed", "open"]

# Below this share of answers the bounds stand beside the figure.
LOW_RESPONSE = 0.9

PERFORMANCE_METRICS = ("accuracy", "precision", "recall", "f1", "auc", "brier")
# For the parts of a window alone, in a second table.
FURTHER_METRICS = ("specificity", "balanced_accuracy", "mcc", "kappa", "average_precision", "log_loss", "ece")
# Multiclass: "accuracy", then "precision:<class>" and "recall:<class>" of the main classes; further "macro_precision",
# "macro_recall", "macro_f1", "weighted_f1", "balanced_accuracy", "mcc", "kappa", and those of the other classes.
# "within": the share within the model's tolerance, where it declares one. bias: too high above zero, in the unit.
REGRESSION_METRICS = ("within", "mae", "bias", "rmse", "r2")
BASELINE_METRICS = ("disagreement_rate", "kappa", "win_rate", "accuracy_difference", "accuracy", "baseline_accuracy")
# Of numbers. Two disagree where they differ by more than the tolerance. win_rate and loss_rate: which one is closer
# there, tie_rate: neither; mae_gain: the mean absolute error of the baseline less the model's; within_gain: the model's
# share within the tolerance less the baseline's. All gains are above zero where the model is better.
NUMBER_BASELINE_METRICS = (
    "disagreement_rate",
    "win_rate",
    "loss_rate",
    "tie_rate",
    "mae_gain",
    "mae",
    "baseline_mae",
    "within_gain",
    "within",
    "baseline_within",
)
VALUE_METRICS = (
    "value_total",
    "value_per_1000",
    "baseline_value_total",
    "baseline_value_per_1000",
    "value_difference",
    "value_difference_per_1000",
    "accuracy_point_value",
    "accuracy",  # shown beside the money; of numbers "within" with a tolerance, else "mae"
)


class Figure(TypedDict):
    """One number with its range and the shares it rests on."""

    value: float | None
    low: float | None
    high: float | None
    method: str  # exact, logit-mod, log-mod, plain-mod, wilson-mod, wilson, hajek, plain, plug-in, folded-normal,
    # range, none
    n: int  # labels used: those of the outcomes and reviews below that the metric depends on
    n_eff: float | None  # labels drawn with equal chances that would be as precise
    outcomes: int  # predictions of closed days whose outcome is known, or settled by the rule
    reviews: int  # reviewed cases of open days that count
    response_rate: float | None  # answered of drawn; null without a review sample
    outcome_share: float | None  # share of these predictions with an outcome
    covered_share: float | None  # share of these predictions with π > 0
    code: str | None
    labels_needed: NotRequired[int | None]  # with `preliminary`
    # With a response rate below .9: [lowest, highest], if all cases without an answer were wrong, or right.
    bounds: NotRequired[list[float] | None]


class SliceKey(TypedDict):
    name: str
    value: str


class Result(Figure):
    """A figure with its place: an entry of the flat list that the API returns."""

    metric: str
    slice: SliceKey | None
    start: str  # half-open [start, end)
    end: str
    part: Part


class NaiveFigure(TypedDict):
    """The answered items alone, each counting the same: biased, never to be read as the figure."""

    value: float | None
    n: int


Figures = dict[str, Figure]
NaiveFigures = dict[str, NaiveFigure]


class PartOfWindow(TypedDict):
    part: Part
    start: str
    end: str
    days: int
    n: int  # predictions, as logged
    outcomes: int  # predictions with an outcome, without those settled by the rule
    absent: int  # predictions settled by the rule for absent outcomes
    with_baseline: int  # predictions with a baseline: differences from it are theirs
    # Where senders log only a part of their traffic: all predictions that these stand for
    traffic: NotRequired[float]


class Point(TypedDict):
    """One day, week or month of the series."""

    start: str
    end: str
    state: Literal["final", "maturing", "provisional"]  # state of its youngest day; drawn hollow unless final
    is_closed: bool  # all of its days are closed
    n: int
    figures: Figures  # performance: all its metrics; baseline: disagreement_rate, win_rate, accuracy_difference;
    # value: value_total, value_per_1000, value_difference, value_difference_per_1000
    naive: NaiveFigures


class SliceSection(TypedDict):
    name: str
    value: str
    n: int
    share: float  # of the window's predictions, those that were not logged included
    figures: Figures
    naive: NaiveFigures
    # Tested against the rest of the window, false discovery rate over all slices; null: no test.
    q_value: NotRequired[float | None]
    differs: NotRequired[bool]
    joint: "NotRequired[Band]"  # performance reports; see `pictured`


class Override(TypedDict):
    """What was done about a group of predictions with a known action, beside what the model said."""

    kind: str  # "all"; "class": the class predicted; "queue": the queue of the draw, "" if not drawn; "slice"
    name: str  # of the slice
    value: str
    n: int  # predictions with a known action
    departures: int
    known: int  # departures whose outcome is known
    departed: Figure  # share of n
    right: Figure  # share of `known` in which the action was right
    worth: Figure  # money gained or lost on average, against what the model said


class OverridesSection(TypedDict):
    currency: str
    predictions: int  # of the window
    groups: list[Override]


class RevealGroup(TypedDict):
    """What the reveal did to blind first answers whose truth is known: to all, or where this was shown."""

    kind: str  # "all", "shown", "similar"
    # As `review.Shown` says, "" where nobody noted it; of kind "similar", as `review.Similar` says.
    shown: str
    cases: int
    answers: int
    n_changed: int
    n_toward: int  # of the changed: from wrong to right, or a number nearer the truth
    n_away: int
    # Shares of answers, each weighted by the chance of its case to be drawn and its truth to be known: changed, toward,
    # away, elsewhere (from one wrong answer to another); net: toward − away, too_few_changes below `least_changed`;
    # of classes, and of numbers with a tolerance, followed: where the model was wrong and the first answer right, how
    # often the final one is the model's; helped: where the model was right and the first answer wrong, likewise
    figures: Figures


class RevealsSection(TypedDict):
    revealed: int  # first answers that a final one followed, their truth known or not
    partial: int  # of the compared, those for which contributions of hidden features were left out
    least_changed: int
    groups: list[RevealGroup]  # "all", then those of kind "shown", then none or two of kind "similar"


class SampleSection(TypedDict):
    """The review sample of the open days."""

    drawn: int
    counted: int  # drawn blind
    left_out: int  # of these, received on days of which nothing is answered; not in the numbers below
    answered: int
    waiting: int
    skipped: int
    response_rate: float | None
    adjudication_chosen: int
    adjudicated: int
    overturned: int  # the adjudicator disagreed with the label
    bounds: dict[str, list[float]]  # metric → [lowest, highest], as beside the figures of these days


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
    """Counts of predictions by class of the model (rows) and of the baseline (columns)."""

    classes: list[str]
    counts: list[list[int | None]]  # null: hidden from this reader


class Drift(TypedDict):
    """Expected performance at these scores, beside the measured one."""

    metric: str
    part: Part
    reference: Literal["earlier", "score"]  # outcomes of earlier days, or the score itself where these are too few
    reference_n: int  # outcomes of closed days before these days
    expected: Figure
    measured: Figure
    difference: Figure  # measured − expected; null with `no_reference` where the score itself is the expectation
    p: float | None  # adjusted for the metrics tested together
    has_drifted: bool


class SecondOpinions(TypedDict):
    """The open days with the correction for reviewers' errors, and with their labels as given."""

    corrected: Figures
    at_word: Figures


class Hindsight(TypedDict):
    """The closed days from their reviews and from their outcomes, and how often these differ."""

    days: int
    n: int
    answered: int  # reviewed cases whose outcome is known
    from_reviews: Figures
    from_outcomes: Figures
    disagreement: Figure  # share of predictions whose outcome differs from their label, given or not


class SoFar(TypedDict):
    """The whole window from the outcomes so far, each weighted by its chance to be known already."""

    n: int
    known: int  # outcomes known, or settled by the rule
    due: int  # predictions older than the horizon
    overdue: int  # of these, without an outcome
    through: str  # date through which outcomes were delivered
    waits: dict[str, float | None]  # share of outcomes → days after which it is known
    figures: Figures
    bounds: dict[str, list[float]]  # with outcomes_missing: metric of the due → [lowest, highest]
    # outcomes_missing: more than a tenth of the due outcomes never came. not_stable: a nowcast of each week disagrees.
    code: str | None


class LabelPlan(TypedDict):
    """The range of the open days if every drawn case were answered, and the labels a narrower one takes."""

    metric: str
    drawn: int
    half_width: float | None
    target: float
    labels_needed: int | None
    code: str | None


class ChecksSection(TypedDict):
    """Checks on the figures of a performance report."""

    drift: list[Drift]
    second_opinions: SecondOpinions | None
    hindsight: Hindsight | None
    so_far: SoFar | None
    plan: LabelPlan | None


class GroupValue(TypedDict):
    """One group: its own figures, and those against the reference group (none of the reference itself)."""

    value: str
    n: int
    figures: Figures
    against: Figures


class GroupSet(TypedDict):
    """The groups of one slice, for one answer of the model."""

    name: str  # of the slice
    of_class: str  # empty: of numbers
    reference: str  # value of the reference group
    values: list[GroupValue]


class GroupsSection(TypedDict):
    compared: int  # ranges that hold at once
    sets: list[GroupSet]


class VerdictSection(TypedDict):
    """Whether a shadow may take the place of the model in use; the figure's range holds at every look."""

    metric: str
    says: Literal["better", "worse", "open", "too_early", "unknown"]
    figure: Figure


class BaselineSection(TypedDict):
    matrix: Matrix | None  # None of numbers
    disagreements: int
    # Of the disagreements with known truth, uncorrected counts; of numbers: which one is closer, or neither.
    # null: hidden from this reader
    model_right: int | None
    baseline_right: int | None
    neither_right: int | None
    mcnemar_z: float | None
    mcnemar_p: float | None
    without_baseline: int  # predictions without a baseline


class Overlap(TypedDict):
    """Another slice that shares most of its cases with this one."""

    name: str
    value: str
    share: float  # of the smaller one's cases, beyond chance


class Loss(TypedDict):
    """Money lost by the mistakes in one slice, against being right.

    Documents before `above` have one for each kind of mistake.
    """

    name: str
    value: str
    # The kind of mistake that loses more than half of it: classes, or of a number "over" and "under"; else empty
    predicted: str
    truth: str
    n: int
    lost: Figure
    traffic: NotRequired[float]  # predictions it stands for
    # Per 1,000, above the average of all predictions; the ranges of all slices tested hold at once
    above: NotRequired[Figure]
    overlaps: NotRequired[list[Overlap]]


class LossesSection(TypedDict):
    """Where money is lost, in the headline's part of the window."""

    losses: list[Loss]  # by the lower ends of their ranges, those that do not stand yet last
    losses_tested: NotRequired[int]  # slices
    loss_average: NotRequired[Figure]  # lost per 1,000 of all predictions


class ErrorKind(TypedDict):
    predicted: str
    truth: str
    value: float  # of one accuracy point taken from this kind alone


class ThresholdSection(TypedDict):
    """The value of 1,000 predictions with "positive" from each score on, in the headline's part."""

    part: Part
    scores: list[float]
    above: list[int]  # predictions with at least this score
    value: list[float]
    band_low: list[float]  # the band covers the whole curve
    band_high: list[float]
    current: float | None  # the threshold read from the predictions
    best: float | None
    flat_low: float | None  # within this range nothing can be told from the best
    flat_high: float | None
    advice: str | None  # no_change, raise, lower
    gain: Figure | None  # per 1,000 predictions, the best less the current one
    code: str | None
    labels_needed: int | None


class NextLabels(TypedDict):
    """The worth of more labels for the choice between model and baseline, over as many predictions as here."""

    k: int
    worth: float | None
    cost: float | None
    best_k: int | None  # number of labels with the largest net worth; 0: none pays
    code: str | None


class ShiftSection(TypedDict):
    """The constant to add to every number that would cost least, in the headline's part."""

    part: Part
    shift: Figure  # in the unit of the prediction; code open_above or open_below: the labels bound it on one side only
    saving: Figure  # per 1,000 predictions, not counting that the same labels chose the shift
    advice: str | None  # no_change, raise, lower


class CostsSection(TypedDict):
    """What the decisions of the whole window cost, whatever they are worth."""

    serving_each: str
    serving: str
    per_decision: str  # serving and reviews
    review_hours: float | None  # of all answers on its draws; null: no time was recorded


class Decisions(TypedDict):
    """How the decisions of the headline's part divide, so that other amounts can be tried on them."""

    traffic: float
    classes: list[str]  # in the order of the table; none of numbers
    # The share of predictions by predicted and true class; of numbers one row: the mean units too high, and too low
    table: list[list[float]]
    # The same, each prediction counted with its amount; null where some came without
    by_amount: list[list[float]] | None


class ValueSection(LossesSection):
    currency: str
    version: int
    statement: str
    matrix: dict[str, dict[str, str]]  # empty of numbers
    is_per_amount: bool
    review_cost_each: str
    reviews: int  # reviews of the predictions of this window
    review_cost: str
    costs: NotRequired[CostsSection]
    decisions: NotRequired[Decisions | None]  # from engineer on
    by_error: list[ErrorKind]
    threshold: NotRequired[ThresholdSection | None]  # binary models
    # Of numbers: what one unit costs where the prediction is too high, and where it is too low.
    over_cost: NotRequired[str]
    under_cost: NotRequired[str]
    shift: NotRequired[ShiftSection | None]  # unless the cost is per amount
    next_labels: NotRequired[NextLabels | None]


class Restatement(TypedDict):
    """A figure of the whole window that an earlier report gave otherwise."""

    metric: str
    was: Figure
    figure: Figure  # of this report
    previous: int  # report
    previous_as_of: str
    # How many since: outcomes, corrections, labels, adjudications, predictions, closed_days, value_model; and 1 for
    # each setting that changed: maturity_days, outcome_if_absent, slices, actions, outcome_observed_when.
    why: dict[str, int]


class SliceNames(TypedDict):
    label: str
    values: dict[str, str]  # as stored → in words
    order: list[str]  # bands from the lowest, codes as registered; empty: no order but by size
    is_sensitive: bool  # at the time; what was or is sensitive is hidden below engineer


class Names(TypedDict):
    """Names for people, as they were when the report was made."""

    model: str
    unit: str  # of a predicted number
    # By how much, and by what share of the larger one, two numbers may differ and be one answer; none: to the digit
    tolerance: NotRequired[list[float]]
    classes: dict[str, str]  # as sent → in words
    slices: dict[str, SliceNames]


class Window(TypedDict):
    start: str
    end: str
    as_of: str
    seq: int
    time_zone: str
    since: NotRequired[str]  # first day with predictions, where the model has none before it and the window begins so
    version: NotRequired[str]  # of the model; without it, all versions


class Headline(TypedDict):
    """The part and the figures that the page leads with."""

    part: Part  # "closed" where any day is closed, else "all"
    figures: Figures  # the same as sections[part]


class Document(TypedDict):
    version: int
    kind: str
    task: str
    classes: list[str]
    positive_class: str
    # The classes with most predictions, largest first. Series and slices show only these.
    main_classes: NotRequired[list[str]]
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
    population: dict[str, float]  # the sums used, over all population cells; `left_out`: predictions that left
    restatements: list[Restatement]
    results: list[Result]
    checks: NotRequired[ChecksSection | None]  # performance reports
    baseline: NotRequired[BaselineSection]
    # performance: groups of the headline's days beside each other
    groups: NotRequired[GroupsSection | None]
    # baseline, of a shadow: by all that is known since its first prediction
    verdict: NotRequired[VerdictSection]
    overrides: NotRequired[OverridesSection]  # performance and value reports, where actions are known
    reveals: NotRequired[RevealsSection | None]  # performance reports, where a reveal was answered
    value: NotRequired[ValueSection | None]  # value reports; None without a value model
    pictures: "NotRequired[Pictures | None]"  # performance reports
