"""The pages about reviewers: who sees them, what they show, and what they must never reveal."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Membership, Role, User
from apps.predictions.models import CaseView
from apps.registry.models import MonitoredModel
from apps.review import services
from apps.review.models import Decision, Dispute, Question, ReviewItem, Slot
from tests.factories import make_member, make_model, make_project
from tests.pages import shown
from tests.review.factories import make_queue
from tests.truth.factories import come_true, gold_probe, make_cases, number_cases, repeat_probe, say, settle

pytestmark = pytest.mark.django_db


def page(member: Membership, model: MonitoredModel, name: str, *args: object, query: str = "") -> str:
    client = Client()
    client.force_login(member.user)
    response = client.get(reverse(name, args=[model.project.slug, model.slug, *args]) + query)
    assert response.status_code == 200
    return shown(response)


def member(item: ReviewItem, role: Role = Role.REVIEWER) -> Membership:
    return make_member(item.model.project, role)


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        (Role.STAKEHOLDER, (403, 403, 403)),
        (Role.REVIEWER, (200, 403, 403)),
        (Role.ADJUDICATOR, (200, 403, 403)),
        (Role.ENGINEER, (200, 200, 200)),
    ],
)
def test_the_own_page_is_for_reviewers_and_the_other_pages_for_engineers(
    client: Client, role: Role, statuses: tuple[int, int, int]
) -> None:
    model = make_model(make_project("office"), "employment")
    other = make_member(model.project)
    client.force_login(make_member(model.project, role).user)
    root = "/p/office/models/employment/"
    paths = ("reviewers/me/", f"reviewers/{other.user_id}/", "team/")
    assert tuple(client.get(root + path).status_code for path in paths) == statuses


def test_a_stranger_has_no_page(client: Client) -> None:
    model = make_model()
    client.force_login(make_member(model.project, Role.ENGINEER).user)
    stranger = make_member(make_project())
    assert (
        client.get(reverse("reviewer_quality", args=[model.project.slug, model.slug, stranger.user_id])).status_code
        == 404
    )
    # Former members who answered here keep their page.
    (item,) = make_cases(1)
    say(item, stranger.user, 1.0)
    engineer = member(item, Role.ENGINEER)
    assert "1 answer about" in page(engineer, item.model, "reviewer_quality", stranger.user_id)


def test_pages_without_answers_say_what_to_do() -> None:
    model = make_queue().model
    engineer = make_member(model.project, Role.ENGINEER)
    assert "Answer some cases" in page(engineer, model, "own_quality")
    team = page(engineer, model, "team")
    assert "No answers in this period" in team
    assert "No case is open." in team


def test_figures_come_with_their_range_and_count() -> None:
    items = make_cases(10)
    anna = member(items[0])
    for n, item in enumerate(items):
        say(item, anna.user, float(n < 8))
    come_true(items)
    own = page(anna, items[0].model, "own_quality")
    # Wilson's interval of 8 of 10.
    assert "<b>80 %</b>" in own
    assert "range 49 % to 94 %, of 10 blind cases with a known truth" in own


def test_settled_cases_show_the_truth_and_its_source() -> None:
    outcome, settled, waiting = make_cases(3)
    anna, judge = member(outcome), member(outcome, Role.ADJUDICATOR)
    say(outcome, anna.user, 1.0)
    say(settled, anna.user, 1.0)
    say(waiting, anna.user, 1.0)
    come_true([outcome])
    settle(settled, judge.user, 0.0, note="The contract ended <in> May")
    own = page(anna, outcome.model, "own_quality")

    assert own.index(settled.prediction.external_id) < own.index(outcome.prediction.external_id)
    assert "from an adjudicator" in own
    assert "from its outcome" in own
    assert "The contract ended &lt;in&gt; May" in own
    assert waiting.prediction.external_id not in own
    assert judge.user.email not in own
    differing = page(anna, outcome.model, "own_quality", query="?differs=1")
    assert settled.prediction.external_id in differing
    assert outcome.prediction.external_id not in differing


def test_settled_cases_are_paginated() -> None:
    items = make_cases(27)
    anna = member(items[0])
    for item in items:
        say(item, anna.user, 1.0)
    come_true(items)
    first, second = (page(anna, items[0].model, "own_quality", query=f"?page={n}") for n in (1, 2))
    assert [each.count("from its outcome") for each in (first, second)] == [25, 2]
    assert "1 of 2" in first


def test_open_cases_are_not_shown() -> None:
    (item,) = make_cases(1, overlap=2)
    anna, ben, judge = member(item), member(item), member(item, Role.ADJUDICATOR)
    say(item, anna.user, 1.0)
    say(item, ben.user, 0.0)
    settle(item, judge.user, 0.0)
    ReviewItem.objects.update(state="open")
    own = page(anna, item.model, "own_quality")
    assert item.prediction.external_id not in own
    assert "no settled case was answered by others too before today" in own


def test_the_page_reveals_neither_known_answers_nor_probes() -> None:
    plain, gold, unseen = make_cases(3)
    anna, judge = member(plain), member(plain, Role.ADJUDICATOR)
    slot = say(plain, anna.user, 1.0)
    say(gold, anna.user, 1.0)
    settle(gold, judge.user, 0.0, note="planted")
    before = page(anna, plain.model, "own_quality")
    assert "planted" in before
    # One probe has a known answer and one is a repeat; both are answered today.
    for probe in (gold_probe(unseen, 0.0), repeat_probe(slot)):
        say(probe, anna.user, 0.0, at=timezone.now())
    come_true([unseen])
    own = page(anna, plain.model, "own_quality")
    assert unseen.prediction.external_id not in own
    # A probe moves no figure before its day is over.
    assert "none answered before today" in own
    assert "no case was seen twice before today" in own


def test_own_figures_tell_nothing_of_others_about_an_answer_that_can_still_change() -> None:
    today, before = make_cases(2, overlap=2)
    anna, ben = member(today), member(today)
    slots = {}
    for item, moment in ((today, timezone.now()), (before, timezone.now() - timedelta(days=1))):
        slots[item] = say(item, anna.user, 1.0, at=moment)
        say(item, ben.user, 0.0, at=moment)
    assert [services.sight.may_change(slots[item], by=anna) for item in (today, before)] == [True, True]
    own = page(anna, today.model, "own_quality")
    assert "of 1 settled cases that others answered too" in own
    # What was compared stays as it is, and may still come again as a repeat.
    assert [services.sight.may_change(slots[item], by=anna) for item in (today, before)] == [True, False]
    assert not services.sight.has_seen(anna.user, repeat_probe(slots[before]))
    assert services.sight.may_change(slots[today], by=ben)
    engineer = member(today, Role.ENGINEER)
    page(engineer, today.model, "reviewer_quality", ben.user_id)
    assert not CaseView.objects.filter(user=engineer.user).exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "days"),
    [("", 90), ("?days=30", 30), ("?days=365", 365), ("?days=9999", 90), ("?days=x", 90)],
)
def test_the_period_is_one_of_three(query: str, days: int) -> None:
    (item,) = make_cases(1)
    anna = member(item)
    say(item, anna.user, 1.0, at=timezone.now() - timedelta(days=200))
    own = page(anna, item.model, "own_quality", query=query)
    assert f"in the last {days} days" in own
    assert ("1 answer about" in own) == (days == 365)


def test_the_team_page_has_a_row_per_person_and_figures_per_queue() -> None:
    items = make_cases(12, overlap=2)
    engineer = member(items[0], Role.ENGINEER)
    anna, ben = (member(items[0]).user for _ in range(2))
    for n, item in enumerate(items):
        say(item, anna, 1.0)
        say(item, ben, float(n < 9))
        say(gold_probe(item, 1.0), anna, 1.0)
    come_true(items)
    team = page(engineer, items[0].model, "team")

    assert (
        f'<th scope="row"><a href="/p/{items[0].model.project.slug}/models/{items[0].model.slug}/reviewers/{anna.pk}/'
        in team
    )
    assert "of 12 cases with a known answer" in team
    # Nine pairs agree on "yes" and three have one "yes": 2·9/(2·9 + 3).
    assert '<span class="small muted">Agree on “Employed”</span> <b>86 %</b>' in team
    assert "Gwet’s AC1" in team
    assert "Truth and first answers" in team


def test_open_work_is_counted_by_where_it_waits() -> None:
    items = make_cases(6)
    engineer, anna = member(items[0], Role.ENGINEER), member(items[0]).user
    now, model = timezone.now(), items[0].model
    later, states = now + timedelta(hours=1), ReviewItem.State
    holds = [{}, {"lease_expires_at": later}, {"snoozed_until": later}, {"snoozed_until": later}]
    slots = [
        Slot.objects.create(item=item, queue=item.queue, position=0, order_key=0.5, reviewer=anna, **hold)
        for item, hold in zip(items, holds, strict=False)
    ]
    Slot.objects.create(item=items[4], queue=items[4].queue, position=0, order_key=0.5, is_adjudication=True)
    ReviewItem.objects.filter(pk__in=[item.pk for item in items[:4]]).update(state=states.OPEN, due_at=now)
    ReviewItem.objects.filter(pk=items[4].pk).update(state=states.ADJUDICATING)
    fields = {"reviewer": anna, "was_blind": False, "lease_token": "00000000-0000-4000-8000-000000000001"}
    asked = Decision.objects.create(slot=slots[3], item=items[3], verdict="escalate", **fields)
    Question.objects.create(slot=slots[3], decision=asked, asked_by=anna, text="?")
    passed = Slot.objects.create(item=items[4], queue=items[4].queue, position=1, order_key=0.5, reviewer=anna)
    passed.close(Slot.Outcome.PASSED)
    disputed = Decision.objects.create(slot=passed, item=items[4], verdict="dispute", value=0.0, **fields)
    Dispute.objects.create(decision=disputed, item=items[4], round=1)

    team = page(engineer, model, "team")
    row = team[team.index("Main queue</a></th>") :]
    cells = re.findall(r'data-label="([^"]+):">(.*?)</td>', row[: row.index("</tr>")])
    names = ("Waiting", "In progress", "Postponed", "Waiting for an answer", "With adjudicators", "Disputes")
    assert [(name, re.sub(r"<[^>]+>", "", cell)) for name, cell in cells[:6]] == [(name, "1") for name in names]
    assert "4 late" in cells[6][1]
    assert "passed on 1 time" in team
    assert items[0].prediction.external_id in team
    assert items[5].prediction.external_id not in team


def test_pages_of_a_regression_show_differences() -> None:
    items = number_cases(8)
    engineer, anna, ben = member(items[0], Role.ENGINEER), member(items[0]), member(items[0])
    for n, item in enumerate(items):
        say(item, anna.user, 50.0 + n)
        say(item, ben.user, 50.0)
    own = page(anna, items[0].model, "own_quality")
    assert "Difference from the others" in own
    assert "<b>3.5 USD</b>" in own
    team = page(engineer, items[0].model, "team")
    assert "Rates by class need a model with classes" in team
    assert "Krippendorff" in team


@pytest.mark.slow
def test_the_number_of_queries_does_not_grow_with_answers(client: Client) -> None:
    items = make_cases(30)
    judge = member(items[0], Role.ADJUDICATOR)
    people: list[User] = [member(items[0]).user for _ in range(4)]
    client.force_login(member(items[0], Role.ENGINEER).user)
    place = [items[0].model.project.slug, items[0].model.slug]
    addresses = [reverse("reviewer_quality", args=[*place, people[0].pk]), reverse("team", args=place)]
    counts = []
    for some in (items[:2], items[2:]):
        for item in some:
            for user in people:
                say(item, user, 1.0)
            settle(item, judge.user, 1.0, note="so")
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts.append(len(queries))
    # A person's page also asks what its reader has yet to judge and whether they validate, and notes what it shows.
    assert counts == [17, 19, 17, 19]


def test_the_reviews_page_links_to_the_figures() -> None:
    (item,) = make_cases(1)
    anna, engineer = member(item), member(item, Role.ENGINEER)
    say(item, anna.user, 1.0)
    own, others = page(anna, item.model, "reviews"), page(engineer, item.model, "reviews")
    assert "/reviewers/me/" in own
    assert f"/reviewers/{anna.user_id}/" not in own
    assert f"/reviewers/{anna.user_id}/" in others
    assert "/team/" in others
