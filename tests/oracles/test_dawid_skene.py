"""Dawid–Skene on the authors' own data, and on simulated reviewers beside the majority."""

import numpy as np
import pytest

from apps.stats.reviewers.consensus import dawid_skene
from tests.oracles.published_labels import anaesthesia


def test_the_anaesthesia_data_give_the_published_solution():
    """Dawid and Skene (1979), section 4: marginals .40 .42 .11 .07, patients of each class 18, 19, 5, 3."""
    found = dawid_skene(*anaesthesia(), classes=4, smoothing=0)
    assert found.has_converged
    assert round(found.log_likelihood, 4) == -192.8909
    assert found.prior.round(3).tolist() == [0.400, 0.422, 0.112, 0.067]
    assert np.bincount(found.posterior.argmax(axis=1)).tolist() == [18, 19, 5, 3]
    # Observer 1, table 2 of the paper.
    expected = [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]]
    assert found.confusion[0].round(2).tolist() == expected


def reviewers_who_differ(seed, *, items=300, raters=12, labels=5):
    """Four classes, raters with confusion matrices of their own; a third of them confuse 2 and 3."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(4, items, p=[0.4, 0.3, 0.2, 0.1])
    confusion = np.full((raters, 4, 4), 0.04) + 0.84 * np.eye(4)
    confusion[::3, 2:, 2:] = [[0.32, 0.6], [0.6, 0.32]]
    item = np.repeat(np.arange(items), labels)
    rater = rng.random((items, raters)).argsort(axis=1)[:, :labels].ravel()
    chances = confusion[rater, truth[item]].cumsum(axis=1)
    label = (chances < rng.random((len(item), 1))).sum(axis=1)
    return truth, confusion, (item, rater, label)


def test_simulated_reviewers_are_seen_through_better_than_by_majority():
    """Seeds 0 to 9: errors of the consensus and of the majority, and each rater's confusion."""
    errors, by_majority, off = [], [], []
    for seed in range(10):
        truth, confusion, answers = reviewers_who_differ(seed)
        found = dawid_skene(*answers, classes=4, raters=12)
        counts = np.zeros((300, 4))
        np.add.at(counts, (answers[0], answers[2]), 1)
        errors.append((found.posterior.argmax(axis=1) != truth).mean())
        by_majority.append((counts.argmax(axis=1) != truth).mean())
        off.append(np.sqrt(((found.confusion - confusion) ** 2).mean()))
    assert np.mean(errors) < 0.6 * np.mean(by_majority)
    assert np.mean(off) < 0.08


def test_smoothing_keeps_the_posterior_from_false_certainty():
    """Seeds 0 to 19, 150 items of three labels by 8 raters: the log loss of the truth, with smoothing and without."""
    losses = {0.0: [], 0.5: []}
    for seed in range(20):
        truth, _, answers = reviewers_who_differ(seed, items=150, raters=8, labels=3)
        for smoothing, found in losses.items():
            posterior = dawid_skene(*answers, classes=4, raters=8, smoothing=smoothing).posterior
            found.append(-np.log(np.maximum(posterior[np.arange(150), truth], 1e-9)).mean())
    assert np.mean(losses[0.5]) < 0.6 * np.mean(losses[0.0])


@pytest.mark.parametrize("one_coin", [False, True])
def test_known_truths_teach_the_model_what_raters_are_worth(one_coin):
    """Seed 5: two of three raters are wrong more often than not; .9 right is the best that can be had."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 200)
    label = np.where(rng.random((200, 3)) < [0.25, 0.3, 0.9], truth[:, None], 1 - truth[:, None])
    item, rater = np.indices(label.shape)
    gold = np.where(np.arange(200) < 40, truth, -1)
    answers = (item.ravel(), rater.ravel(), label.ravel())
    taught = dawid_skene(*answers, classes=2, gold=gold, one_coin=one_coin)
    alone = dawid_skene(*answers, classes=2, one_coin=one_coin)
    assert (taught.posterior.argmax(axis=1) == truth)[40:].mean() > 0.85
    assert (alone.posterior.argmax(axis=1) == truth)[40:].mean() < 0.2
    assert taught.confusion[0].diagonal() == pytest.approx([0.25, 0.25], abs=0.1)
