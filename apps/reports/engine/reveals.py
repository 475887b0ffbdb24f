"""Reveals: how often the model's answer, once shown, changed a blind first answer, towards the truth or away from it.

The truth is the outcome, or else an adjudication; never the consensus, which is made of the same answers.
"""

import pandas as pd

from apps.reports.engine import selective
from apps.reports.engine.document import RevealGroup, RevealsSection
from apps.reports.engine.evidence import Basis, Evidence
from apps.reports.engine.protocol import figure
from apps.stats.reviewers.reveals import LEAST_CHANGED, reveal_effect

FIGURES = ("changed", "toward", "away", "elsewhere", "net", "followed", "helped")


def reveals(evidence: Evidence) -> RevealsSection:
    """Compute the section: all answers, those by what was shown, and those by whether similar cases were opened."""
    known = _with_truth(evidence)
    by_similar = _by(evidence, "similar", known[known["similar"] != ""])
    return {
        "revealed": len(evidence.reveals),
        "partial": int(known["is_shown_in_part"].sum()),
        "least_changed": LEAST_CHANGED,
        "groups": [
            _group(evidence, "all", "", known),
            *_by(evidence, "shown", known),
            *(by_similar if len(by_similar) > 1 else []),
        ],
    }


def _with_truth(evidence: Evidence) -> pd.DataFrame:
    """Add truth, prediction and `chance`: the probability that the case is logged, drawn and answered, its truth known.

    Where a rule stands in for outcomes that never come, those of open days are of one kind, and say nothing yet.
    """
    draws = evidence.draws[evidence.draws["is_blind"] & evidence.draws["is_answered"]]
    draws = draws[draws["part"] != selective.EXPLORED]
    outcome = draws["prediction_id"].map(evidence.rows.set_index("pk")["truth"]).astype("float64")
    if evidence.model.outcome_if_absent is None:
        outcome = outcome.fillna(draws["outcome"])
    chosen = draws["settled_q"].fillna(draws["q"])
    draws = draws.assign(
        truth=outcome.fillna(draws["adjudicated"]),
        is_outcome=outcome.notna(),
        chance=draws["pi"] * draws["log_share"] * draws["rate"] * chosen.where(outcome.isna() & (chosen > 0), 1.0),
    )
    columns = ["prediction_id", "predicted", "truth", "is_outcome", "chance"]
    return evidence.reveals.merge(draws.loc[draws["truth"].notna(), columns], on="prediction_id")


def _by(evidence: Evidence, kind: str, known: pd.DataFrame) -> list[RevealGroup]:
    """Return a group for each thing noted in the column of this name, the most frequent first."""
    groups = sorted(known.groupby(kind), key=lambda group: -len(group[1]))
    return [_group(evidence, kind, str(noted), rows) for noted, rows in groups]


def _group(evidence: Evidence, kind: str, shown: str, rows: pd.DataFrame) -> RevealGroup:
    effect = reveal_effect(
        *(rows[name].to_numpy() for name in ("first", "final", "truth", "predicted")),
        case=rows["prediction_id"].to_numpy(),
        pi=rows["chance"].to_numpy(),
        is_number=evidence.model.is_regression,
        tolerance=evidence.model.allowed if evidence.model.allowed.is_declared else None,
    )
    outcomes = int(rows["is_outcome"].sum())
    basis = Basis(outcomes, len(rows) - outcomes, None, None, None)
    return {
        "kind": kind,
        "shown": shown,
        "cases": effect.cases,
        "answers": effect.answers,
        "n_changed": effect.n_changed,
        "n_toward": effect.n_toward,
        "n_away": effect.n_away,
        "figures": {name: figure(found, basis) for name in FIGURES if (found := getattr(effect, name)) is not None},
    }
