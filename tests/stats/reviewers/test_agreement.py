import pytest

from apps.stats.reviewers.agreement import agreement_table, cohen_kappa


@pytest.mark.parametrize(("table", "code"), [([[0, 0], [0, 0]], "no_labels"), ([[9, 0], [0, 0]], "no_variation")])
def test_kappa_without_variation_has_a_code(table, code):
    assert cohen_kappa(table).code == code


def test_kappa_stays_between_minus_one_and_one():
    assert cohen_kappa([[3, 0], [1, 2]]).high == 1.0


@pytest.mark.parametrize(("table", "complaint"), [([[1, 2, 3]], "square"), ([[1, -2], [3, 4]], "negative")])
def test_bad_tables_are_named(table, complaint):
    with pytest.raises(ValueError, match=complaint):
        cohen_kappa(table)


def test_a_class_out_of_range_is_refused():
    with pytest.raises(ValueError, match="below 2"):
        agreement_table([0, 2], [0, 1], classes=2)
