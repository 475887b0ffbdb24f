"""The pictures of the performance sheet: what was said and what came true, by class, score, threshold, level, group."""

import json

from apps.common.shares import hundredths
from apps.reports.engine.document import Document, Figure, SliceSection
from apps.reports.engine.pictured import Pictures, Stated, WeakSpot
from apps.reports.engine.rounding import is_exact, percent, step_of, stepped
from apps.reports.pages import contents, wording
from apps.reports.pages.contents import unit
from apps.reports.pages.numbers import count, plural
from apps.reports.pages.sheets.layout import Cell, ChartText, Row, Section, Table
from apps.reports.pages.sheets.tables import cell

# Rows that a chart of groups has at most; the table has all.
MOST_IN_CHART = 24


def calibration(document: Document) -> Section | None:
    """Show what was stated beside what came true."""
    groups = _pictures(document)["calibration"]
    if len(groups) < contents.LEAST_FOR_A_CHART:
        return None
    share = unit(document, "accuracy")
    rows = [
        Row(
            f"{hundredths(group['low'], decimals=1)} to {hundredths(group['high'], decimals=1)} %",
            [Cell(percent(group["stated"])), cell(group["figure"], share), Cell(_band(group)), Cell(count(group["n"]))],
        )
        for group in groups
    ]
    head = ["Stated", "On average", "Came true", "Likely, all at once", "Predictions"]
    table = Table("What was stated, and what came true", head, rows)
    positive = wording.class_name(document, document["positive_class"])
    who = f"Percent that are “{positive}”" if document["task"] == "binary" else "Percent of its answers that are right"
    note = f"{who}, by what the model stated. Above the dashed line it stated too little. The band holds all at once."
    return Section(
        "calibration", "Stated and true", note, ChartText("calibration", _farthest(groups), table), is_half=True
    )


def farthest_group(groups: list[Stated]) -> Stated | None:
    """Return the group that is furthest from what was stated, of those that chance does not explain."""
    apart = [g for g in groups if g["band"] and not g["band"][0] <= g["stated"] <= g["band"][1]]
    return max(apart, key=lambda g: abs((g["figure"]["value"] or 0.0) - g["stated"]), default=None)


def _farthest(groups: list[Stated]) -> str:
    group = farthest_group(groups)
    if group is None:
        return "Every group came true about as often as stated: chance explains the rest."
    stated, true = (hundredths(share, decimals=0) for share in (group["stated"], group["figure"]["value"] or 0.0))
    return f"Furthest off: where it says {stated} %, {true} % came true."


def _band(group: Stated) -> str:
    return f"{percent(group['band'][0])} to {percent(group['band'][1])}" if group["band"] else "–"


def scores(document: Document) -> Section | None:
    """Show how many predictions there are at each score, by truth."""
    bars = _pictures(document)["scores"]
    if not any(bar["positive"]["value"] is not None for bar in bars):
        return None
    positive = wording.class_name(document, document["positive_class"])
    rows = []
    for bar in bars:
        share = bar["positive"]["value"]
        true = "–" if share is None else _about(bar["n"] * share, bar["positive"])
        name = f"{hundredths(bar['low'], decimals=1)} to {hundredths(bar['high'], decimals=1)} %"
        said_so = wording.class_name(document, bar["said"])
        cells = [Cell(said_so), Cell(true), cell(bar["positive"], unit(document, "accuracy")), Cell(count(bar["n"]))]
        rows.append(Row(name, cells))
    head = ["Stated", "Said", f"In truth “{positive}”", "Share", "Predictions"]
    note = (
        f"Predictions by the stated chance of “{positive}”. Above the line those that are, below it those that are "
        "not. Pale: the model said otherwise."
    )
    table = Table("Predictions by score and truth", head, rows)
    return Section("scores", "Scores", note, ChartText("scores", _overlap(document), table), is_half=True)


def _overlap(document: Document) -> str:
    figure = document["headline"]["figures"].get("auc")
    if figure is None or figure["value"] is None:
        return "The further apart both sides lie, the better the score tells them apart."
    times = hundredths(figure["value"], decimals=0)
    return f"Of two cases, one of each kind, the score puts the right one first {times} times in 100."


