"""The state of the review sample and of the days, and the caveats that follow, as codes for the pages to word."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import structlog

from apps.reports.engine.document import LOW_RESPONSE, Caveat, Cohorts, Figures, Part, SampleSection
from apps.reports.engine.estimating import Fit, MulticlassFit, labels_by_chance, missed_errors
from apps.reports.engine.evidence import NO_BASELINE, Evidence, Selection
from apps.reports.engine.protocol import Topic
from apps.reports.engine.selective import EXPLORED, HIDDEN
from apps.reports.engine.value import Value
from apps.reports.models import Kind
from apps.sampling.models import SUMS
from apps.stats.design.checks import check_draw
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS
from apps.truth.services.cohorts import FINAL, MATURING, PROVISIONAL

log = structlog.get_logger(__name__)


def cohort_section(evidence: Evidence) -> Cohorts:
    states = [cohort.state for cohort in evidence.cohorts]
    final = [cohort.day for cohort in evidence.cohorts if cohort.state == FINAL]
    return {
        "final": states.count(FINAL),
        "maturing": states.count(MATURING),
        "provisional": states.count(PROVISIONAL),
        "maturity_days": evidence.model.maturity_days,
        "final_through": max(final).isoformat() if final else None,
    }


def population_section(evidence: Evidence) -> dict[str, float]:
    """Sum what the figures use, over all cells, and count the predictions of days that left."""
    return {name: float(evidence.cells[name].sum()) for name in SUMS} | {"left_out": evidence.left_out}


def sample_section(evidence: Evidence, figures: Figures) -> SampleSection:
    """Count the review sample of the open days; what left is in `drawn`, `counted` and `left_out` alone.

    `figures` are those of these days, with their bounds.
    """
    draws, left = (
        frame[frame["is_open"] & (frame["part"] != EXPLORED)] for frame in (evidence.draws, evidence.left.draws)
    )
    counted = draws[draws["is_blind"]]
    answered = counted[counted["is_answered"]]
    pending = counted[~counted["is_answered"] & ~counted["is_held_back"]]
    left_out = int(left["is_blind"].sum())
    settled, agrees = answered[answered["is_settled"]], evidence.model.agrees
    return {
        "drawn": len(draws) + len(left),
        "counted": len(counted) + left_out,
        "left_out": left_out,
        "answered": len(answered),
        "waiting": int((~pending["is_skipped"]).sum()),
        "skipped": int(pending["is_skipped"].sum()),
        "response_rate": len(answered) / len(counted) if len(counted) else None,
        "adjudication_chosen": int(answered["is_chosen"].sum()),
        "adjudicated": len(settled),
        "overturned": int((~np.asarray(agrees(settled["adjudicated"], settled["label"]), dtype=np.bool_)).sum()),
        "bounds": {metric: bounds for metric, figure in figures.items() if (bounds := figure.get("bounds"))},
    }


def caveats(
    kind: str, evidence: Evidence, topic: Topic, parts: dict[Part, Selection], *, slices_left_out: int
) -> list[Caveat]:
    """List all caveats, the most important first."""
    whole = parts["all"]
    if not whole.size:
        return [_caveat("no_population"), *_undrawn(evidence)]
    entries = [
        *_logged_in_part(evidence, whole),
        *_left_out(evidence),
        *_of_open_days(evidence, topic.fit, parts),
        *_of_closed_days(evidence, parts),
        *_undrawn(evidence),
    ]
    entries += _unsliced(evidence)
    if slices_left_out:
        entries.append(_caveat("slices_left_out", n=slices_left_out))
    if kind == Kind.PERFORMANCE and isinstance(topic.fit, MulticlassFit) and topic.fit.leaves_classes_out:
        shown = len(topic.fit.main_classes)
        entries.append(_caveat("classes_left_out", n=len(topic.fit.class_names) - shown, shown=shown))
    if isinstance(topic, Value):
        entries += _of_value(evidence, topic)
    if kind != Kind.PERFORMANCE:
        without = whole.cells[whole.cells["baseline"] == NO_BASELINE]["n"].sum()
        entries += [_caveat("no_baseline", n=int(without))] if without else []
    return entries


def _logged_in_part(evidence: Evidence, whole: Selection) -> Iterator[Caveat]:
    if not evidence.is_all_logged:
        lowest, highest = evidence.log_shares
        yield _caveat("logged_in_part", lowest=lowest, highest=highest, n=int(whole.size), traffic=whole.traffic)


def _left_out(evidence: Evidence) -> Iterator[Caveat]:
    """Name the days received that left the figures, because nothing received on them is answered."""
    cells, draws = evidence.left.cells, evidence.left.draws
    for part, is_open in (("open", True), ("closed", False)):
        gone = cells[(cells["slice_name"] == "") & (cells["is_open"] == is_open)]
        if gone.empty:
            continue
        n = float(gone["n"].sum())
        yield _caveat(
            "days_left_out",
            part=part,
            received=[day.isoformat() for day in sorted(set(gone["received_day"]))],
            through=_through(evidence, gone),
            cases=int((draws["is_blind"] & (draws["is_open"] == is_open)).sum()),
            n=int(n),
            share=n / evidence.received,
        )


def _through(evidence: Evidence, gone: pd.DataFrame) -> str | None:
    """Return the last day of the figures, if later ones left."""
    last = max(evidence.cells["day"])
    return last.isoformat() if last < max(gone["day"]) else None


def _of_open_days(evidence: Evidence, fit: Fit, parts: dict[Part, Selection]) -> Iterator[Caveat]:
    opened = parts.get("open")
    if opened is None:
        return
    if opened.size:
        days = opened.cells["day"].nunique()
        yield _caveat("open_days", days=days, n=int(opened.size), share=opened.size / evidence.received)
    uncovered = float(opened.cells["n_uncovered"].sum())
    if uncovered:
        yield _caveat("not_drawn", n=int(uncovered), share=uncovered / evidence.received)
    yield from _of_sample(opened)
    yield from _unsound(evidence, fit, opened)
    labels, bound = labels_by_chance(opened), missed_errors(fit, opened)
    if labels is not None and labels < MINIMUM_CHANCE_LABELS:
        yield _caveat("few_floor_labels", labels=round(labels))
    if bound is not None and bound < 1:
        yield _caveat("missed_errors", share=bound)


def _of_sample(opened: Selection) -> Iterator[Caveat]:
    yield from _not_drained(opened)
    counted = opened.draws[opened.draws["is_blind"]]
    pending = counted[~counted["is_answered"] & ~counted["is_held_back"]]
    skipped = int(pending["is_skipped"].sum())
    if len(pending) - skipped:
        yield _caveat("waiting", n=len(pending) - skipped, drawn=len(counted))
    if skipped:
        yield _caveat("skipped", n=skipped)
    rate = opened.basis.response_rate
    if rate is not None and 0 < rate < LOW_RESPONSE:
        yield _caveat("low_response", rate=rate)
    shown = int((~opened.draws["is_blind"] & opened.draws["is_answered"]).sum())
    if shown:
        yield _caveat("not_blind", n=shown)
    unsettled = int((counted["is_chosen"] & counted["is_answered"] & ~counted["is_settled"]).sum())
    if unsettled:
        yield _caveat("adjudication_open", n=unsettled)


def _not_drained(opened: Selection) -> Iterator[Caveat]:
    """Count answers held back, also of days that left for that reason, and the cases that they wait for."""
    draws = pd.concat([opened.draws, opened.left_draws])
    counted = draws[draws["is_blind"]]
    held = counted[counted["is_held_back"]]
    begun = counted[counted["is_answered"] | counted["is_held_back"]]["received_day"]
    pending = counted[~counted["is_answered"] & ~counted["is_held_back"] & ~counted["is_skipped"]]
    waiting = pending["queue_id"].isin(held["queue_id"]) & pending["received_day"].isin(begun)
    if len(held):
        yield _caveat("not_drained", n=len(held), waiting=int(waiting.sum()))


def _unsound(evidence: Evidence, fit: Fit, opened: Selection) -> Iterator[Caveat]:
    """Report a draw that did not follow its recorded probabilities; days that left were drawn alike."""
    drawn = pd.concat([opened.draws, opened.left_draws])
    counted = drawn[drawn["is_blind"]]
    population = fit.drawn_from(pd.concat([opened.cells, opened.left_cells]))
    check = check_draw(population, predicted=fit.classes(counted["predicted"]), bin=counted["score_bin"])
    if check.is_failed:
        log.error("draw_unsound", model=evidence.model.pk, p=check.p_value)
        yield _caveat("draw_unsound", expected=check.expected_there, found=check.found_there, share=check.share)


def _of_closed_days(evidence: Evidence, parts: dict[Part, Selection]) -> Iterator[Caveat]:
    closed = parts.get("closed")
    if closed is None:
        return
    yield from _selective(evidence, closed)
    unknown = int(closed.rows["truth"].isna().sum())
    if unknown:
        yield _caveat("outcomes_missing", n=unknown, share=unknown / len(closed.rows))
    absent = int(closed.rows["is_absent"].sum())
    if absent:
        model = evidence.model
        rule = model.encode(model.outcome_if_absent)
        yield _caveat("rule_for_absent", n=absent, value=model.label(rule))


def _selective(evidence: Evidence, closed: Selection) -> Iterator[Caveat]:
    """Say what stands for predictions of closed days whose outcomes the decision has removed."""
    sizes = closed.cells.groupby("part")["n"].sum()
    sample = closed.draws[closed.draws["is_open"] & closed.draws["is_blind"] & closed.draws["is_answered"]]
    answered = sample.groupby("part").size()
    hidden, explored = (int(sizes.get(part, 0)) for part in (HIDDEN, EXPLORED))
    if hidden:
        share, reviews = hidden / evidence.received, int(answered.get(HIDDEN, 0))
        if closed.is_unseen:
            yield _caveat("not_observable", n=hidden, share=share)
        else:
            yield _caveat("reviews_for_hidden", n=hidden, share=share, reviews=reviews)
    if explored:
        share = explored / evidence.received
        yield _caveat("let_through", n=explored, share=share, outcomes=int(answered.get(EXPLORED, 0)))


def _of_value(evidence: Evidence, value: Value) -> Iterator[Caveat]:
    if value.value_model is None:
        yield _caveat("no_value_model")
    elif value.value_model.is_per_amount and evidence.without_amount:
        yield _caveat("no_amount", n=evidence.without_amount)


def _unsliced(evidence: Evidence) -> Iterator[Caveat]:
    """Report the predictions that are in no value of a slice: not filled in yet, or never to be."""
    pieces, n = evidence.slices, round(evidence.size)
    for name in evidence.slice_names:
        missing = n - round(float(pieces["n"][pieces["slice_name"] == name].sum()))
        waiting = min(evidence.unfilled[name], missing)
        if waiting > 0:
            yield _caveat("slice_unfilled", slice=name, n=waiting, of=n)
        if missing > waiting:
            yield _caveat("slice_lost", slice=name, n=missing - waiting, of=n)


def _undrawn(evidence: Evidence) -> list[Caveat]:
    return [_caveat("undrawn_batches", n=evidence.undrawn_batches)] if evidence.undrawn_batches else []


def _caveat(code: str, **details: Any) -> Caveat:
    return {"code": code, "details": details}
