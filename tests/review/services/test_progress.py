"""The progress of a queue: counted each time while that is cheap, less often otherwise."""

import importlib
from itertools import count

import pytest
from django.core.cache import caches

from apps.review import services
from tests.review.factories import answer, make_items, make_queue, reviewers

pytestmark = pytest.mark.django_db

progress = importlib.import_module("apps.review.services.progress")


def test_a_queue_that_takes_long_to_count_is_not_counted_for_every_card(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = make_queue()
    make_items(queue, 2)
    (anna,) = reviewers(queue, 1)
    # Each look at the clock is a second later than the last: the next count comes after fifty seconds.
    monkeypatch.setattr(progress, "monotonic", count().__next__)
    before = services.progress(queue, by=anna)
    answer(queue, anna)
    after = services.progress(queue, by=anna)
    assert (before.items, before.reviewed, before.mine_today) == (2, 0, 0)
    assert (after.items, after.reviewed, after.mine_today) == (2, 0, 1)
    caches["process"].clear()
    assert services.progress(queue, by=anna).reviewed == 1


def test_the_counts_of_one_queue_are_not_those_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "monotonic", count().__next__)
    for n in (1, 2):
        queue = make_queue()
        make_items(queue, n)
        assert services.progress(queue, by=reviewers(queue, 1)[0]).items == n
