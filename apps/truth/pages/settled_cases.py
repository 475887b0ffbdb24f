"""A reviewer's settled cases: their first answer beside the truth. Open cases and probes are never shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from django.core.paginator import Page, Paginator

from apps.accounts.models import Membership
from apps.predictions.models import Prediction
from apps.predictions.services import sightings
from apps.predictions.services.sightings import Place
from apps.registry.models import MonitoredModel
from apps.review.models import Decision, ReviewItem
from apps.review.services import sight

CASES_SHOWN = 25


@dataclass(frozen=True)
class SettledCase:
    """One answered case and its truth."""

    case: str
    answered_at: datetime
    first_answer: str
    truth: str
    differs: bool
    is_outcome: bool
    settled_at: datetime
    # the adjudicator's note; empty for an outcome
    note: str


def settled_page(
    model: MonitoredModel, own: pd.DataFrame, *, reader: Membership, number: str, only_differing: bool
) -> Page[SettledCase]:
    """Return one page of a person's settled cases, newest first, without those that its reader has yet to judge."""
    settled = own[own["is_settled"] & (own["purpose"] == ReviewItem.Purpose.REVIEW)]
    # A case that was reopened counts with its latest answer.
    settled = settled[settled["truth"].notna()].drop_duplicates("item", keep="last")
    awaited = sight.awaited_from(reader.user, model).values_list("item__prediction", flat=True)
    settled = settled[~settled["prediction"].isin(list(awaited))]
    if only_differing:
        settled = settled[settled["value"] != settled["truth"]]
    settled = settled.sort_values(["settled_at", "slot"], ascending=False)
    page: Page[SettledCase] = Paginator(settled["slot"].tolist(), CASES_SHOWN).get_page(number)
    start = page.start_index() - 1 if settled.shape[0] else 0
    shown = settled.iloc[start : start + CASES_SHOWN]
    sightings.note(shown["prediction"].tolist(), reader.user, Place.LIST)
    page.object_list = _settled_cases(model, shown)
    return page


def _settled_cases(model: MonitoredModel, rows: pd.DataFrame) -> list[SettledCase]:
    cases = dict(Prediction.objects.filter(pk__in=rows["prediction"].tolist()).values_list("pk", "external_id"))
    rulings = Decision.objects.answers().filter(slot__in=rows["adjudication"].dropna().astype(int).tolist())
    notes = dict(rulings.order_by("id").values_list("slot", "note"))
    return [_settled_case(model, row, case=cases[row["prediction"]], notes=notes) for row in rows.to_dict("records")]


def _settled_case(model: MonitoredModel, row: Mapping[Any, Any], *, case: str, notes: dict[int, str]) -> SettledCase:
    return SettledCase(
        case=case,
        answered_at=_moment(row["decided_at"]),
        first_answer=model.label(row["value"]),
        truth=model.label(row["truth"]),
        differs=row["value"] != row["truth"],
        is_outcome=row["is_outcome"],
        settled_at=_moment(row["settled_at"]),
        note="" if row["is_outcome"] else notes.get(row["adjudication"], ""),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
