"""The demo's census data: for some days in autumn nearly all people live in group quarters, and accuracy falls.

Predictions are the publisher's own; expected values are computed below from plain counts of the same rows.
"""

from functools import cache
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from apps.demo.services.dataset import FOLDER
from apps.stats.comparison.decomposition import decompose
from apps.stats.comparison.partitions import choose_partition, moved_groups, unusual_days
from tests.stats.comparison.populations import Window

DAYS = 182
BEFORE, EVENT = range(63, 94), range(94, 124)  # the 30 days with the event, and the 31 before them
GROUP_QUARTERS = {16, 17}


@cache
def people() -> tuple[Any, np.ndarray, np.ndarray]:
    rows = pq.read_table(FOLDER / "production.parquet").to_pandas()
    truth = pq.read_table(FOLDER / "outcomes.parquet")["employed"].to_numpy().astype(int)
    return rows, truth, np.arange(len(rows)) * DAYS // len(rows)


def windows(groups: np.ndarray, *, pi: float = 1.0) -> list[Window]:
    rows, truth, day = people()
    made = []
    for number, days in enumerate((BEFORE, EVENT)):
        mine = np.isin(day, days)
        window = Window(
            groups[mine], rows["predicted_probability"].to_numpy()[mine].round(3), truth[mine], pi=pi,
            first_key=300_000 * number,
        )  # fmt: skip
        window.predicted = rows["prediction"].to_numpy()[mine].astype(int)
        made.append(window)
    return made


def divisions() -> dict[str, np.ndarray]:
    rows = people()[0]
    score = rows["predicted_probability"].to_numpy()
    bands = np.digitize(score, np.quantile(score, np.arange(0.1, 1, 0.1)))
    ages = np.digitize(rows["AGEP"].to_numpy(), [16, 25, 45, 65])
    others = {name: np.unique(rows[name], return_inverse=True)[1] for name in ("RELP", "SEX", "CIT")}
    return {"score": bands, "age": ages, **others}


def test_the_fall_is_explained_by_who_lived_in_group_quarters():
    tried = {name: windows(groups) for name, groups in divisions().items()}
    found = {
        name: decompose(*(each.side(1 + groups.max()) for each in tried[name])) for name, groups in divisions().items()
    }
    before, event = tried["RELP"]
    fall = float(event.is_right.mean() - before.is_right.mean())
    assert fall < -0.015
    for each in found.values():
        assert each.difference.value == pytest.approx(fall)
        assert each.mix.value + each.right.value == pytest.approx(fall, abs=1e-12)
    choice = choose_partition(list(found.values()))
    chosen = list(found)[choice.place]
    assert (chosen, choice.is_beyond_chance) == ("RELP", True)
    assert found[chosen].mix.value == pytest.approx(fall, abs=0.003)
    assert found[chosen].right.chance_low < 0 < found[chosen].right.chance_high
    codes = np.unique(people()[0]["RELP"])
    assert {int(codes[place]) for place in moved_groups(found[chosen].share)} == GROUP_QUARTERS


def test_the_days_of_the_event_are_found():
    rows, _, day = people()
    inside = np.isin(rows["RELP"], list(GROUP_QUARTERS))
    n = [int((day == each).sum()) for each in EVENT]
    some = [int((inside & (day == each)).sum()) for each in EVENT]
    stretch = unusual_days(n, some, usual=float(inside[np.isin(day, BEFORE)].mean()))
    assert stretch is not None
    # Days 116 to 123 of 182: above one half; on all others, below one tenth.
    assert [EVENT[stretch.first], EVENT[stretch.last]] == [116, 123]


def test_a_tenth_of_the_labels_says_the_same_with_a_range():
    groups = divisions()["RELP"]
    counted = decompose(*(each.side(1 + groups.max()) for each in windows(groups)))
    estimated = decompose(*(each.side(1 + groups.max()) for each in windows(groups, pi=0.1)))
    for known, part in ((counted.mix, estimated.mix), (counted.right, estimated.right)):
        assert part.low <= known.value <= part.high
    assert estimated.mix.high - estimated.mix.low < estimated.right.high - estimated.right.low
