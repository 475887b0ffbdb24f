"""Settled cases whose truth is certain become known answers, each once."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.audit.models import Entry
from apps.review.models import GoldAnswer, ReviewItem
from apps.truth.services.gold import gold_from_truth
from tests.factories import make_member
from tests.truth.factories import come_true, gold_probe, make_cases, say, settle

pytestmark = pytest.mark.django_db


def test_outcomes_and_adjudications_become_known_answers_and_a_consensus_does_not() -> None:
    outcome, settled, agreed, still_open = make_cases(4)
    judge = make_member(outcome.model.project, Role.ADJUDICATOR).user
    settle(outcome, judge, 0.0)
    settle(settled, judge, 0.0)
    say(agreed, judge, 1.0)
    ReviewItem.objects.filter(pk=agreed.pk).update(label=1.0, needs_resolution=True)
    come_true([outcome, still_open])
    ReviewItem.objects.filter(pk=still_open.pk).update(state=ReviewItem.State.OPEN)

    assert gold_from_truth(outcome.model, limit=10, by=judge) == 2
    answers = GoldAnswer.objects.order_by("item").values_list("item", "value", "note", "made_by")
    assert list(answers) == [
        (outcome.pk, 1.0, "From its outcome.", judge.pk),
        (settled.pk, 0.0, "From an adjudicator.", judge.pk),
    ]
    assert gold_from_truth(outcome.model, limit=10, by=judge) == 0


def test_the_limit_holds_and_neither_probes_nor_retired_answers_are_taken() -> None:
    items = make_cases(4)
    judge = make_member(items[0].model.project, Role.ADJUDICATOR).user
    gold_probe(items[3], 1.0)
    GoldAnswer.objects.update(retired_at="2026-01-01T00:00:00Z")
    come_true(items)
    assert gold_from_truth(items[0].model, limit=2, by=judge) == 2
    assert set(GoldAnswer.objects.in_use().values_list("item", flat=True)) == {items[1].pk, items[2].pk}


def test_an_engineer_adds_known_answers_on_the_team_page_and_it_is_audited(client: Client) -> None:
    items = make_cases(2)
    engineer = make_member(items[0].model.project, Role.ENGINEER)
    come_true(items)
    client.force_login(engineer.user)
    arguments = [engineer.project.slug, items[0].model.slug]
    page = client.post(reverse("gold_from_truth", args=arguments), follow=True).content.decode()
    assert "2 settled cases now have a known answer." in page
    assert "2 cases have a known answer." in page
    assert Entry.objects.get(actor_id=engineer.user_id).details == {"cases": 2}
    client.force_login(make_member(engineer.project, Role.ADJUDICATOR).user)
    assert client.post(reverse("gold_from_truth", args=arguments)).status_code == 403
