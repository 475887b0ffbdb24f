import numpy as np
import pytest

from apps.stats.reviewers.consensus import dawid_skene
from apps.stats.reviewers.majority import consensus_labels

ITEM = [0, 0, 1, 1, 2, 3, 3, 3, 4, 4, 4]
LABEL = [1, 1, 0, 1, 0, 2, 2, 1, 0, 1, 2]


def test_more_than_half_of_the_labels_decide_without_a_model():
    found = consensus_labels(ITEM, LABEL, classes=3, items=6)
    assert found.label.tolist() == [1, -1, 0, 2, -1, -1]
    assert found.share == pytest.approx([1, 0, 1, 2 / 3, 0, 0])
    assert found.source.tolist() == ["majority", "no_consensus", "majority", "majority", "no_consensus", "no_consensus"]


def test_the_model_speaks_only_where_there_are_three_labels():
    """Rater 2 contradicts two others on item 3; the model has its own opinion there, and none on item 1."""
    model = dawid_skene(ITEM, [0, 1, 0, 1, 0, 0, 1, 2, 0, 1, 2], LABEL, classes=3)
    found = consensus_labels(ITEM, LABEL, classes=3, model=model)
    assert found.source.tolist()[:4] == ["majority", "no_consensus", "majority", "dawid-skene"]
    assert found.share[3] == model.posterior[3].max()


def test_known_truth_goes_before_everything():
    found = consensus_labels(ITEM, LABEL, classes=3, gold=[0, -1, -1, -1, 2])
    assert (found.label[0], found.share[0], found.source[0]) == (0, 1.0, "gold")
    assert found.source[4] == "gold"


def test_a_model_that_has_not_arrived_is_not_asked():
    model = dawid_skene(ITEM, [0, 1, 0, 1, 0, 0, 1, 2, 0, 1, 2], LABEL, classes=3, max_iterations=1)
    assert not model.has_converged
    assert "dawid-skene" not in consensus_labels(ITEM, LABEL, classes=3, model=model).source


def test_two_classes_equally_probable_are_no_consensus():
    """Four raters, two for each class, on every item: by symmetry neither is more probable."""
    item, rater = np.repeat(np.arange(6), 4), np.tile(np.arange(4), 6)
    label = np.tile([0, 0, 1, 1], 6)
    model = dawid_skene(item, rater, label, classes=2)
    found = consensus_labels(item, label, classes=2, model=model)
    assert set(found.source) == {"no_consensus"}
    assert set(found.label) == {-1}


def test_nothing_gives_nothing():
    assert len(consensus_labels([], [], classes=2).label) == 0
    assert consensus_labels([], [], classes=2, items=2, model=dawid_skene([], [], [], classes=2)).label.tolist() == [
        -1,
        -1,
    ]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"items": 4}, "item must be below 4"),
        ({"classes": 2}, "label below 2"),
        ({"label": [1]}, "label must have length 11"),
        ({"gold": [0, 0, 0, 0, 3]}, "gold must be below 3"),
        ({"model": dawid_skene([0, 0, 0], [0, 1, 2], [0, 1, 1], classes=2)}, "model must be of 5 items"),
    ],
)
def test_bad_input_is_named(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        consensus_labels(**({"item": ITEM, "label": LABEL, "classes": 3} | changes))
