"""The short form of `./run.sh bench coverage`: one population, 100 replicates, its fixed seed."""

import pytest

from tests.benchmarks.coverage import METRICS, measure


@pytest.mark.slow
def test_intervals_keep_their_level_for_every_metric_and_are_narrower_than_those_of_random_samples():
    """A true coverage of 95 % stays at 88 or more of 100; the full table has 500 replicates per cell."""
    cells = {cell.metric: cell for cell in measure(("rare",), (500,), replicates=100)}
    assert set(cells) == set(METRICS)
    assert min(cell.coverage for cell in cells.values()) >= 0.88
    assert cells["accuracy"].width <= 0.55 * cells["accuracy"].random_width
    for metric in ("precision", "recall", "f1", "value"):
        assert cells[metric].width < cells[metric].random_width
