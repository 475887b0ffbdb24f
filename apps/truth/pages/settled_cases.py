"""What became of the cases that a person has answered: told once they are settled, never of cases that are probes.

A case whose answer is in use as gold is left out as well: it may be shown to the same person again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from django.core.paginator import Page, Paginator

from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.review.models import Decision, ReviewItem

CASES_SHOWN = 25


@dataclass(frozen=True)
class Settled:
    """A case of one's own, and what it turned out to be."""

    case: str
    answered_at: datetime
    said: str
    truth: str
    differs: bool
    is_outcome: bool
    settled_at: datetime
    # The adjudicator's word; an outcome comes without one.
    note: str


def settled_page(model: MonitoredModel, own: pd.DataFrame, *, number: str, only_differing: bool) -> Page[Settled]:
    """The person's settled cases, newest first, some at a time."""
    told = own[own["is_settled"] & (own["purpose"] == ReviewItem.Purpose.REVIEW)]
    # Of a case that came up again the latest answer.
    told = told[told["truth"].notna()].drop_duplicates("item", keep="last")
    if only_differing:
        told = told[told["value"] != told["truth"]]
    told = told.sort_values(["settled_at", "slot"], ascending=False)
    page: Page[Settled] = Paginator(told["slot"].tolist(), CASES_SHOWN).get_page(number)
    start = page.start_index() - 1 if told.shape[0] else 0
    page.object_list = _settled(model, told.iloc[start : start + CASES_SHOWN])
    return page


def _settled(model: MonitoredModel, rows: pd.DataFrame) -> list[Settled]:
    cases = dict(Prediction.objects.filter(pk__in=rows["prediction"].tolist()).values_list("pk", "external_id"))
    words = Decision.objects.answers().filter(slot__in=rows["adjudication"].dropna().astype(int).tolist())
    notes = dict(words.order_by("id").values_list("slot", "note"))
    return [_told(model, row, case=cases[row["prediction"]], notes=notes) for row in rows.to_dict("records")]


def _told(model: MonitoredModel, row: Mapping[Any, Any], *, case: str, notes: dict[int, str]) -> Settled:
    return Settled(
        case=case,
        answered_at=_moment(row["decided_at"]),
        said=model.label(row["value"]),
        truth=model.label(row["truth"]),
        differs=row["value"] != row["truth"],
        is_outcome=row["is_outcome"],
        settled_at=_moment(row["settled_at"]),
        note="" if row["is_outcome"] else notes.get(row["adjudication"], ""),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
