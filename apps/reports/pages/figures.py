"""One figure in words: its range, its method, the reason where it has none, and how it stands in a sentence."""

from apps.reports.engine import rounding
from apps.reports.engine.document import LOW_RESPONSE, Figure
from apps.reports.engine.rounding import Unit, is_exact
from apps.reports.pages import numbers

SAMPLE = "estimated from labels, each weighted by its chance to be drawn"
METHODS = {
    "exact": "counted: the truth of every prediction it depends on is known",
    "logit-mod": SAMPLE,
    "log-mod": SAMPLE,
    "plain-mod": SAMPLE,
    "wilson-mod": f"{SAMPLE}; few labels or near the limits, so the range is a cautious one, cut to what is possible",
    "hajek": "weighted mean of the labels",
    "wilson": "share of all predictions, with Wilson’s interval",
    "plug-in": "expected from the scores",
    "plain": "counted over all predictions, with a normal interval",
    "folded-normal": "estimated from labels, less what chance alone would add",
    "woodruff": f"{SAMPLE}; the range is where the labels stop telling shifts apart",
    "range": "by the mix of mistakes; the range runs from the cheapest kind of mistake to the dearest",
    "mover": f"the slice less all predictions, each {SAMPLE}; the range holds for all slices at once",
    "none": "no figure",
}
SHORT_METHODS = {
    "exact": "counted",
    "logit-mod": "weighted sample",
    "log-mod": "weighted sample",
    "plain-mod": "weighted sample",
    "wilson-mod": "weighted sample, cautious range",
    "hajek": "weighted mean",
    "wilson": "counted, Wilson’s interval",
    "plug-in": "from scores",
    "plain": "counted, normal interval",
    "folded-normal": "weighted sample",
    "woodruff": "weighted sample",
    "range": "by the mix of mistakes",
    "mover": "weighted sample, all slices at once",
    "none": "–",
}
MISSING = {
    "no_figure": "one of the two has no figure",
    "value_model_unit": "the two are valued in different currencies, or one by amount and the other not",
    "not_divisible": "no division of the cases is known for both",
    "sensitive_hidden": "it takes sensitive features, which your role does not see",
    "no_population": "no predictions in this period",
    "no_labels": "none of these cases is reviewed yet",
    "no_response": "too few of the drawn cases are reviewed to speak for the rest",
    "not_estimable": "some predictions had no chance to be drawn, so no sample speaks for all of them",
    "not_observable": "part of the predictions can have no outcome, and nobody has reviewed any of these",
    "no_positives": "no label of this class",
    "no_negatives": "no label of any other class",
    "no_predicted_positives": "the model never predicted this class",
    "no_predicted_negatives": "the model never predicted any other class",
    "no_outcomes": "no outcome of these is known",
    "no_score": "the predictions came without a score",
    "coarse_score": "more than 5 % of the predictions have nearly the same score, and their order is not kept",
    "no_baseline": "the predictions came without a baseline",
    "no_amount": "the predictions came without an amount",
    "no_errors": "no mistake was found, so there is none to avoid",
    "no_value_model": "nobody has stated what a decision is worth",
    "no_disagreement": "model and baseline never differed",
    "no_variation": "all labels are the same, so there is nothing to compare",
    "too_few_changes": "too few answers changed to say whether that helps",
    "one_sided": "only one direction of an error costs anything",
    "too_few": "the labels are too few, or too much alike, to say how far off the others are",
    "no_reference": "too few earlier outcomes to compare with",
    "undefined": "not defined for these predictions",
    # Documents before version 5 hold it; their figures of this code are not listed.
    "unsupported_task": "not defined for this kind of model",
    "not_stable": "two estimates differ by more than chance",
    "fewer_than_ten": "hidden for your role: it rests on fewer than ten predictions, or would give such a figure away",
    "failed": "could not be computed; the rest of the report is not affected",
}
# Reasons that many cells of one table share: a word in the cell, the sentence once below the table.
BRIEF = {
    "fewer_than_ten": (
        "hidden",
        "Hidden for your role: the figure rests on fewer than ten predictions, or would give such a figure away.",
    ),
    "boundary": ("at the edge", "At the edge of what the sample can show: the range says how far off it may be."),
    "too_few_changes": ("too few", "Too few answers changed to say whether that helps."),
}
# Methods that count predictions, whatever their truth.
OF_PREDICTIONS = {"wilson", "plain"}
# Methods that need no answers.
NO_LABELS = {"exact", "plug-in", *OF_PREDICTIONS}
# The name of every estimate's range, wherever one stands alone.
RANGE = f"95{rounding.NO_BREAK}% range"
# Stands wherever response is low.
IF_ALIKE = "if those who did not answer are like those who did"
BESIDE = {
    "adjudication_open": "some cases still wait for a second opinion",
    "open_above": "the labels tell no upper end of the range",
    "open_below": "the labels tell no lower end of the range",
    "boundary": "at the edge of what the sample can show",
    "outcomes_missing": "some outcomes never arrived",
    "slice_incomplete": "some predictions are in no value of this slice",
}


