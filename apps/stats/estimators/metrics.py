"""The metrics of a binary model by name: of the confusion table, and of the score."""

from collections.abc import Callable, Mapping

from apps.stats.estimators import confusion
from apps.stats.estimators.conclusion import Linearised
from apps.stats.estimators.confusion import Metric
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.ranking import linearise_auc, linearise_average_precision
from apps.stats.estimators.scoring import linearise_brier, linearise_log_loss

OF_SCORE: Mapping[str, Callable[[PseudoValues], Linearised]] = {
    "auc": linearise_auc,
    "average_precision": linearise_average_precision,
    "brier": linearise_brier,
    "log_loss": linearise_log_loss,
}


def linearise(metric: Metric, pseudo: PseudoValues) -> Linearised:
    """Linearise a metric of pseudo-truths.

    Parameters
    ----------
    metric : str or formula
        A name in `confusion.FORMULAS` or `OF_SCORE`, or a custom formula of the four corners.
    pseudo : PseudoValues
        Pseudo-truths of 0 and 1, with predicted classes of 0 and 1.

    Returns
    -------
    Linearised

    Raises
    ------
    ValueError
        If the metric is unknown.
    """
    if isinstance(metric, str) and metric in OF_SCORE:
        return OF_SCORE[metric](pseudo)
    return confusion.linearise(metric, pseudo)
