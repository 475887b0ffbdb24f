"""A project's first page."""

import json
import re
from datetime import timedelta

import pytest
from apps.reports.pages.projects import summaries
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import Role
from apps.registry.models import MonitoredModel
from apps.registry.services import archiving
from apps.reports.models import Kind, Report
from apps.review.services import Answer, Verdict, claim_slots, decide, open_due_items
from apps.sampling.services import policies
from tests.append_only import rewriting
from tests.factories import (
    draw_all,
    make_key,
    make_member,
    make_model,
    make_project,
    prediction_row,
    push_predictions,
)
from tests.pages import shown
from tests.reports.documents import END, START, document
from tests.reports.stored import make_report as stored_report
from tests.review.factories import answer

pytestmark = pytest.mark.django_db


def draw_everything(model: MonitoredModel, *, rows: int) -> None:
    """Push predictions, draw all of them and open their cases."""
    policies.put_document(model, {"floor": 1.0})
    push_predictions(model, [prediction_row(number) for number in range(rows)])
    draw_all(model)
    open_due_items()


def make_report(model: object, kind: Kind, *, seq: int = 1) -> Report:
    made: Report = Report.objects.create(
        model=model,
        kind=kind,
        start=START,
        end=END,
        seq=seq,
        as_of="2026-11-20T09:12:00+00:00",
        configuration_hash="x",
        document=document(kind),
    )
    return made