def thresholds(document: Document) -> Section | None:
    """Show right, precision and recall at other thresholds."""
    picture = _pictures(document)["thresholds"]
    if not picture or len(picture["points"]) < contents.LEAST_FOR_A_CHART:
        return None
    share = unit(document, "accuracy")
    rows = [
        Row(
            percent(point["score"]),
            [
                *(cell(point["figures"].get(metric), share) for metric in ("accuracy", "precision", "recall")),
                Cell(count(point["above"])),
            ],
        )
        for point in picture["points"]
    ]
    positive = wording.class_name(document, document["positive_class"])
    head = ["From this score on", "Right", "Precision", "Recall", f"Said “{positive}”"]
    table = Table("What the model would do at other thresholds", head, rows)
    note = f"If “{positive}” were said from this score on. Bands are ranges of each threshold alone."
    current = picture["current"]
    words = "The model follows no single threshold." if current is None else f"In use: {percent(current)}."
    return Section("thresholds", "Other thresholds", note, ChartText("thresholds", words, table))


def levels(document: Document) -> list[Section]:
    """Show of numbers where they are too high or too low, and stated beside true."""
    groups = _pictures(document)["levels"]
    if len(groups) < contents.LEAST_FOR_A_CHART:
        return []
    error, name = unit(document, "mae"), document["names"]["unit"]
    rows = []
    for group in groups:
        bias, step = group["bias"], step_of(group["stated"], None, None)
        true = "–" if bias["value"] is None else stepped(group["stated"] - bias["value"], step)
        rows.append(
            Row(
                f"{stepped(group['stated'], step)} {name}".strip(),
                [Cell(true), cell(bias, error), cell(group["error"], error), Cell(count(group["n"]))],
            )
        )
    head = ["Predicted, on average", "In truth", "Too high (+) or too low (−)", "Average error", "Predictions"]
    table = Table("By level of the prediction, in groups of about equal size", head, rows)
    unit_words = f", in {name}" if name else ""
    note = f"How much too high (above zero) or too low it is, by what it predicts{unit_words}. Ranges hold all at once."
    bias_chart = ChartText("levels", _farthest_level(document), table)
    true_chart = ChartText("stated", "On the dashed line, predicted and true are the same on average.", table)
    return [
        Section("levels", "Too high or too low, by level", note, bias_chart, is_half=True),
        Section(
            "stated",
            "Predicted and true",
            f"Truth on average, by what was predicted{unit_words}. Above the dashed line it predicted too little.",
            true_chart,
            is_half=True,
        ),
    ]


def _farthest_level(document: Document) -> str:
    groups = [each for each in _pictures(document)["levels"] if each["band"]]
    apart = [each for each in groups if each["band"] and not each["band"][0] <= 0 <= each["band"][1]]
    if not apart:
        return "At no level is it further off than chance explains."
    worst = max(apart, key=lambda each: abs(each["bias"]["value"] or 0.0))
    value = worst["bias"]["value"] or 0.0
    size = stepped(abs(value), step_of(value, worst["bias"]["low"], worst["bias"]["high"]))
    level = stepped(worst["stated"], step_of(worst["stated"], None, None))
    name = document["names"]["unit"]
    return f"Furthest off where it predicts about {level} {name}: {size} too {'high' if value > 0 else 'low'}."


def slices(document: Document) -> Section | None:
    """Show all slices on one axis, the furthest from the whole first."""
    found = ordered_slices(document)
    if not found:
        return None
    metric = contents.metric_over_time(document)
    of, number = unit(document, metric), len(found)
    rows = []
    for each in found:
        aside = "chance explains the distance" if is_like_all(document, each) else ""
        ends = [of.text(end, of.step(each["figures"][metric])) for end in ends_of(each, metric) or ()]
        cells = [cell(each["figures"][metric], of), Cell(" to ".join(ends) or "–"), Cell(count(each["n"]))]
        rows.append(Row(slice_title(document, each), cells, aside))
    head = ["Who", "Figure", "Likely, all at once", "Predictions"]
    table = Table(f"{wording.metric_name(document, metric)[0]}, by group", head, rows)
    what = "Average error" if metric == "mae" else "Right predictions of 100"
    more = f" The {MOST_IN_CHART} furthest; all {number} are in the table." if number > MOST_IN_CHART else ""
    looks = plural(number, "look", "looks")
    note = f"{what} on one axis, the furthest from the whole first. Ranges allow for {looks}. {GREY}{more}"
    return Section("slices", "Who it is right about", note, ChartText("slices", _message(rows), table))


