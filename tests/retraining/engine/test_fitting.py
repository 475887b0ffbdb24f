"""Labels, encoding and cross-fitting: nobody judges a model that learned from them."""

import numpy as np
import pytest

from apps.registry.models.features import Feature
from apps.retraining.engine import fitting
from apps.retraining.engine.encoding import Columns, columns_of
from apps.retraining.engine.fitting import cross_fit, rule_name
from apps.retraining.engine.labels import Labels
from apps.retraining.engine.learners import LIGHTGBM, SKLEARN, XGBOOST, train


def labels_of(n=600, *, task="binary", seed=1, live=None, score=None, **changes):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, n)
    truth = (x > 0).astype(float) if task != "regression" else 3 * x
    columns = Columns(["x"], x[:, None], np.array([False]))
    given = {
        "task": task,
        "classes": 0 if task == "regression" else 2,
        "columns": columns,
        "live": np.zeros(n) if live is None else live,
        "score": np.full(n, np.nan) if score is None else score,
        "first": truth,
        "known": truth,
        "is_settled": np.zeros(n, dtype=bool),
        "q": np.full(n, np.nan),
        "weight": np.ones(n),
        "subject": np.arange(n) // 2,
        "amount": np.ones(n),
    }
    return Labels(**given | changes)


def test_numbers_categories_and_flags_become_columns_and_free_text_does_not():
    declared = [
        Feature("age"),
        Feature("town", type="category"),
        Feature("new", type="boolean"),
        Feature("note", "text"),
    ]
    rows = [
        {"age": 30, "town": "b", "new": True, "note": "hello"},
        {"age": None, "town": 7, "new": False, "note": "you"},
        {"age": "x", "town": None, "new": True, "note": ""},
    ]
    found = columns_of(rows, declared)
    # One number is left of the ages, so nothing varies but what is missing.
    assert found.names == ["age", "town", "new"]
    assert found.values[:, 1].tolist()[:2] == [1.0, 0.0]
    assert np.isnan(found.values[2, 1])
    assert found.is_category.tolist() == [False, True, False]


def test_a_feature_with_one_value_is_left_out():
    assert columns_of([{"a": 1}, {"a": 1}], [Feature("a")]).names == []


def test_undeclared_features_are_read_from_the_rows():
    assert columns_of([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], []).names == ["a", "b"]


def test_a_second_opinion_corrects_the_gain_by_its_chance():
    """Live says 0, candidate 1. The reviewer said 0, the adjudicator 1, q = ¼: −1 + (1 + 1)/¼ = 7."""
    labels = labels_of(1, live=np.array([0.0]), first=np.array([0.0]), known=np.array([1.0]))
    labels = labels_of(
        1,
        live=np.array([0.0]),
        first=np.array([0.0]),
        known=np.array([1.0]),
        is_settled=np.array([True]),
        q=np.array([0.25]),
    )
    assert labels.gains(np.array([1.0])).tolist() == [7.0]


def test_gains_of_numbers_are_how_much_closer_the_candidate_is():
    labels = labels_of(2, task="regression", live=np.array([5.0, 1.0]), first=np.zeros(2), known=np.zeros(2))
    assert labels.gains(np.array([2.0, -3.0])).tolist() == [3.0, -2.0]


@pytest.mark.parametrize("library", [SKLEARN, XGBOOST, LIGHTGBM])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_every_library_learns_what_is_easy(library, task):
    labels = labels_of(task=task, classes=2 if task == "binary" else 0)
    fitted = cross_fit(labels, library=library, seed=1, tell=lambda *_: None)
    at_all = fitted.trials[-1].mean
    assert at_all.mean() > (0.4 if task == "binary" else 1.0)


def test_no_candidate_learns_from_a_subject_that_judges_it(monkeypatch):
    labels, seen = labels_of(), []

    def spy(labels, within, held_out, **_):
        seen.append((set(labels.subject[within]), set(labels.subject[held_out])))
        return np.zeros((int(held_out.sum()), 2))

    monkeypatch.setattr(fitting, "_scores", spy)
    cross_fit(labels, library=SKLEARN, seed=1, tell=lambda *_: None)
    assert len(seen) == 5 * (2 + 2 + 1)
    assert all(not learned & judged for learned, judged in seen)


def test_a_model_with_a_threshold_of_its_own_is_met_with_as_many_positives():
    score = np.random.default_rng(2).random(600)
    live = (score > 0.9).astype(float)
    labels = labels_of(live=live, score=score)
    assert rule_name(labels) == "as_many"
    fitted = cross_fit(labels, library=SKLEARN, seed=1, tell=lambda *_: None)
    assert fitted.answers.mean() == pytest.approx(live.mean(), abs=0.01)


def test_a_class_that_nobody_saw_gets_no_probability():
    predict = train(
        SKLEARN,
        "multiclass",
        np.arange(40.0)[:, None],
        np.repeat([0.0, 2.0], 20),
        np.ones(40),
        classes=3,
        is_category=np.array([False]),
        seed=1,
    )
    found = predict(np.array([[1.0], [39.0]]))
    assert found[:, 1].tolist() == [0.0, 0.0]
    assert found.argmax(axis=1).tolist() == [0, 2]
