"""Search the newest outcomes, or labels where there are none, for slices in which the model is weak."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.common.clock import database_now
from apps.common.isolation import one_by_one
from apps.monitoring.models import Series, Stage, WeakSearch
from apps.monitoring.services.expecting import document
from apps.monitoring.services.placing import Layout
from apps.monitoring.services.references import coded
from apps.monitoring.services.sent_rows import rows_of
from apps.monitoring.services.truth_counting import loss_of
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.sampling.models import Draw
from apps.stats.arrays import BoolArray, FloatArray, IntArray
from apps.stats.drift.conditions import Condition, Feature
from apps.stats.drift.conditions import rows_of as rows_inside
from apps.stats.drift.weak_slices import WeakSlice, find_weak_slices
from apps.truth.models import Ledger, Resolution

# The search reads so many of the newest outcomes, and this many features at most: those along which errors vary most.
NEWEST, SEARCHED = 50_000, 10_000
MOST_FEATURES = 60
LEAST_OUTCOMES = 1_000
AGAIN = timedelta(days=1)
SOONEST = timedelta(minutes=5)
SEED = 20_260_927
CANDIDATES = 20
# A slice that holds more of the predictions is not one that anybody can do something about.
LARGEST_SHARE = 0.3
# Slices that share no more of the smaller one count as apart.
SHARED = 0.05


def search_due() -> int:
    """Search where the record of truth has grown: once a day, and sooner while it grows by a quarter."""
    old = Q(weak_search__searched_at__lt=Now() - AGAIN)
    grown = Q(weak_search__searched_at__lt=Now() - SOONEST, weak_search__seq__lt=F("ledger__last_seq") * 3 / 4)
    is_due = Q(weak_search=None) | (Q(weak_search__seq__lt=F("ledger__last_seq")) & (old | grown))
    models = MonitoredModel.objects.active().filter(is_due, counted__frozen_at__isnull=False, ledger__last_seq__gt=0)
    return sum(one_by_one(models.select_related("project").order_by("pk"), search, name="seek_weak_slices"))


def search(model: MonitoredModel) -> bool:
    """Search once, and keep what was found."""
    began, seq = database_now(), Ledger.objects.get(model=model).last_seq
    keys, errors, pi = _judged(model)
    found = find(model, keys, errors, pi)
    with transaction.atomic():
        WeakSearch.objects.update_or_create(model=model, defaults={"searched_at": began, "seq": seq, **found})
    return True


def _judged(model: MonitoredModel) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return predictions with their errors: by outcomes, or by the labels of blind draws with their probability.

    Groups are those of logged predictions, each counted once whatever traffic it stands for.
    """
    known = _newest(model, "outcome")
    if len(known) >= LEAST_OUTCOMES:
        return *_with_loss(model, known), np.ones(min(len(known), SEARCHED))
    labeled = _newest(model, "label")
    draws = Draw.objects.filter(prediction__in=labeled, is_blind=True, counted_probability__gt=0)
    pi = dict(draws.values_list("prediction", "counted_probability"))
    keys, errors = _with_loss(model, {key: label for key, label in labeled.items() if key in pi})
    return keys, errors, np.array([pi[key] for key in keys.tolist()], dtype=np.float64)


def _newest(model: MonitoredModel, column: str) -> dict[int, float]:
    """Return the truth of the predictions that became known last."""
    rows = Resolution.objects.filter(model=model, **{f"{column}__isnull": False}).order_by("-seq", "-pk")
    found: dict[int, float] = {}
    for prediction, truth in rows.values_list("prediction_id", column)[:NEWEST]:
        found.setdefault(prediction, truth)
    return found


