"""Were as many predictions drawn as the recorded probabilities say?"""

import numpy as np
from django.db.models import F, Sum

from apps.common.snapshots import one_moment
from apps.registry.models import MonitoredModel, ScoreBinning
from apps.sampling.models import Draw, PopulationCell
from apps.sampling.services.placing import score_bins
from apps.stats.design import checks
from apps.stats.design.draw_counts import DrawCount, check_count
from apps.stats.estimators.population import Population

CHUNK = 50_000
SUMS = ("n", "n_uncovered", "sum_pi", "sum_odds")
KEYS = ("score_bin", "predicted")


def draw_check(model: MonitoredModel) -> checks.DrawCheck:
    """Check all blind draws so far against the population cells, as reports check those of their window."""
    draws = Draw.objects.filter(model=model, is_blind=True)
    rows = draws.values_list("prediction__predicted", "prediction__score").iterator(chunk_size=CHUNK)
    with one_moment():
        binning = ScoreBinning.in_force(model)
        cells = PopulationCell.objects.filter(model=model).in_bins(binning.version).of_everyone()
        sums = cells.order_by(*KEYS).values_list(*KEYS).annotate(*map(Sum, SUMS))
        summed, drawn = np.array(list(sums), dtype=np.float64), np.array(list(rows), dtype=np.float64).reshape(-1, 2)
    bins, predicted, n, n_uncovered, sum_pi, sum_odds = summed.reshape(-1, len(KEYS) + len(SUMS)).T
    return checks.check_draw(
        Population.of(
            predicted=_classes(model, predicted),
            bin=bins,
            n=n,
            n_uncovered=n_uncovered,
            sum_pi=sum_pi,
            sum_odds=sum_odds,
            score_bins=binning.score_bins,
        ),
        predicted=_classes(model, drawn[:, 0]),
        bin=score_bins(model, binning.score_bins, predicted=drawn[:, 0], score=drawn[:, 1]),
    )


def blind_draws(model: MonitoredModel) -> DrawCount:
    """Count all blind draws so far, beside what the population cells predict; `sd` is at most that."""
    cells = PopulationCell.objects.filter(model=model).in_bins(ScoreBinning.in_force(model).version).of_everyone()
    with one_moment():
        summed = cells.aggregate(n=Sum(F("n") - F("n_uncovered"), default=0), expected=Sum("sum_pi", default=0))
        drawn = Draw.objects.filter(model=model, is_blind=True).count()
    n, expected = float(summed["n"]), float(summed["expected"])
    return check_count(drawn, n=[n], sum_p=[expected], sum_p2=[expected**2 / max(n, 1.0)])


def _classes(model: MonitoredModel, predicted: np.ndarray) -> np.ndarray:
    """Return zeros for a model of numbers: these are in the bins."""
    return np.zeros(len(predicted)) if model.is_regression else predicted