def in_other_terms(figure: Figure, *, times: float = 1.0, plus: float = 0.0) -> Figure:
    """Return the figure in another unit, or with a known amount added; its range goes along."""
    value, low, high = (
        None if end is None else end * times + plus for end in (figure["value"], figure["low"], figure["high"])
    )
    return {**figure, "value": value, "low": low, "high": high}


def range_of(figure: Figure) -> tuple[float, float] | None:
    """Return the ends of an estimate's range; None for a counted figure, and where the range has no width."""
    low, high = figure["low"], figure["high"]
    return None if is_exact(figure) or low is None or high is None or low >= high else (low, high)


def range_text(figure: Figure, unit: Unit) -> str:
    """Write the range as it stands beside the figure; "counted" where nothing is estimated."""
    if figure["value"] is None:
        return ""
    if is_exact(figure):
        return "counted"
    ends = range_of(figure)
    if ends is None:
        return "no range"
    step = unit.step(figure)
    if unit.kind == "money":
        return " to ".join(rounding.stepped(end, step) for end in ends)
    if unit.kind == "error":
        return unit.range(*ends, step)
    low, high = (unit.text(end, step) for end in ends)
    unit_word = low.rpartition(rounding.NO_BREAK)[2] if rounding.NO_BREAK in low else ""
    return f"{low.removesuffix(unit_word).rstrip()} to {high}"


def how(figure: Figure) -> list[tuple[str, str]]:
    """List what the figure rests on: term and description."""
    facts = [("How", METHODS.get(figure["method"], figure["method"]))]
    is_count = figure["method"] in OF_PREDICTIONS
    facts.append(("Predictions", numbers.count(figure["n"])) if is_count else ("Labels", labels(figure)))
    if figure["n_eff"] is not None and figure["method"] not in NO_LABELS:
        facts.append(("Effective sample size", equal_draws(figure["n_eff"])))
    shares = (
        ("Response rate", None if is_count else figure["response_rate"]),
        ("Outcomes known", figure["outcome_share"]),
        ("Covered share", figure["covered_share"]),
    )
    facts += [(term, rounding.percent(share)) for term, share in shares if share is not None]
    return [*facts, ("Holds", IF_ALIKE)] if is_response_low(figure) else facts


