"""Models with counted days, written straight into the counts, so that half a year takes no time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from apps.accounts.models import Project
from apps.monitoring.models import Counted, DayCount, Reference, Series, Stage
from apps.monitoring.services.history import newest
from apps.monitoring.services.placing import Layout
from apps.monitoring.services.references import SAMPLED, Sample, store
from apps.registry.models import MonitoredModel
from tests.factories import make_model

HOMES = ("flat", "house", "institution", "dormitory")
# What is usual, and days on which nearly everyone lives in a dormitory or an institution
USUAL, CROWDED = (0.46, 0.46, 0.04, 0.04), (0.01, 0.01, 0.45, 0.53)
EMPTY_OF = (0.5, 0.5, 0.0, 0.0)
# Share of right decisions by home
RIGHT = {"flat": 0.85, "house": 0.85, "institution": 0.92, "dormitory": 0.65}
FIRST = date(2026, 3, 2)


def model_with_homes(**changes: Any) -> MonitoredModel:
    codes = {name: name.capitalize() for name in HOMES}
    homes = {"name": "home", "type": "category", "label": "Home", "codes": codes}
    value = {"currency": "USD", "matrix": {"no": {"no": 0, "yes": -9}, "yes": {"no": -9, "yes": 0}}}
    return make_model(features=[homes], slices=[], value_model=value | {"review_cost": 0, "prices": {}}, **changes)


def count_days(
    model: MonitoredModel,
    days: int,
    shares: Callable[[int], tuple[float, ...]],
    *,
    rows: int = 800,
    known: Callable[[int], bool] = lambda _: True,
    right: Callable[[int, str], float] = lambda _, home: RIGHT[home],
    seed: int = 5,
    first: date = FIRST,
    with_slices: bool = False,
) -> None:
    """Write the counts of consecutive days: homes by their shares, and outcomes where they are known.

    The score tells the homes apart: each home has its own cell.
    """
    series = _series(model, with_slices=with_slices)
    layout, rng = Layout(series.values()), np.random.default_rng(seed)
    version, _ = model.versions.get_or_create(name="v1")
    for number in range(days):
        counts, sums = np.zeros(layout.size, dtype=np.int64), np.zeros(layout.size)
        homes = rng.multinomial(rows, shares(number))
        for home, n in enumerate(homes.tolist()):
            counts[series["home"].place + home] += n
            counts[series["cell"].place + home] += n
            if with_slices:
                counts[series["slice"].place + home] += n
            if known(number):
                wrong = rng.binomial(n, 1 - right(number, HOMES[home]))
                for key in ("loss", "slice_loss") if with_slices else ("loss",):
                    counts[series[key].place + home] += n
                    sums[series[key].place + home] += wrong
        day = first + timedelta(days=number)
        DayCount.objects.update_or_create(
            model=model, version=version, day=day, defaults={"counts": counts.tobytes(), "sums": sums.tobytes()}
        )
    state, _ = Counted.objects.get_or_create(model=model)
    state.revision += 1
    state.frozen_at = state.frozen_at or version.first_seen_at
    state.save()
    model.refresh_from_db()


def _series(model: MonitoredModel, *, with_slices: bool) -> dict[str, Series]:
    """The feature, the cells, one for each home, and their losses; the declared slice beside them."""
    cells = [f"{number}:yes" for number in range(len(HOMES))]
    wanted = {"home": (Stage.FEATURE, "home", HOMES), "cell": (Stage.CELL, "", cells), "loss": (Stage.LOSS, "", cells)}
    if with_slices:
        key = model.slice_list[0].key
        wanted |= {"slice": (Stage.SLICE, key, HOMES), "slice_loss": (Stage.SLICE_LOSS, key, HOMES)}
    found, place = {}, 0
    for key, (stage, name, names) in wanted.items():
        found[key], _ = Series.objects.get_or_create(
            model=model, stage=stage, name=name, defaults={"bins": {"names": list(names)}, "place": place}
        )
        place += found[key].frozen.size
    return found


def wide_model(project: Project, *, features: int, days: int) -> MonitoredModel:
    """A model with many counted features, and a reference with a sample."""
    model = make_model(project, "wide", features=[], slices=[])
    rng, place, layout = np.random.default_rng(1), 0, []
    for number in range(features):
        bins = {"edges": list(range(9)), "representatives": list(range(10)), "sd": 2.0}
        layout.append(Series(model=model, stage=Stage.FEATURE, name=f"f{number}", bins=bins, place=place))
        place += 11
    cells = {"names": [f"{bin_}:{name}" for name in ("no", "yes") for bin_ in range(20)]}
    for stage in (Stage.CELL, Stage.LOSS):
        layout.append(Series(model=model, stage=stage, name="", bins=cells, place=place))
        place += 42
    Series.objects.bulk_create(layout)
    version = model.versions.create(name="v1")
    rows = []
    for number in range(days):
        counts = rng.poisson(40, place)
        day = FIRST + timedelta(days=number)
        rows.append(
            DayCount(model=model, version=version, day=day, counts=counts.tobytes(), sums=(counts * 0.2).tobytes())
        )
    DayCount.objects.bulk_create(rows)
    Counted.objects.create(model=model, frozen_at=datetime.now(UTC), revision=1)
    counted = newest(model, before=FIRST + timedelta(days=days))
    assert counted is not None
    first = counted.between(FIRST, FIRST + timedelta(days=30))
    sampled = counted.layout.of_stage(Stage.FEATURE, Stage.CELL)
    codes = np.column_stack([rng.integers(0, each.frozen.size, SAMPLED) for each in sampled])
    totals = first.counts.sum(axis=0), first.sums.sum(axis=0)
    span, source = (first.start, first.end), Reference.Source.FIRST_DAYS
    store(model, source, *totals, Sample(sampled, codes), rows=int(first.rows.sum()), span=span, by=None)
    return model
