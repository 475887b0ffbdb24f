"""Whether the reveal helps: what it did to the team's first answers, by what was shown beside the prediction."""

from dataclasses import dataclass

import pandas as pd

from apps.registry.models import MonitoredModel
from apps.stats.reviewers.reveals import RevealEffect, reveal_effect
from apps.truth.services.quality import has_later_truth


@dataclass(frozen=True)
class RevealEffects:
    """The effect on all answers with a known truth, then by what was shown, as `Decision.shown` says.

    `partial` counts the answers for which contributions of hidden features were left out.
    """

    whole: RevealEffect
    by_shown: list[tuple[str, RevealEffect]]
    partial: int


def reveal_effects(model: MonitoredModel, answers: pd.DataFrame) -> RevealEffects:
    """Compare blind first answers with the final ones, wherever the truth is known."""
    known = answers[has_later_truth(answers) & answers["kept"].notna()]
    groups = sorted(known.groupby("shown"), key=lambda group: -len(group[1]))
    return RevealEffects(
        whole=_effect(model, known),
        by_shown=[(str(shown), _effect(model, rows)) for shown, rows in groups],
        partial=int(known["is_shown_in_part"].sum()),
    )


def _effect(model: MonitoredModel, rows: pd.DataFrame) -> RevealEffect:
    columns = (rows[name].to_numpy() for name in ("value", "kept", "truth", "predicted"))
    return reveal_effect(*columns, case=rows["item"].to_numpy(), is_number=model.is_regression)
