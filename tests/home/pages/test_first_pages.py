"""First pages: of a person, of a fresh project, and of each role."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.predictions.models import Batch
from apps.registry.services import archiving
from apps.review import services as review
from apps.review.models import Question, ReviewItem, Slot
from apps.review.services import Answer, Verdict, claim_slots, decide, set_goal
from apps.sampling.services import policies
from apps.truth.services import resolving
from apps.truth.services.held import held
from tests.factories import (
    make_key,
    make_member,
    make_model,
    make_project,
    prediction_row,
    push_outcomes,
    push_predictions,
)
from tests.home.planted import draw_everything, make_alert
from tests.pages import shown
from tests.review.factories import answer, claim, judge
from tests.review.factories import decide as decide_for

pytestmark = pytest.mark.django_db


def page_of(client: Client, member: Membership) -> str:
    client.force_login(member.user)
    response = client.get(f"/p/{member.project.slug}/")
    assert response.status_code == 200
    return shown(response)


def test_fresh_project_tells_its_owner_what_to_do_and_the_calls_work(client: Client) -> None:
    owner = make_member(make_project("office"), Role.OWNER)
    page = page_of(client, owner).replace("&quot;", '"')
    _, key = make_key(owner.project)
    calls = re.findall(r"curl -X (\w+) http://[^/]+(/\S+).*?-d '(.*?)'</pre>", page, re.DOTALL)
    assert [method for method, _, _ in calls] == ["PUT", "POST"]
    for method, path, body in calls:
        answer = client.generic(
            method, path, json.dumps(json.loads(body)), "application/json", headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code in {200, 201}, answer.content
    assert Batch.objects.get(model__project=owner.project).accepted == 1


def test_fresh_project_does_not_send_a_reviewer_to_pages_of_owners(client: Client) -> None:
    page = page_of(client, make_member(make_project("office"), Role.REVIEWER)).partition("<main")[2]
    assert "No model yet" in page
    assert "/p/office/keys/" not in page


def test_home_leads_to_the_only_project_and_lists_several(client: Client) -> None:
    member = make_member(make_project("office"))
    client.force_login(member.user)
    assert client.get("/")["Location"] == "/p/office/"
    make_project("second").memberships.create(user=member.user, role=Role.STAKEHOLDER)
    page = client.get("/").content.decode()
    assert "/p/office/" in page
    assert "/p/second/" in page


def test_home_says_when_there_is_no_project(client: Client) -> None:
    member = make_member(make_project())
    member.delete()
    client.force_login(member.user)
    assert b"You are not in a project yet" in client.get("/").content


def test_archived_models_are_on_a_list_of_their_own(client: Client) -> None:
    project = make_project("office")
    make_model(project, name="Loans")
    archiving.archive(make_model(project, name="Cards"), by=None)
    client.force_login(make_member(project, Role.STAKEHOLDER).user)
    pages = [client.get(f"/p/office/{query}", follow=True).content.decode() for query in ("", "?archived")]
    assert [(">Loans<" in page, ">Cards<" in page) for page in pages] == [(True, False), (False, True)]


def test_a_reviewer_sees_what_waits_and_the_way_to_the_next_case(client: Client) -> None:
    project = make_project("office")
    model = make_model(project)
    draw_everything(model, rows=4)
    me = make_member(project)
    set_goal(me, 60)
    claim_slots(model.queues.get(), by=make_member(project), limit=1)
    page = page_of(client, me)
    # One of the four is in somebody else's hands.
    assert "3 cases wait for you." in page
    assert "<b>0</b> done of 60 for today" in page
    assert f'<a class="primary" href="/p/office/queues/{model.queues.get().pk}/" data-hotkey="r">' in page


def test_cases_are_due_late_today_and_this_week(client: Client) -> None:
    project = make_project("office")
    draw_everything(make_model(project), rows=4)
    now = timezone.now().replace(hour=12)
    items = list(ReviewItem.objects.order_by("pk"))
    for item, due in zip(items, (now - timedelta(hours=1), now + timedelta(hours=2), None, None), strict=True):
        ReviewItem.objects.filter(pk=item.pk).update(due_at=due)
    (due,) = review.due_for(make_member(project), now=now)
    assert (due.late, due.today, due.cases, due.to_settle) == (1, 2, 4, 0)
    assert due.today <= due.week <= due.cases


def test_an_answer_that_came_back_is_shown_and_its_case_is_a_key_away(client: Client) -> None:
    project = make_project("office")
    model = make_model(project)
    draw_everything(model, rows=1)
    me, adjudicator = make_member(project), make_member(project, Role.ADJUDICATOR)
    slot = claim_slots(model.queues.get(), by=me)[0]
    assert slot.lease_token is not None
    decide(slot, by=me, lease_token=slot.lease_token, answer=Answer(verdict=Verdict.ESCALATE, note="Does this count?"))
    assert "You asked, no answer yet" in page_of(client, me)
    assert "1 question waits for your answer" in page_of(client, adjudicator)
    review.answer_question(Question.objects.get(), by=adjudicator, text="Counts as employed.")
    page = page_of(client, me)
    assert "One answer came back." in page
    assert "Counts as employed." in page
    back = client.post(re.findall(r'action="(/p/office/slots/\d+/back/)"', page)[0])
    assert back.status_code == 200
    assert "case-0" in back.content.decode()


def test_a_reviewers_page_has_neither_money_nor_predictions(client: Client) -> None:
    project = make_project("office")
    model = make_model(project, value_model={"currency": "USD", "matrix": VALUE, "review_cost": "2.00"})
    draw_everything(model, rows=3)
    page = page_of(client, make_member(project)).partition("<main")[2]
    assert not {"$", "score", "baseline", "USD"} & {word for word in ("$", "score", "baseline", "USD") if word in page}


VALUE = {"yes": {"yes": "10", "no": "-5"}, "no": {"yes": "-3", "no": "1"}}


def test_own_answers_held_where_the_outcome_says_the_same(client: Client) -> None:
    project = make_project("office")
    model = make_model(project)
    draw_everything(model, rows=12)
    model.queues.update(adjudication_rate_agreed=0.0, adjudication_rate_differs=0.0)
    me, queue = make_member(project), model.queues.get()
    for _ in range(12):
        judge(claim(queue, me), me, "yes")
        decide_for(claim(queue, me), me)
    day = timezone.now() - timedelta(days=1)
    Slot.objects.exclude(closed_at=None).update(closed_at=day)
    outcomes = [
        {"id": f"case-{n}", "outcome": "yes" if n < 9 else "no", "occurred_at": day.isoformat()} for n in range(12)
    ]
    push_outcomes(model, outcomes)
    resolving.resolve_due()
    found = held(me)
    assert found is not None
    assert (found.true, found.answers) == (9, 12)
    assert "Of your 12 answers of the last 90 days whose outcome is known by now, 75 in 100 came true" in page_of(
        client, me
    )
    assert held(make_member(project)) is None


def test_cases_to_settle_are_named_to_those_who_settle(client: Client) -> None:
    project = make_project("office")
    reviewer, adjudicator = make_member(project), make_member(project, Role.ADJUDICATOR)
    model = make_model(project)
    draw_everything(model, rows=3)
    answer(model.queues.get(), reviewer, "yes", verdict="dispute", note="Looks retired")
    assert "1 case waits for you to settle" in page_of(client, adjudicator)
    assert "?only=adjudication" in page_of(client, adjudicator)
    assert "for you to settle" not in page_of(client, reviewer)
    assert "You dispute the model" in page_of(client, reviewer)


def test_an_engineer_sees_alerts_data_and_queues(client: Client) -> None:
    project = make_project("office")
    model = make_model(project, "loans", name="Loans")
    draw_everything(model, rows=4)
    push_predictions(model, [prediction_row(10), {"id": "broken"}])
    make_alert(model, title="Loans: data do not fit.")
    make_alert(model, state="acknowledged", acknowledged_by=make_member(project, Role.OWNER).user)
    page = page_of(client, make_member(project, Role.ENGINEER))
    assert "Two alerts are open, one has nobody." in page
    assert ">data do not fit.</a>" in page
    assert "1 to draw from" in page
    assert re.search(r'rejected/">1</a>', page)
    assert re.search(r"4</td>\s*<td class=\"num m-hide\">under an hour", page)


def test_an_engineer_takes_an_alert(client: Client) -> None:
    project = make_project("office")
    alert = make_alert(make_model(project))
    engineer = make_member(project, Role.ENGINEER)
    assert "Take it" in page_of(client, engineer)
    client.post(f"/p/office/alerts/{alert.pk}/act/", {"days": 7})
    page = page_of(client, engineer)
    assert "Take it" not in page
    assert "One alert is open, somebody has it." in page
    assert engineer.user.display_name in page


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.REVIEWER])
def test_the_page_runs_the_same_number_of_queries_for_any_number_of_models(client: Client, role: Role) -> None:
    project = make_project("office")
    client.force_login(make_member(project, role).user)
    counts = []
    for _ in range(2):
        for _ in range(2):
            make_model(project)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/p/office/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 22


def test_the_pace_says_when_a_queue_is_done(client: Client) -> None:
    project = make_project("office")
    model = make_model(project)
    policies.put_document(model, {"floor": 1.0})
    draw_everything(model, rows=20)
    long_ago = timezone.now() - timedelta(days=30)
    ReviewItem.objects.update(opened_at=long_ago)
    done = ReviewItem.objects.filter(pk__in=ReviewItem.objects.order_by("pk").values("pk")[:14])
    done.update(state=ReviewItem.State.CLOSED, labelled_at=timezone.now() - timedelta(days=1))
    # 14 in 14 days, and 6 wait.
    assert "done in 6 days" in page_of(client, make_member(project, Role.ENGINEER))
