"""Kaplan–Meier against a published table: remission of leukemia under 6-mercaptopurine.

Freireich and others (1963), as printed by Gehan (1965) and in most textbooks on survival: 21 patients,
S(6) = .8571, S(10) = .7529, S(13) = .6902, S(23) = .4482, median 23 weeks.
"""

import numpy as np
import pytest

from apps.stats.delay.maturity import maturity_curve

RELAPSED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
CENSORED = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]


@pytest.fixture(scope="module")
def remission():
    delay = np.array(RELAPSED + [np.nan] * len(CENSORED))
    age = np.array([40] * len(RELAPSED) + CENSORED)
    return maturity_curve(delay, age)


@pytest.mark.parametrize(("week", "still_well"), [(6, 0.8571), (10, 0.7529), (13, 0.6902), (23, 0.4482)])
def test_the_remission_curve_is_that_of_the_table(remission, week, still_well):
    step = remission.times.searchsorted(week)
    assert remission.times[step] == week
    assert 1 - remission.share[step] == pytest.approx(still_well, abs=5e-5)


def test_the_median_is_that_of_the_table(remission):
    median = remission.days_until(0.5)
    assert (median.value, median.code) == (23, "open_above")


def test_the_numbers_of_patients_and_relapses_are_those_of_the_table(remission):
    assert (remission.n, remission.events) == (21, 9)
