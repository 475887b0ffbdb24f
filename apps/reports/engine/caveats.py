"""What a reader has to keep in mind, as codes with their numbers; the pages make sentences of them."""

from collections.abc import Iterator
from typing import Any

import structlog

from apps.reports.engine.document import Caveat, Part
from apps.reports.engine.estimating import drawn_from, floor_labels, judge_of, missed_errors
from apps.reports.engine.evidence import Evidence
from apps.reports.engine.selection import Selection
from apps.reports.engine.value import Value
from apps.reports.models import Kind
from apps.reports.services.window_frames import NO_BASELINE
from apps.stats.design.checks import check_draw
from apps.stats.estimate import MINIMUM_FLOOR_LABELS

log = structlog.get_logger(__name__)


def caveats(
    kind: str, evidence: Evidence, account: Any, parts: dict[Part, Selection], *, left_out: int
) -> list[Caveat]:
    """The most important first."""
    whole = parts["all"]
    if not whole.size:
        return [_caveat("no_population"), *_undrawn(evidence)]
    found = [*_of_open_days(evidence, parts), *_of_closed_days(evidence, parts), *_undrawn(evidence)]
    if left_out:
        found.append(_caveat("slices_left_out", n=left_out))
    if kind == Kind.VALUE:
        found += _of_value(evidence, account)
    if kind != Kind.PERFORMANCE:
        without = whole.cells[whole.cells["baseline"] == NO_BASELINE]["n"].sum()
        found += [_caveat("no_baseline", n=int(without))] if without else []
    return found


def _of_open_days(evidence: Evidence, parts: dict[Part, Selection]) -> Iterator[Caveat]:
    opened = parts.get("open")
    if opened is None:
        return
    yield _caveat("open_days", days=len(opened.cohorts), n=int(opened.size), share=opened.size / evidence.size)
    uncovered = float(opened.cells["n_uncovered"].sum())
    if uncovered:
        yield _caveat("not_drawn", n=int(uncovered), share=uncovered / evidence.size)
    counted = opened.draws[opened.draws["is_blind"]]
    held_back = int(counted["is_held_back"].sum())
    pending = counted[~counted["is_answered"] & ~counted["is_held_back"]]
    skipped = int(pending["is_skipped"].sum())
    if held_back:
        yield _caveat("not_drained", n=held_back, waiting=len(pending))
    if len(pending) - skipped:
        yield _caveat("waiting", n=len(pending) - skipped, drawn=len(counted))
    if skipped:
        yield _caveat("skipped", n=skipped)
    shown = int((~opened.draws["is_blind"] & opened.draws["is_answered"]).sum())
    if shown:
        yield _caveat("not_blind", n=shown)
    unsettled = int((counted["is_chosen"] & counted["is_answered"] & ~counted["is_settled"]).sum())
    if unsettled:
        yield _caveat("adjudication_open", n=unsettled)
    yield from _unsound(evidence, opened)
    labels, bound = floor_labels(opened), missed_errors(opened)
    if labels is not None and labels < MINIMUM_FLOOR_LABELS:
        yield _caveat("few_floor_labels", labels=round(labels))
    if bound is not None and bound < 1:
        yield _caveat("missed_errors", share=bound)


def _unsound(evidence: Evidence, opened: Selection) -> Iterator[Caveat]:
    """Sums over the draw that are not what they should be: then it was not drawn as was recorded."""
    if not evidence.is_current:
        return
    counted = opened.draws[opened.draws["is_blind"]]
    scored = counted["score"].fillna(0.0)
    totals = {"scores": (scored, float(opened.cells["sum_score"].sum()))}
    if opened.cells["n_uncovered"].any():
        totals = {}  # their scores are in the sum and cannot be in the draw
    for check in check_draw(drawn_from(judge_of(evidence), opened.cells), counted["pi"], totals=totals):
        if check.is_failed:
            log.error("draw_unsound", model=evidence.model.pk, check=check.name, p=check.p_value)
            yield _caveat("draw_unsound", check=check.name, expected=check.expected, found=check.found)


def _of_closed_days(evidence: Evidence, parts: dict[Part, Selection]) -> Iterator[Caveat]:
    closed = parts.get("closed")
    if closed is None:
        return
    unknown = int(closed.rows["truth"].isna().sum())
    if unknown:
        yield _caveat("outcomes_missing", n=unknown, share=unknown / len(closed.rows))
    absent = int(closed.rows["is_absent"].sum())
    if absent:
        model = evidence.model
        rule = model.encode(model.outcome_if_absent)
        yield _caveat("rule_for_absent", n=absent, value=model.label(rule))


def _of_value(evidence: Evidence, account: Any) -> Iterator[Caveat]:
    if isinstance(account, Value) and account.value_model is None:
        yield _caveat("no_value_model")
    elif isinstance(account, Value) and account.value_model and account.value_model.is_per_amount:
        seen = (evidence.rows["is_amount_missing"], evidence.items["is_amount_missing"])
        without = sum(int(missing.sum()) for missing in seen)
        if without:
            yield _caveat("no_amount", n=without)


def _undrawn(evidence: Evidence) -> list[Caveat]:
    return [_caveat("undrawn_batches", n=evidence.undrawn_batches)] if evidence.undrawn_batches else []


def _caveat(code: str, **details: Any) -> Caveat:
    return {"code": code, "details": details}