GREY = "Grey and open: chance explains the distance."


def _message(rows: list[Row]) -> str:
    apart = [row for row in rows if not row.aside]
    if not apart:
        return "No group differs from the whole by more than chance explains."
    return f"Furthest from the whole: {apart[0].name}, {apart[0].cells[0].text}."


def ordered_slices(document: Document) -> list[SliceSection]:
    """Return the slices with a figure, the furthest from the whole first; those that chance explains come last."""
    metric = contents.metric_over_time(document)
    together = document["sections"].get("all", {}).get(metric)
    middle = (together["value"] if together else None) or 0.0
    known = [each for each in document["slices"] if _value(each, metric) is not None]
    return sorted(known, key=lambda each: (is_like_all(document, each), -abs((_value(each, metric) or 0.0) - middle)))


def is_like_all(document: Document, piece: SliceSection) -> bool:
    """Say whether the whole lies in the slice's range."""
    metric = contents.metric_over_time(document)
    together, ends = document["sections"].get("all", {}).get(metric), ends_of(piece, metric)
    if together is None or together["value"] is None or ends is None:
        return False
    return ends[0] <= together["value"] <= ends[1]


def ends_of(piece: SliceSection, metric: str) -> tuple[float, float] | None:
    """Return the range that holds for all slices at once; of older reports, the slice's own."""
    joint, figure = piece.get("joint"), piece["figures"][metric]
    if joint:
        return joint[0], joint[1]
    low, high = figure["low"], figure["high"]
    return None if low is None or high is None else (low, high)


def slice_title(document: Document, piece: SliceSection) -> str:
    label = wording.slice_name(document, piece["name"])
    return f"{label}: {wording.slice_value(document, piece['name'], piece['value'])}"


def _value(piece: SliceSection, metric: str) -> float | None:
    figure = piece["figures"].get(metric)
    return figure["value"] if figure else None


def weak(document: Document) -> Section | None:
    """List the groups, alike in one or two features, in which the model is wrong more often."""
    found = _pictures(document).get("weak")
    if not found:
        return None
    if found["code"] or not found["spots"]:
        why = "Too few outcomes are known to search for groups" if found["code"] else NO_SPOT
        return Section("weak", "Weak spots found", sentences=[f"{why}."])
    part = contents.headline_part(document)
    is_counted = part is not None and found["searched"] == part["n"]
    note = (
        f"Searched in one half of {plural(found['searched'], 'prediction', 'predictions')}, confirmed in the other. "
        f"No two share more than a few predictions.{'' if is_counted else ESTIMATED}"
    )
    head = ["Who", "Right of 100", "Likely", "Predictions", "Wrong above the rest"]
    rows = [_spot(document, spot, is_counted=is_counted) for spot in found["spots"]]
    table = Table("Groups in which it is wrong more often", head, rows)
    return Section("weak", "Weak spots found", note, table=table)


ESTIMATED = " How many predictions a group has is estimated from those searched."
NO_SPOT = "No group of predictions alike in one or two features stands out beyond chance"


def _spot(document: Document, spot: WeakSpot, *, is_counted: bool) -> Row:
    name = " and ".join(f"{part['label']}: {part['value']}" for part in spot["parts"])
    value, low, high = (hundredths(share, decimals=1) for share in spot["right"])
    more, least, most = spot["wrong_above"]
    step = step_of(more, least, most)
    above = Cell(stepped(more, step), f"{stepped(max(least, 0.0), step)} to {stepped(most, step)}")
    size = count(spot["n"]) if is_counted else f"about {count(spot['n'])}"
    condition = spot.get("condition")
    query = contents.search_query(document, where=json.dumps(condition)) if condition else ""
    return Row(name, [Cell(value), Cell(f"{low} to {high}"), Cell(size), above], query=query)


def _pictures(document: Document) -> Pictures:
    pictures = document.get("pictures")
    assert pictures is not None
    return pictures


def _about(number: float, figure: Figure) -> str:
    return count(number) if is_exact(figure) else f"about {count(number)}"
