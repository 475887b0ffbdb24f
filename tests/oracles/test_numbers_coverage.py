"""The short form of `./run.sh bench regression`: few replicates of the population that it judges, its fixed seed."""

import pytest

from tests.benchmarks.regression import JUDGED, METRICS, SIZES, measure
from tests.stats.soundness import quick_and_many


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["uniform", "unequal"])
@quick_and_many(60)
def test_ranges_of_errors_keep_their_level(policy, examples):
    """A true coverage of 95 % stays at 90 % or more; the full table has 2,000 replicates per cell."""
    cells = list(measure([JUDGED[0]], [policy], SIZES, replicates=examples))
    assert [(cell.n, cell.metric) for cell in cells] == [(n, metric) for n in SIZES for metric in METRICS]
    assert min(cell.coverage for cell in cells) >= 0.90
    widths = {(cell.n, cell.metric): cell.width for cell in cells}
    for metric in METRICS:
        assert 0.4 < widths[1_000, metric] / widths[300, metric] < 0.65  # √.3 = .55
