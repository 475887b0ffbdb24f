"""The demo's census data through the product: August against September, and one version against another.

A tenth of the people, with the publisher's own predictions; expected values are plain counts of the same rows.
"""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from apps.demo.services.codebook import FEATURES
from apps.demo.services.dataset import FOLDER
from apps.demo.services.documents import MODEL_DOCUMENT
from apps.demo.services.rows import CLASSES
from apps.registry.models import MonitoredModel
from apps.registry.services import registering
from apps.reports.services.cause_words import cause_sentences
from apps.reports.services.comparisons import Side
from apps.reports.services.moves import headline
from apps.sampling.services.policies import put_document
from apps.truth.services import resolving
from tests.factories import draw_all, make_project, push_outcomes, push_predictions
from tests.reports.compared import compared

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AUGUST, SEPTEMBER, OCTOBER = (date(2025, month, 1) for month in (8, 9, 10))
# Of 182 days, the 94th is the first of September: nearly all people of 23 to 30 September live in group quarters.
DAYS, FIRST = 182, 94
EVENT = ("2025-09-23", "2025-10-01")
GROUP_QUARTERS = ["16", "17"]


@pytest.fixture
def people() -> pd.DataFrame:
    rows = pq.read_table(FOLDER / "production.parquet").to_pandas()
    rows["truth"] = pq.read_table(FOLDER / "outcomes.parquet")["employed"].to_numpy()
    day = np.arange(len(rows)) * DAYS // len(rows) - FIRST
    rows["day"] = [SEPTEMBER + timedelta(days=int(each)) for each in day]
    rows = rows[(rows["day"] >= AUGUST) & (rows["day"] < OCTOBER)].iloc[::10].reset_index(drop=True)
    # The second version says yes from 0.6 on.
    rows["version"] = np.where(np.arange(len(rows)) % 2, "second", "first")
    bar = np.where(rows["version"] == "second", 0.6, 0.5)
    rows["said"] = rows["predicted_probability"] >= bar
    return rows


@pytest.fixture
def model(people: pd.DataFrame) -> MonitoredModel:
    """All outcomes are in."""
    made = registering.put_model(make_project(), slug="employment", document={**MODEL_DOCUMENT, "maturity_days": 1})
    put_document(made, {"floor": 0.001})
    told = people.to_dict("records")
    predictions = [
        {
            "id": str(row["id"]),
            "predicted_at": datetime.combine(row["day"], datetime.min.time(), tzinfo=UTC).isoformat(),
            "version": row["version"],
            "features": {name: int(row[name]) for name in FEATURES},
            "prediction": CLASSES[int(row["said"])],
            "score": float(row["predicted_probability"]),
        }
        for row in told
    ]
    outcomes = [
        {"id": str(row["id"]), "outcome": CLASSES[int(row["truth"])], "occurred_at": "2025-10-20T00:00:00Z"}
        for row in told
    ]
    push_predictions(made, predictions)
    draw_all(made)
    push_outcomes(made, outcomes)
    resolving.resolve_due()
    return made


def test_september_is_explained_by_who_came_and_versions_by_how_they_decide(
    people: pd.DataFrame, model: MonitoredModel
) -> None:
    right = people["said"] == people["truth"]
    is_september = people["day"] >= SEPTEMBER
    fall = float(right[is_september].mean() - right[~is_september].mean())
    document = compared(model, first=Side(AUGUST, SEPTEMBER), second=Side(SEPTEMBER, OCTOBER)).document
    why = document["why"]
    parts = {part["name"]: part for part in why["parts"]}
    assert document["differences"]["accuracy"]["value"] == pytest.approx(fall, abs=1e-12)
    assert sum(part["value"] for part in parts.values()) == pytest.approx(fall, abs=1e-12)
    assert parts["mix"]["chance_high"] < 0
    assert parts["right"]["chance_low"] < 0 < parts["right"]["chance_high"]
    cause = why["cause"]
    assert (cause["kind"], cause["name"], cause["is_beyond_chance"]) == ("slice", "Home", True)
    assert sorted(cause["moved"]) == GROUP_QUARTERS
    assert (cause["days"]["side"], cause["days"]["start"], cause["days"]["end"]) == (1, *EVENT)
    assert headline(document)
    assert "group quarters" in " ".join(cause_sentences(document)).lower()

    days = {"start": AUGUST, "end": OCTOBER}
    document = compared(model, first=Side(**days, version="first"), second=Side(**days, version="second")).document
    is_second = people["version"] == "second"
    change = float(right[is_second].mean() - right[~is_second].mean())
    parts = {part["name"]: part for part in document["why"]["parts"]}
    assert document["differences"]["accuracy"]["value"] == pytest.approx(change, abs=1e-12)
    assert sum(part["value"] for part in parts.values()) == pytest.approx(change, abs=1e-12)
    assert not document["why"]["cause"]["is_beyond_chance"]
