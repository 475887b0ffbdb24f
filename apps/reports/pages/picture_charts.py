"""The charts of a report's pictures, from the stored document."""

from apps.common.charts import COLUMN, PHONE, WIDE, Plot, number_label
from apps.common.dots import Axis, Ranged, over_time
from apps.common.shares import hundredths
from apps.reports.engine.document import Document, SliceSection
from apps.reports.engine.pictured import AtScore, Bar, Pictures, Stated
from apps.reports.engine.rounding import figure_text, step_of, stepped, unit_of
from apps.reports.pages import contents, wording
from apps.reports.pages.numbers import count
from apps.reports.pages.plots import (
    GroupRow,
    MirroredBar,
    NamedCurve,
    StatedPoint,
    group_rows,
    hundred_label,
    mirrored,
    named_curves,
    stated_and_true,
)
from apps.reports.pages.sheets.pictures import (
    MOST_IN_CHART,
    ends_of,
    farthest_group,
    is_like_all,
    ordered_slices,
    slice_title,
)

# The width of a page with its contents beside it.
PAGE = 960
Plots = tuple[Plot, Plot]
SHARE = Axis(hundred_label, limit=1.0)


def plots_of(document: Document, name: str) -> Plots | None:
    """Draw a picture for a wide page and for a phone; None where it is none of these, or has no figure."""
    if name == "slices":
        return _slices(document)
    pictures = document.get("pictures")
    drawn = {
        "calibration": _calibration,
        "scores": _scores,
        "thresholds": _thresholds,
        "levels": _levels,
        "stated": _stated,
    }
    return drawn[name](document, pictures) if pictures and name in drawn else None


def on_paper(document: Document, name: str) -> Plot | None:
    """Draw a picture for paper, where the page's plot is too wide to read."""
    return _slices_in(document, WIDE) if name == "slices" else None


def _calibration(document: Document, pictures: Pictures) -> Plots | None:
    groups = [group for group in pictures["calibration"] if group["figure"]["value"] is not None]
    if not groups:
        return None
    below = "stated, in percent"
    if document["task"] == "binary":
        below = f"stated chance of “{wording.class_name(document, document['positive_class'])}”, in percent"
    points = {id(group): _point(group) for group in groups}
    worst = farthest_group(groups)
    words = None
    if worst is not None:
        said, true = (hundredths(share, decimals=0) for share in (worst["stated"], worst["figure"]["value"] or 0.0))
        words = points[id(worst)], f"says {said} %, {true} % came true"
    wide, phone = (
        stated_and_true(list(points.values()), SHARE, below=below, words=words, width=width)
        for width in (COLUMN, PHONE)
    )
    return wide, phone


def _point(group: Stated) -> StatedPoint:
    true = group["figure"]["value"] or 0.0
    low, high = group["band"] or (true, true)
    return StatedPoint(group["stated"], true, low, high)


def _scores(document: Document, pictures: Pictures) -> Plots | None:
    bars: dict[float, MirroredBar] = {}
    for bar in pictures["scores"]:
        known = bars.get(bar["low"], MirroredBar(bar["low"], bar["high"], 0, 0, 0, 0))
        bars[bar["low"]] = _with(known, bar, is_positive=bar["said"] == document["positive_class"])
    shown = list(bars.values())
    if not any(b.positive_right + b.positive_wrong + b.negative_right + b.negative_wrong for b in shown):
        return None
    positive = wording.class_name(document, document["positive_class"])
    true = sum(b.positive_right + b.positive_wrong for b in shown)
    other = sum(b.negative_right + b.negative_wrong for b in shown)
    words = {
        "above": f"“{positive}”: {count(true)}",
        "under": f"not “{positive}”: {count(other)}",
        "below": f"stated chance of “{positive}”, in percent",
    }
    return mirrored(shown, SHARE, width=COLUMN, **words), mirrored(shown, SHARE, width=PHONE, **words)


def _with(known: MirroredBar, bar: Bar, *, is_positive: bool) -> MirroredBar:
    share = bar["positive"]["value"]
    if share is None:
        return known
    true, other = bar["n"] * share, bar["n"] * (1 - share)
    if is_positive:
        return MirroredBar(
            known.low, known.high, known.positive_right + true, known.positive_wrong, known.negative_right,
            known.negative_wrong + other,
        )  # fmt: skip
    return MirroredBar(
        known.low, known.high, known.positive_right, known.positive_wrong + true, known.negative_right + other,
        known.negative_wrong,
    )  # fmt: skip


