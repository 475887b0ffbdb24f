"""Pictures: where all outcomes are in, counts and shares equal scikit-learn's; else their ranges hold the truth."""

import numpy as np
import pytest
from sklearn import metrics

from tests.reports.worlds import close_days, label_draws, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db


def closed_world(size: int = 2_000):
    world = make_world(size, days=10)
    send_outcomes(world, range(size))
    close_days(world, before=10)
    return world


def test_of_a_closed_window_every_picture_is_counted():
    world = closed_world()
    made = report_of(world).document
    pictures = made["pictures"]
    predicted, score, true = world.select(range(10))

    # Rows: said "yes", said "no"; columns alike.
    (tn, fp), (fn, tp) = metrics.confusion_matrix(true, predicted)
    rows = pictures["matrix"]["rows"]
    counts = [[share["value"] * row["n"] for share in row["shares"]] for row in rows]
    assert pictures["matrix"]["groups"] == [["yes"], ["no"]]
    assert counts == [pytest.approx([tp, fp]), pytest.approx([fn, tn])]
    assert {share["method"] for row in rows for share in row["shares"]} == {"exact"}
    assert [each["value"] for each in pictures["matrix"]["found"]] == pytest.approx([tp / (tp + fn), tn / (tn + fp)])

    for point in pictures["thresholds"]["points"]:
        said = score >= point["score"]
        assert point["above"] == said.sum()
        expected = {
            "accuracy": metrics.accuracy_score(true, said),
            "precision": metrics.precision_score(true, said),
            "recall": metrics.recall_score(true, said),
        }
        assert {metric: each["value"] for metric, each in point["figures"].items()} == pytest.approx(expected)

    groups = pictures["calibration"]
    assert len(groups) == 10
    assert sum(group["n"] for group in groups) == 2_000
    assert sum(group["n"] * group["figure"]["value"] for group in groups) == pytest.approx(true.sum())
    assert sum(group["n"] * group["stated"] for group in groups) == pytest.approx(score.sum())
    assert all(group["band"][0] < group["figure"]["value"] < group["band"][1] for group in groups)

    bars = pictures["scores"]
    positive = sum(bar["n"] * bar["positive"]["value"] for bar in bars if bar["said"] == "yes")
    assert positive == pytest.approx(tp)

    answers = pictures["answers"]
    assert answers["stated"] == pytest.approx(score.mean())
    assert answers["figures"]["stated_gap"]["value"] == pytest.approx(true.mean() - score.mean())
    low, high = answers["by_chance"]["accuracy"]
    assert low < made["headline"]["figures"]["accuracy"]["value"] < high


def test_the_ranges_of_open_days_hold_the_truth():
    world = make_world(4_000, days=10)
    label_draws(world, answered=0.9)
    pictures = report_of(world).document["pictures"]
    predicted, score, true = world.select(range(10))

    (tn, fp), (fn, tp) = metrics.confusion_matrix(true, predicted)
    for row, counts in zip(pictures["matrix"]["rows"], ((tp, fp), (fn, tn)), strict=True):
        for share, count in zip(row["shares"], counts, strict=True):
            assert share["low"] * row["n"] <= count <= share["high"] * row["n"]
    assert all(group["figure"]["low"] < group["figure"]["value"] for group in pictures["calibration"])
    for point in pictures["thresholds"]["points"][3:-3]:
        figure = point["figures"]["accuracy"]
        # One threshold of twenty may miss: ranges hold one by one.
        assert figure["low"] - 0.02 <= metrics.accuracy_score(true, score >= point["score"]) <= figure["high"] + 0.02


def test_slices_are_told_from_the_whole_by_ranges_that_hold_at_once():
    made = report_of(closed_world()).document
    for piece in made["slices"]:
        low, high = piece["joint"]
        assert low < piece["figures"]["accuracy"]["value"] < high
        # Two slices at once: 97.5 % each, Wilson's with the normal quantile 2.2414.
        p, n = piece["figures"]["accuracy"]["value"], piece["n"]
        assert high - low == pytest.approx(2 * 2.2414 * np.sqrt(p * (1 - p) / n), rel=0.02)


def test_pictures_are_among_the_results_under_names_of_their_own():
    made = report_of(closed_world(600)).document
    found = {result["metric"]: result for result in made["results"]}
    share = made["pictures"]["matrix"]["rows"][0]["shares"][1]
    assert found["true_of_said:yes:no"]["value"] == share["value"]
    assert found["stated_gap"]["part"] == "closed"
    for start, number in (("came_true:", 10), ("accuracy_from:", len(made["pictures"]["thresholds"]["points"]))):
        assert sum(metric.startswith(start) for metric in found) == number
