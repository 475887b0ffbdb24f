"""Whether the reveal helps: what it did to the team's first answers, by what was shown beside the prediction."""

from dataclasses import dataclass

import pandas as pd

from apps.registry.models import MonitoredModel
from apps.stats.reviewers.reveals import RevealEffect, reveal_effect
from apps.truth.services.quality import has_later_truth


@dataclass(frozen=True)
class RevealEffects:
    """The effect on all answers with a known truth, then by what was shown, as `Decision.shown` says.

    `by_similar` compares those who looked at similar cases, as `Similar` says; empty unless there are both.
    `partial` counts the answers for which contributions of hidden features were left out.
    """

    whole: RevealEffect
    by_shown: list[tuple[str, RevealEffect]]
    by_similar: list[tuple[str, RevealEffect]]
    partial: int


def reveal_effects(model: MonitoredModel, answers: pd.DataFrame) -> RevealEffects:
    """Compare blind first answers with the final ones, wherever the truth is known."""
    known = answers[has_later_truth(answers) & answers["kept"].notna()]
    by_similar = _by(model, known[known["similar"] != ""], "similar")
    return RevealEffects(
        whole=_effect(model, known),
        by_shown=_by(model, known, "shown"),
        by_similar=by_similar if len(by_similar) > 1 else [],
        partial=int(known["is_shown_in_part"].sum()),
    )


def _by(model: MonitoredModel, known: pd.DataFrame, column: str) -> list[tuple[str, RevealEffect]]:
    """Return the effect by what a column notes, the most frequent first."""
    groups = sorted(known.groupby(column), key=lambda group: -len(group[1]))
    return [(str(noted), _effect(model, rows)) for noted, rows in groups]


def _effect(model: MonitoredModel, rows: pd.DataFrame) -> RevealEffect:
    columns = (rows[name].to_numpy() for name in ("value", "kept", "truth", "predicted"))
    return reveal_effect(
        *columns,
        case=rows["item"].to_numpy(),
        is_number=model.is_regression,
        tolerance=model.allowed if model.allowed.is_declared else None,
    )
