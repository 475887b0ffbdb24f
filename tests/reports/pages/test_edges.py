"""What is neither none nor all, and neither nothing nor negative, never reads as such."""

import json
import re
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.charts import percent_label
from apps.reports.engine.document import Document
from apps.reports.engine.rounding import figure_text, money, percent, stepped, unit_of
from apps.reports.models import Report
from apps.reports.pages import wording
from apps.reports.pages.figures import range_text
from apps.reports.pages.numbers import in_hundred
from apps.reports.pages.sheets import KINDS, sheet_of, tables
from apps.reports.pages.sheets.baseline import _how_often
from tests.common.test_shares import number_in
from tests.reports.documents import document, figure


@given(st.floats(1e-6, 1e9), st.sampled_from([1e-3, 0.02, 1.0, 50.0, 2_000.0]))
def test_no_amount_reads_as_nothing(value: float, step: float) -> None:
    text = stepped(value, step)
    assert number_in(text) > 0
    assert abs(number_in(text) - value) <= step / 2 * (1 + 1e-9)
    assert stepped(-value, step) == f"−{text}"


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0.0"), (1.0, "100.0"), (1 - 1e-15, "100.0"), (0.9998, "99.98"), (0.00004, "0.004"), (0.9996, "99.96")],
)
def test_a_share_gets_the_decimals_that_tell_it_from_the_edge(share: float, said: str) -> None:
    assert percent(share) == f"{said}\u00a0%"


def test_a_difference_of_nearly_nothing_keeps_its_sign() -> None:
    points = unit_of("accuracy_difference")
    nearly = figure(-0.0002, 0.0001, method="plain-mod")
    assert (figure_text(nearly, points), range_text(nearly, points)) == (
        "−0.02\u00a0points",
        "−0.03 to −0.01\u00a0points",
    )
    assert money(0.4, currency="USD", step=500) == "$0.4"
    assert percent_label(0.9999999) == "99.99999%"
    assert _how_often(0.9997) == "99.97 times in 100"


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (0.9998, 0.9998, 0.9998, "In October 99.98 in 100 decisions were right."),
        (0.996, 0.97, 0.9997, "In October about 99.6 in 100 decisions were right (95\u00a0% range 97 to 99.97)."),
        (1.0, 0.97, 1.0, "In October about 100 in 100 decisions were right (95\u00a0% range 97 to 100)."),
        (0.002, 0.0, 0.03, "In October about 0.2 in 100 decisions were right (95\u00a0% range 0 to 3)."),
    ],
)
def test_the_first_sentence_says_100_only_of_all(value: float, low: float, high: float, said: str) -> None:
    made = document("performance", parts=[document("performance")["parts"][0]])
    made["parts"][0] |= {"part": "open", "start": "2026-10-01", "end": "2026-11-01"}
    method = "exact" if low == high else "wilson-mod"
    accuracy = figure(value, low=low, high=high, method=method, response_rate=0.95)
    made["headline"] = {"part": "open", "figures": {"accuracy": accuracy}}
    assert wording.lede(made) == said
    assert tables.share_key("Right", accuracy).text == in_hundred(value, decimals=1 if low == high else 0)


def nearly(share: float, kind: str) -> Document:
    """A document whose shares are all this close to the edge."""
    made: Any = document(kind)
    edge = {"value": share, "low": share - 1e-5, "high": share + 1e-5, "n": 412, "outcomes": 0, "reviews": 412}
    shares = {"response_rate": share, "outcome_share": share, "covered_share": share}
    for figures in (*made["sections"].values(), *(each["figures"] for each in (*made["series"], *made["slices"]))):
        for metric, known in figures.items():
            known.update(shares if "value" in metric else {"method": "logit-mod", **edge, **shares})
    made.pop("pictures", None)
    made["naive"] = {metric: {"value": share, "n": 9} for metric in made["naive"]}
    made["sample"] |= {"response_rate": share, "bounds": {"accuracy": [share - 1e-5, share]}}
    for entry in made["caveats"]:
        entry["details"] = {**entry["details"], "share": share}
    return made  # type: ignore[no-any-return]  # a document, changed


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("share", [0.99995, 0.00005])
def test_nothing_on_a_sheet_reads_as_none_or_all(kind: str, share: float) -> None:
    made = nearly(share, kind)
    text = json.dumps(asdict(sheet_of(Report(kind=kind, document=made))), ensure_ascii=False)
    assert f"{percent(share)}" in text
    assert not re.findall(r"(?<![\d.,])(?:0\.0|0|100\.0|100)(?: in 100|\u00a0%|\u00a0points)", text)
