"""The metrics of a binary model by name: of the confusion table, and of the score."""

from collections.abc import Callable, Mapping

from apps.stats.estimators import confusion_influence
from apps.stats.estimators.conclusion import Linearized
from apps.stats.estimators.confusion import Metric
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.ranking import linearize_auc, linearize_average_precision
from apps.stats.estimators.scoring import linearize_brier, linearize_log_loss

OF_SCORE: Mapping[str, Callable[[PseudoValues], Linearized]] = {
    "auc": linearize_auc,
    "average_precision": linearize_average_precision,
    "brier": linearize_brier,
    "log_loss": linearize_log_loss,
}


def linearize(metric: Metric, pseudo: PseudoValues) -> Linearized:
    """Linearize a metric of pseudo-truths.

    Parameters
    ----------
    metric : str or formula
        A name in `confusion.FORMULAS` or `OF_SCORE`, or a custom formula of the four corners.
    pseudo : PseudoValues
        Pseudo-truths of 0 and 1, with predicted classes of 0 and 1.

    Returns
    -------
    Linearized

    Raises
    ------
    ValueError
        If the metric is unknown.
    """
    if isinstance(metric, str) and metric in OF_SCORE:
        return OF_SCORE[metric](pseudo)
    return confusion_influence.linearize(metric, pseudo)
