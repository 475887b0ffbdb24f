"""What each figure of a report is: which predictions, which metric, and how it is scaled or compared.

Somebody who computes the report anew reads this instead of the engine. Each entry has the place of its figure in the
document (`at`), days (`part`, or `days` counted from the window's start), and for some a slice, a group or a threshold.
`docs/checking-a-report.md` describes the fields.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from apps.reports.engine.document import Document, GroupSet, Loss
from apps.reports.engine.estimating import Fit, MulticlassFit, RegressionFit
from apps.reports.engine.evidence import between, headline_part, parts_of
from apps.reports.engine.evidence_tables import Expected, expected_of, values_of
from apps.reports.engine.pictured import Bar, MatrixPicture, Pictures, ThresholdPicture
from apps.stats.comparison.above_average import level_of_each
from apps.stats.estimators.by_chance import joint_level
from apps.stats.estimators.expected_loss import quantile_bins
from apps.stats.estimators.level_groups import GROUPS
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.intervals import LEVEL

PER = 1_000
Spec = dict[str, Any]
# Metrics that need to be named otherwise than in the document, by the name there.
OF_MONEY: dict[str, Spec] = {
    "value_total": {"metric": "value", "is_total": True},
    "value_per_1000": {"metric": "value", "times": PER},
    "baseline_value_total": {"metric": "value_baseline", "is_total": True},
    "baseline_value_per_1000": {"metric": "value_baseline", "times": PER},
    "value_difference": {"metric": "value_difference", "is_total": True},
    "value_difference_per_1000": {"metric": "value_difference", "times": PER},
    "accuracy_point_value": {"metric": "accuracy_point"},
}
OF_BASELINE = ("accuracy_baseline", "value_baseline")
# What chance adds to a range: the variance of this, by metric. Of shares it follows from the share.
SPREADS = {"stated_gap": "stated", "accuracy_difference": "apart", "mae": "errors", "bias": "signed_errors"}


def figures_of(fit: Fit, document: Document) -> list[Spec]:
    """Describe every figure of the document that its evidence rebuilds; classes by their position."""
    return list(_Figures(fit, document).each())


class _Figures:
    def __init__(self, fit: Fit, document: Document) -> None:
        self.fit = fit
        self.document = document
        self.class_names: list[str] = [] if isinstance(fit, RegressionFit) else fit.class_names
        self.start = date.fromisoformat(document["window"]["start"])
        self.headline: Spec = {"part": document["headline"]["part"]}

    def each(self) -> Iterator[Spec]:
        document = self.document
        for name, figures in document["sections"].items():
            yield from self._metrics(["sections", name], figures, {"part": name})
        yield from self._metrics(["headline", "figures"], document["headline"]["figures"], self.headline)
        for place, point in enumerate(document["series"]):
            days = {"days": [self._day(point["start"]), self._day(point["end"])]}
            yield from self._metrics(["series", place, "figures"], point["figures"], days)
        yield from self._slices()
        if pictures := document.get("pictures"):
            yield from self._pictures(pictures)
        if groups := document.get("groups"):
            level = level_of_each(groups["compared"], level=LEVEL)
            for place, compared in enumerate(groups["sets"]):
                yield from self._groups(["groups", "sets", place, "values"], compared, level)
        if value := document.get("value"):
            if "loss_average" in value:
                yield {"at": ["value", "loss_average"], **self.headline, "metric": "loss", "times": PER}
            for place, loss in enumerate(value["losses"]):
                yield from self._losses(["value", "losses", place], loss, value.get("losses_tested", 0))

    def _metrics(self, at: list[Any], figures: Any, where: Spec) -> Iterator[Spec]:
        for name in figures:
            spec = {"at": [*at, name], **where, **self._metric(name)}
            if isinstance(self.fit, MulticlassFit) and spec["metric"] in OF_BASELINE:
                spec["expected"] = self._of_baseline(where)
            yield spec

    def _of_baseline(self, where: Spec) -> Expected | None:
        """Return what is expected of the baseline's classes: it is fitted to the labels of these predictions alone."""
        evidence = self.fit.evidence
        if "days" in where:
            first, last = (evidence.start + timedelta(days=day) for day in where["days"])
            selection = between(evidence, first, last)
        else:
            selection = parts_of(evidence)[where["part"]]
        if "slice" in where:
            name = evidence.slice_names[where["slice"][0]]
            selection = replace(selection, slice_name=name, slice_value=values_of(evidence, name)[where["slice"][1]])
        assert isinstance(self.fit, MulticlassFit)
        swapped = self.fit.of(selection).swapped
        return expected_of(swapped.fitted) if swapped.population.size else None

    def _metric(self, name: str) -> Spec:
        if name in OF_MONEY:
            return dict(OF_MONEY[name])
        if name == "kappa" and self.document["kind"] == "baseline":
            return {"metric": "agreement"}
        if name.startswith("baseline_"):
            return {"metric": name.removeprefix("baseline_") + "_baseline"}
        metric, _, label = name.partition(":")
        return {"metric": metric, "class": self.class_names.index(label)} if label else {"metric": metric}

    def _slices(self) -> Iterator[Spec]:
        slices = self.document["slices"]
        is_number = not self.class_names
        lead: Spec = {
            "metric": ("within" if "tolerance" in self.document["names"] else "mae") if is_number else "accuracy"
        }
        for place, piece in enumerate(slices):
            where = {"part": "all", "slice": self._slice(piece["name"], piece["value"])}
            yield from self._metrics(["slices", place, "figures"], piece["figures"], where)
            if piece.get("joint"):
                chance = {"chance": "errors" if lead["metric"] == "mae" else "share", "level": joint_level(len(slices))}
                yield {"at": ["slices", place, "joint"], **where, **lead, **chance}

    def _pictures(self, pictures: Pictures) -> Iterator[Spec]:
        answers, at = pictures["answers"], ["pictures"]
        for name in answers["figures"]:
            yield {"at": [*at, "answers", "figures", name], **self.headline, "metric": name}
        for name in answers["by_chance"]:
            chance = SPREADS.get(name, name.partition(":")[0])
            by_chance = {**self._metric(name), "chance": chance}
            yield {"at": [*at, "answers", "by_chance", name], **self.headline, **by_chance}
        if matrix := pictures["matrix"]:
            yield from self._matrix([*at, "matrix"], matrix)
        yield from self._calibration([*at, "calibration"], len(pictures["calibration"]))
        for place, bar in enumerate(pictures["scores"]):
            which = {"bin": self._bar(bar), "said": [self.class_names.index(bar["said"])]}
            yield {
                "at": [*at, "scores", place, "positive"],
                **self.headline,
                **which,
                "metric": "accuracy",
                "decide": 0,
            }
        if thresholds := pictures["thresholds"]:
            yield from self._thresholds([*at, "thresholds", "points"], thresholds)
        yield from self._levels([*at, "levels"], len(pictures["levels"]))

    def _matrix(self, at: list[Any], matrix: MatrixPicture) -> Iterator[Spec]:
        groups = [[self.class_names.index(name) for name in group] for group in matrix["groups"]]
        for row, said in enumerate(groups):
            for column, true in enumerate(groups):
                share = {"said": said, "metric": "share", "class": true}
                yield {"at": [*at, "rows", row, "shares", column], **self.headline, **share}
        for place, group in enumerate(group for group in groups if len(group) == 1):
            yield {"at": [*at, "found", place], **self.headline, "metric": "recall", "class": group[0]}

    def _calibration(self, at: list[Any], count: int) -> Iterator[Spec]:
        groups = self._neighbors(count)
        for place, bins in enumerate(groups):
            came_true = {**self.headline, "bin": bins, "metric": "accuracy", "decide": 0}
            yield {"at": [*at, place, "figure"], **came_true}
            yield {"at": [*at, place, "band"], **came_true, "chance": "share", "level": joint_level(len(groups))}

    def _thresholds(self, at: list[Any], thresholds: ThresholdPicture) -> Iterator[Spec]:
        for place, point in enumerate(thresholds["points"]):
            first = int(np.abs(self.fit.evidence.score_bins.bounds - point["score"]).argmin())
            for name in point["figures"]:
                yield {"at": [*at, place, "figures", name], **self.headline, "decide": first, "metric": name}

    def _levels(self, at: list[Any], count: int) -> Iterator[Spec]:
        groups = self._neighbors(count)
        for place, bins in enumerate(groups):
            level = {**self.headline, "bin": bins, "metric": "bias"}
            yield {"at": [*at, place, "bias"], **level}
            yield {"at": [*at, place, "error"], **level, "metric": "mae"}
            yield {"at": [*at, place, "band"], **level, "chance": "signed_errors", "level": joint_level(len(groups))}

    def _neighbors(self, count: int) -> list[list[int]]:
        """Return the bins of each group of neighboring scores, or levels, that a picture shows."""
        if not count:
            return []
        estimator = self.fit.of(headline_part(self.fit.evidence))
        bins, place = np.unique(estimator.population.bin, return_inverse=True)
        ends = quantile_bins(bins, np.bincount(place, estimator.population.n), count=GROUPS)
        group = np.searchsorted(ends, bins)
        labeled = set(
            np.searchsorted(ends, estimator.bins if isinstance(estimator, RegressionEstimator) else bins).tolist()
        )
        return [bins[group == each].tolist() for each in np.unique(group).tolist() if each in labeled]

    def _bar(self, bar: Bar) -> list[int]:
        """Return the bins whose mean score lies in a bar; its upper end belongs to the last one."""
        cells = self.fit.of(headline_part(self.fit.evidence)).population
        bins, place = np.unique(cells.bin, return_inverse=True)
        means = np.bincount(place, cells.sum_score) / np.bincount(place, cells.n)
        mine = (means >= bar["low"]) & ((means < bar["high"]) | (means == means.max()) & (means == bar["high"]))
        return [int(each) for each in bins[mine]]

    def _slice(self, name: str, value: str) -> list[int]:
        """Return the positions of a slice and of its value."""
        evidence = self.fit.evidence
        return [evidence.slice_names.index(name), values_of(evidence, name).index(value)]

    def _groups(self, at: list[Any], compared: GroupSet, level: float) -> Iterator[Spec]:
        label = self.class_names.index(compared["of_class"]) if compared["of_class"] else None
        for place, group in enumerate(compared["values"]):
            for name in group["figures"]:
                yield {
                    "at": [*at, place, "figures", name],
                    **self._of_group(compared["name"], group["value"], name, label, level),
                }
            for name in group["against"]:
                measure = {"selection_ratio": "selection_rate"}.get(name, name.removesuffix("_gap"))
                both = [
                    self._of_group(compared["name"], value, measure, label, level)
                    for value in (group["value"], compared["reference"])
                ]
                how = "ratio" if name == "selection_ratio" else "difference"
                yield {"at": [*at, place, "against", name], "how": how, "of": both}

    def _of_group(self, name: str, value: str, measure: str, label: int | None, level: float) -> Spec:
        where: Spec = {**self.headline, "slice": self._slice(name, value), "level": level, "class": label}
        if measure == "false_alarms":
            return {**where, "metric": "specificity", "times": -1, "plus": 1}
        return {**where, "metric": {"found": "recall", "selection_rate": "selection"}.get(measure, measure)}

    def _losses(self, at: list[Any], loss: Loss, tested: int) -> Iterator[Spec]:
        where = {**self.headline, "slice": self._slice(loss["name"], loss["value"])}
        yield {"at": [*at, "lost"], **where, "metric": "loss", "is_total": True}
        level = level_of_each(tested, level=LEVEL)
        both = [
            {**where, "metric": "loss", "level": level, "is_rest": is_rest, "times": PER} for is_rest in (False, True)
        ]
        yield {"at": [*at, "above"], "how": "above", "of": both}

    def _day(self, day: str) -> int:
        return (date.fromisoformat(day) - self.start).days