def labels(figure: Figure) -> str:
    """Name the labels that the figure is made of: outcomes, reviewed cases, or both.

    >>> labels({"n": 22_370, "outcomes": 22_220, "reviews": 150})
    '22,220 outcomes and 150 reviewed cases'
    >>> labels({"n": 150, "outcomes": 0, "reviews": 150}), labels({"n": 90, "outcomes": 200, "reviews": 1})
    ('150 reviewed cases', '90 of 200 outcomes and 1 reviewed case')
    """
    n, outcomes, reviews = figure["n"], figure["outcomes"], figure["reviews"]
    if not n:
        return "none"
    if not reviews:
        return numbers.plural(n, "outcome", "outcomes")
    if not outcomes:
        return numbers.plural(n, "reviewed case", "reviewed cases")
    both = f"{numbers.plural(outcomes, 'outcome', 'outcomes')} and "
    both += numbers.plural(reviews, "reviewed case", "reviewed cases")
    return both if n == outcomes + reviews else f"{numbers.count(n)} of {both}"


def equal_draws(size: float) -> str:
    """
    >>> equal_draws(318.4), equal_draws(0.3)
    ('as precise as 318 labels drawn with equal chances', 'less precise than 1 label drawn with equal chances')
    """
    if size < 1:
        return "less precise than 1 label drawn with equal chances"
    return f"as precise as {numbers.plural(size, 'label', 'labels')} drawn with equal chances"


def is_response_low(figure: Figure) -> bool:
    """Say whether the figure rests on the assumption that the missing answers are like the given ones."""
    rate = figure["response_rate"]
    is_estimate = figure["value"] is not None and not is_exact(figure) and figure["method"] not in NO_LABELS
    return is_estimate and rate is not None and rate < LOW_RESPONSE


def bounds_text(figure: Figure, unit: Unit) -> str:
    """Write the worst-case bounds as they stand beside a figure with low response; empty where there are none.

    >>> from apps.reports.engine.rounding import unit_of
    >>> bounds_text({"value": 0.8, "low": 0.7, "high": 0.9, "bounds": [0.52, 0.9], "code": None}, unit_of("accuracy"))
    '52.0\\xa0% to 90.0\\xa0% whatever the missing answers say'
    """
    ends = figure.get("bounds")
    if not ends:
        return ""
    spread = unit.range(ends[0], ends[1], unit.step(figure))
    missing = "missing outcomes" if figure["code"] == "not_observable" else "missing answers"
    return f"{spread} whatever the {missing} say"


def reason(figure: Figure) -> str:
    """Say why there is no figure, or what to know about it; empty where it needs no remark."""
    code = figure["code"]
    if code is None:
        return ""
    if code == "preliminary":
        needed = figure.get("labels_needed")
        return f"preliminary, {more_labels(needed)}" if needed else "preliminary"
    return MISSING.get(code) or BESIDE.get(code) or code.replace("_", " ")


def brief(figure: Figure) -> tuple[str, str]:
    """Return what a cell says of its figure, and what to say once below the table; the latter is empty for most.

    >>> brief({"code": "fewer_than_ten"})[0], brief({"code": "outcomes_missing"})
    ('hidden', ('some outcomes never arrived', ''))
    """
    return BRIEF.get(figure["code"] or "") or (reason(figure), "")


def more_labels(needed: int) -> str:
    """
    >>> more_labels(1), more_labels(1_588)
    ('1 more label is needed', '1,588 more labels are needed')
    """
    return numbers.plural(needed, "more label is needed", "more labels are needed")


def range_words(low: str, high: str) -> str:
    """
    >>> range_words("81", "84")
    '95\\xa0% range 81 to 84'
    """
    return f"{RANGE} {low} to {high}"


def in_sentence(figure: Figure, unit: Unit) -> str:
    """Write the figure with its range, inside a sentence.

    >>> from apps.reports.engine.rounding import unit_of
    >>> figure = {"value": 0.82, "low": 0.8, "high": 0.84, "method": "logit-mod"}
    >>> in_sentence(figure, unit_of("accuracy"))
    '82.0\\xa0% (95\\xa0% range 80.0\\xa0% to 84.0\\xa0%)'
    """
    if figure["value"] is None:
        return "no figure"
    step = unit.step(figure)
    text = unit.text(figure["value"], step)
    ends = range_of(figure)
    return text if ends is None else f"{text} ({RANGE} {unit.range(*ends, step)})"