def _with_loss(model: MonitoredModel, truth: dict[int, float]) -> tuple[IntArray, FloatArray]:
    """Return some of these predictions and the loss of each."""
    keys = np.array(sorted(truth), dtype=np.int64)
    if len(keys) > SEARCHED:
        keys = np.sort(np.random.default_rng(SEED).choice(keys, SEARCHED, replace=False))
    predicted = dict(Prediction.objects.filter(pk__in=keys.tolist()).values_list("pk", "predicted"))
    decided, true = (np.array([each[key] for key in keys.tolist()], dtype=np.float64) for each in (predicted, truth))
    return keys, loss_of(model, decided, true)


def find(
    model: MonitoredModel, keys: IntArray, errors: FloatArray, pi: FloatArray, *, may_overlap: bool = True
) -> dict[str, Any]:
    """Find slices of these predictions, by ascending key, in which the errors are more than elsewhere.

    `n` is how many of them were searched: those whose features are still kept.
    Where they may not overlap, the most certain stays, and what shares more than a few of its predictions leaves.
    """
    layout = Layout.of(model)
    rows = list(rows_of(Prediction.objects.filter(pk__in=keys.tolist()), model=model))
    sample = coded(rows, model=model, layout=layout)
    stored = np.array([key for each in rows for key in each.keys], dtype=np.int64)
    if not len(stored):
        return {"n": 0, "code": "too_few", "slices": []}
    at = np.searchsorted(keys, stored)
    errors, pi = errors[at], pi[at]
    chosen = _telling(sample.series, sample.codes, errors, pi)
    features = [Feature(each.name, each.frozen) for each in chosen]
    codes = sample.codes[:, [sample.series.index(each) for each in chosen]]
    rng = np.random.default_rng(SEED)
    found = find_weak_slices(errors, pi, codes, features=features, rng=rng, candidates=CANDIDATES)
    kept = _without_repeats(found.slices)
    if not may_overlap:
        kept = _apart(kept, codes)
    return {"n": len(stored), "code": found.code or "", "slices": [_document(each, chosen) for each in kept]}


def _telling(series: Sequence[Series], codes: IntArray, errors: FloatArray, pi: FloatArray) -> list[Series]:
    """Return the features along which errors vary most."""
    features = [(place, each) for place, each in enumerate(series) if each.stage == Stage.FEATURE]

    def variation(place: int, size: int) -> float:
        weight = np.bincount(codes[:, place], 1 / pi, minlength=size)
        wrong = np.bincount(codes[:, place], errors / pi, minlength=size)
        return float((wrong**2 / np.maximum(weight, 1e-9)).sum())

    ordered = sorted(features, key=lambda each: -variation(each[0], each[1].frozen.size))
    return [each for _, each in sorted(ordered[:MOST_FEATURES], key=lambda each: each[0])]


def _without_repeats(slices: Iterable[WeakSlice]) -> list[WeakSlice]:
    """Keep what the other half confirms: each once, though both halves may have found it."""
    kept: dict[tuple[Condition, ...], WeakSlice] = {}
    for each in slices:
        if each.is_weak and each.share <= LARGEST_SHARE:
            kept.setdefault(each.conditions, each)
    return list(kept.values())


def _apart(slices: Iterable[WeakSlice], codes: IntArray) -> list[WeakSlice]:
    """Keep slices that share hardly any prediction with those before them."""
    kept: list[tuple[WeakSlice, BoolArray]] = []
    for each in slices:
        rows = rows_inside(each.conditions, codes)
        if all((rows & other).sum() <= SHARED * min(rows.sum(), other.sum()) for _, other in kept):
            kept.append((each, rows))
    return [each for each, _ in kept]


def _document(found: WeakSlice, features: Sequence[Series]) -> dict[str, Any]:
    bins: dict[str, set[int]] = {}
    for each in found.conditions:
        inside = set(range(each.first, each.last + 1))
        name = features[each.feature].name
        bins[name] = bins.get(name, inside) & inside
    return {
        "parts": [{"stage": Stage.FEATURE, "name": name, "bins": sorted(inside)} for name, inside in bins.items()],
        "share": found.share,
        "error": document(found.error),
        "rest": document(found.rest),
        "difference": document(found.difference),
        "q": found.q_value,
    }