CURVES = (("accuracy", "right", ""), ("precision", "precision", "second"), ("recall", "recall", "third"))


def _thresholds(document: Document, pictures: Pictures) -> Plots | None:
    picture = pictures["thresholds"]
    if not picture:
        return None
    curves = [NamedCurve(name, css, _curve(picture["points"], metric)) for metric, name, css in CURVES]
    if not any(curve.points for curve in curves):
        return None
    below = f"threshold for “{wording.class_name(document, document['positive_class'])}”, in percent"
    current = picture["current"]
    mark = None if current is None else (current, f"in use {hundredths(current, decimals=0)}")
    wide, phone = (named_curves(curves, SHARE, below=below, mark=mark, width=width) for width in (WIDE, PHONE))
    return wide, phone


def _curve(points: list[AtScore], metric: str) -> tuple[tuple[float, float, float, float], ...]:
    found = []
    for point in points:
        figure = point["figures"].get(metric)
        if figure is not None and figure["value"] is not None:
            value = figure["value"]
            low, high = (value if end is None else end for end in (figure["low"], figure["high"]))
            found.append((point["score"], value, low, high))
    return tuple(found)


def _levels(_document: Document, pictures: Pictures) -> Plots | None:
    figures = []
    for group in pictures["levels"]:
        low, high = group["band"] or (None, None)
        label = stepped(group["stated"], step_of(group["stated"], None, None))
        figures.append(Ranged(label, group["bias"]["value"], low, high, group["bias"]["code"] == "preliminary"))
    if all(figure.value is None for figure in figures):
        return None
    axis = Axis(number_label, has_zero=True)
    return over_time(figures, axis, width=COLUMN), over_time(figures, axis, width=PHONE)


def _stated(document: Document, pictures: Pictures) -> Plots | None:
    points = []
    for group in pictures["levels"]:
        bias, band = group["bias"]["value"], group["band"]
        if bias is not None:
            low, high = band or [bias, bias]
            points.append(
                StatedPoint(group["stated"], group["stated"] - bias, group["stated"] - high, group["stated"] - low)
            )
    if not points:
        return None
    below = f"predicted, in {document['names']['unit']}" if document["names"]["unit"] else "predicted"
    wide, phone = (
        stated_and_true(points, Axis(number_label), below=below, words=None, width=width) for width in (COLUMN, PHONE)
    )
    return wide, phone


def _slices(document: Document) -> Plots | None:
    wide, phone = _slices_in(document, PAGE), _slices_in(document, PHONE)
    return (wide, phone) if wide and phone else None


def _slices_in(document: Document, width: int) -> Plot | None:
    metric = contents.metric_over_time(document)
    found, together = ordered_slices(document)[:MOST_IN_CHART], document["sections"].get("all", {}).get(metric)
    if not found or together is None or together["value"] is None:
        return None
    unit = unit_of(metric)
    is_share = unit.kind == "share"
    axis = SHARE if is_share else Axis(number_label)
    heads = ["Who", "predictions", "right of 100" if is_share else "error", "likely"]
    heads.append(hundredths(together["value"], decimals=1) if is_share else figure_text(together, unit))
    rows = [_row(document, each, metric, is_share=is_share) for each in found]
    return group_rows(rows, axis, whole=together["value"], heads=heads, width=width)


def _row(document: Document, piece: SliceSection, metric: str, *, is_share: bool) -> GroupRow:
    figure = piece["figures"][metric]
    value = figure["value"] or 0.0
    low, high = ends_of(piece, metric) or (value, value)
    if is_share:
        text, ends = hundredths(value, decimals=1), [hundredths(end, decimals=1) for end in (low, high)]
    else:
        step = step_of(value, low, high)
        text, ends = stepped(value, step), [stepped(end, step) for end in (low, high)]
    return GroupRow(
        slice_title(document, piece),
        count(piece["n"]),
        value,
        low,
        high,
        text,
        " to ".join(ends),
        is_like_all(document, piece),
        figure["code"] == "preliminary",
    )