def test_fresh_project_tells_its_owner_what_to_do_and_the_calls_work(client: Client) -> None:
    owner = make_member(make_project("office"), Role.OWNER)
    client.force_login(owner.user)
    page = client.get("/p/office/").content.decode().replace("&quot;", '"')
    _, key = make_key(owner.project)
    calls = re.findall(r"curl -X (\w+) http://[^/]+(/\S+).*?-d '(.*?)'</pre>", page, re.DOTALL)
    assert [method for method, _, _ in calls] == ["PUT", "POST"]
    for method, path, body in calls:
        answer = client.generic(
            method, path, json.dumps(json.loads(body)), "application/json", headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code in {200, 201}, answer.content
    [model] = summaries(list(owner.project.models.all()), member=owner)
    assert model.intake.received == 1


def test_fresh_project_does_not_send_a_reviewer_to_pages_of_owners(client: Client) -> None:
    reviewer = make_member(make_project("office"), Role.REVIEWER)
    client.force_login(reviewer.user)
    page = shown(client.get("/p/office/")).partition("<main")[2]
    assert "No model yet" in page
    assert "/p/office/keys/" not in page


def test_counts_show_what_arrived_was_drawn_and_waits() -> None:
    project = make_project()
    reviewer = make_member(project)
    model = make_model(project)
    draw_everything(model, rows=4)
    push_predictions(model, [prediction_row(number) for number in range(10, 13)])
    [shown] = summaries(list(project.models.all()), member=reviewer)
    assert (shown.intake.received, shown.intake.to_draw, shown.intake.to_open, shown.drawn) == (7, 1, 0, 4)
    [line] = shown.queues
    assert (line.items, line.open, line.for_you, line.settled) == (4, 4, 4, 0)


def test_counts_are_of_cases_however_many_people_judge_each(client: Client) -> None:
    project = make_project("office")
    reviewer, adjudicator = make_member(project), make_member(project, Role.ADJUDICATOR)
    model = make_model(project)
    policies.put_document(model, {"floor": 1.0, "queues": [{"name": "main", "overlap": 2}]})
    draw_everything(model, rows=3)
    [shown_to_me] = summaries([model], member=reviewer)
    assert (shown_to_me.queues[0].for_you, shown_to_me.queues[0].open) == (3, 3)
    # Whether a case closes after the own answer tells what the other person said.
    pages = {}
    for member in (reviewer, adjudicator):
        client.force_login(member.user)
        pages[member.role] = shown(client.get("/p/office/"))
    assert ["Cases settled" in pages[role] for role in (Role.REVIEWER, Role.ADJUDICATOR)] == [False, True]
    assert ["Cases open" in pages[role] for role in (Role.REVIEWER, Role.ADJUDICATOR)] == [False, True]


def test_cases_to_settle_are_named_beside_all_that_waits(client: Client) -> None:
    project = make_project("office")
    reviewer, adjudicator = make_member(project), make_member(project, Role.ADJUDICATOR)
    model = make_model(project)
    draw_everything(model, rows=3)
    answer(model.queues.get(), reviewer, "yes", verdict="dispute", note="Looks retired")
    [line] = summaries([model], member=adjudicator)[0].queues
    assert (line.for_you, line.to_settle, line.open) == (3, 1, 3)
    for member, is_told in ((adjudicator, True), (reviewer, False)):
        client.force_login(member.user)
        page = shown(client.get("/p/office/"))
        assert ("1 case waits for you to settle" in page) is is_told
        assert (f'href="/p/office/queues/{line.queue.pk}/?only=adjudication"' in page) is is_told


def test_a_case_that_somebody_else_holds_does_not_wait_for_me() -> None:
    project = make_project()
    me, other = make_member(project), make_member(project)
    draw_everything(make_model(project), rows=4)
    before = summaries(list(project.models.all()), member=me)[0].queues[0]
    claim_slots(before.queue, by=other, limit=1)
    after = summaries(list(project.models.all()), member=me)[0].queues[0]
    assert (before.for_you, before.open) == (4, 4)
    assert (after.for_you, after.open) == (3, 4)
    assert summaries(list(project.models.all()), member=other)[0].queues[0].for_you == 4


def test_latest_value_report_comes_before_other_kinds() -> None:
    project = make_project()
    member = make_member(project, Role.STAKEHOLDER)
    model = make_model(project)
    make_report(model, Kind.VALUE, seq=1)
    newest = make_report(model, Kind.VALUE, seq=2)
    make_report(model, Kind.PERFORMANCE, seq=3)
    [shown] = summaries(list(project.models.all()), member=member)
    assert shown.finding is not None
    assert (shown.finding.report, shown.finding.kind) == (newest.pk, Kind.VALUE)
    assert "more than" in shown.finding.sentence


def test_a_report_on_an_earlier_or_shorter_window_changes_nothing_for_others(client: Client) -> None:
    project = make_project("office")
    member = make_member(project, Role.STAKEHOLDER)
    model = make_model(project)
    standing = stored_report(model, seq=5)
    stored_report(model, seq=6, start=END - timedelta(days=1))
    stored_report(model, seq=7, start=START - timedelta(days=9), end=START)
    [shown_first] = summaries([model], member=member)
    assert shown_first.finding is not None
    assert shown_first.finding.report == standing.pk
    client.force_login(member.user)
    page = client.get(reverse("reports", args=["office", model.slug, "value"]))
    assert page.context["report"].pk == standing.pk
    newer = stored_report(model, seq=8, end=END + timedelta(days=1))
    assert Report.objects.filter(model=model).foremost().get() == newer


def test_a_preliminary_finding_says_so_on_the_home_page(client: Client) -> None:
    project = make_project("office")
    early = document("performance")
    early["headline"] = {"part": "open", "figures": early["sections"]["open"]}
    early["headline"]["figures"]["accuracy"] |= {"code": "preliminary", "labels_needed": 38}
    stored = make_report(make_model(project), Kind.PERFORMANCE)
    stored.document = early
    with rewriting():
        stored.save()
    client.force_login(make_member(project, Role.STAKEHOLDER).user)
    page = client.get("/p/office/").content.decode()
    assert "were right (95\u00a0% range 80 to 84); preliminary, 38 more labels are needed." in page
    assert "Estimated from 412 reviewed cases for 64,276 predictions" in page


def test_stakeholder_sees_reports_and_nothing_of_the_queues(client: Client) -> None:
    project = make_project("office")
    model = make_model(project, "employment")
    make_report(model, Kind.PERFORMANCE)
    client.force_login(make_member(project, Role.STAKEHOLDER).user)
    page = client.get("/p/office/").content.decode()
    assert "/reports/value/" in page
    assert "/queues/" not in page
    assert "Predictions received" not in page


def test_the_page_runs_the_same_number_of_queries_for_any_number_of_models(client: Client) -> None:
    project = make_project("office")
    client.force_login(make_member(project, Role.ENGINEER).user)
    counts = []
    for _ in range(2):
        for _ in range(2):
            make_report(make_model(project), Kind.VALUE)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/p/office/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 18


def test_models_of_another_project_are_not_counted() -> None:
    project = make_project()
    elsewhere = make_model(make_project())
    push_predictions(elsewhere, [prediction_row()])
    mine = make_model(project)
    [shown] = summaries(list(project.models.all()), member=make_member(project, Role.OWNER))
    assert (shown.model, shown.intake.received) == (mine, 0)


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


def test_the_first_page_shows_the_question_of_a_colleague(client: Client) -> None:
    model = make_model()
    draw_everything(model, rows=1)
    asker = make_member(model.project, Role.REVIEWER)
    slot = claim_slots(model.queues.get(), by=asker)[0]
    assert slot.lease_token is not None
    asked = Answer(verdict=Verdict.ESCALATE, note="Does this count?")
    decide(slot, by=asker, lease_token=slot.lease_token, answer=asked)
    for role, is_asked in ((Role.REVIEWER, False), (Role.ADJUDICATOR, True)):
        client.force_login(make_member(model.project, role).user)
        page = shown(client.get(f"/p/{model.project.slug}/"))
        assert ("1 question waits for your answer" in page) is is_asked


def test_archived_models_are_on_a_list_of_their_own(client: Client) -> None:
    project = make_project("office")
    make_model(project, name="Loans")
    archiving.archive(make_model(project, name="Cards"), by=None)
    client.force_login(make_member(project, Role.STAKEHOLDER).user)
    pages = [client.get(f"/p/office/{query}").content.decode() for query in ("", "?archived")]
    assert [("Loans</h2>" in page, "Cards</h2>" in page) for page in pages] == [(True, False), (False, True)]
    assert "1 archived model</a>" in pages[0]
