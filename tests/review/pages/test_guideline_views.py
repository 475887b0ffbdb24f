"""Guidelines as pages: beside the case, with their versions, and written by engineers."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import Role
from apps.registry.models import Guideline, ReviewQueue
from apps.registry.services import guidelines
from tests.factories import make_member
from tests.pages import shown
from tests.review.factories import make_items, make_queue
from tests.review.people import Person

pytestmark = pytest.mark.django_db
EVIL = '<script>x()</script> {{7*7}} " hx-get=//x <img src=x onerror=x()> [x](javascript:x())'


@pytest.fixture
def queue() -> ReviewQueue:
    return make_queue()


def path(queue: ReviewQueue, name: str = "queue_guidelines") -> str:
    return reverse(name, args=[queue.model.project.slug, queue.pk])


def look(queue: ReviewQueue, role: Role = Role.REVIEWER, query: str = "", **headers: Any) -> Any:
    return Person(queue, role).client.get(path(queue) + query, headers=headers)


def save(queue: ReviewQueue, role: Role = Role.ENGINEER, **fields: Any) -> Any:
    return Person(queue, role).client.post(path(queue), {"text": "Say yes.", "instead_of": 0} | fields)


def test_an_engineer_writes_a_version_and_reads_from_when_it_counts(queue: ReviewQueue) -> None:
    ada = Person(queue, Role.ENGINEER)
    said = ada.client.post(path(queue), {"text": "# Yes\r\n\r\nSay yes.", "instead_of": 0}, follow=True)
    assert "Version 1 is in force" in said.content.decode()
    assert "<h2>Yes</h2>" in said.content.decode()
    written = Guideline.objects.get()
    assert (written.text, written.written_by) == ("# Yes\n\nSay yes.", ada.member.user)


def test_the_same_text_again_changes_nothing(queue: ReviewQueue) -> None:
    guidelines.write(queue, text="Say yes.", by=None)
    ada = Person(queue, Role.ENGINEER)
    said = ada.client.post(path(queue), {"text": "Say yes.", "instead_of": 1}, follow=True)
    assert "No changes. Version 1 stays in force." in said.content.decode()
    assert Guideline.objects.count() == 1


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADJUDICATOR])
def test_others_read_but_do_not_write(queue: ReviewQueue, role: Role) -> None:
    assert save(queue, role).status_code == 403
    assert Person(queue, role).client.post(path(queue, "guideline_preview"), {"text": "x"}).status_code == 403
    page = look(queue, role)
    assert page.status_code == 200
    assert b"guideline-form" not in page.content
    assert not Guideline.objects.exists()


def test_stakeholders_do_not_read_them(queue: ReviewQueue) -> None:
    assert look(queue, Role.STAKEHOLDER).status_code == 403


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"text": ""}, "Write the guidelines first."),
        ({"text": " \n "}, "Write the guidelines first."),
        ({"text": "x" * (guidelines.LONGEST_TEXT + 1)}, "At most 50,000 characters."),
        ({"text": "x\x00"}, "Null characters are not allowed."),
        ({"change": "x" * 301}, "One line of at most 300 characters."),
    ],
)
def test_a_refused_text_is_kept_with_the_reason(queue: ReviewQueue, fields: dict[str, str], says: str) -> None:
    refused = save(queue, **fields)
    assert refused.status_code == 400
    assert says in str(refused.context["form"].errors)
    assert refused.context["form"]["text"].value() == fields.get("text", "Say yes.")
    assert not Guideline.objects.exists()


def test_a_text_based_on_an_older_version_is_refused_once(queue: ReviewQueue) -> None:
    guidelines.write(queue, text="Say no.", by=None)
    refused = save(queue)
    assert refused.status_code == 409
    assert "Somebody else saved version 1 meanwhile" in refused.content.decode()
    assert refused.context["form"]["text"].value() == "Say yes."
    assert save(queue, instead_of=refused.context["form"]["instead_of"].value()).status_code == 302
    assert queue.guideline is not None
    assert queue.guideline.text == "Say yes."


def test_beside_the_case_only_the_text_and_its_version_are_shown(queue: ReviewQueue) -> None:
    ada = make_member(queue.model.project, Role.ENGINEER, name="Ada").user
    guidelines.write(queue, text="Say **yes**.", change="The answer", by=ada)
    said = shown(look(queue, **{"X-Fragment": "1"}))
    assert "<html" not in said
    assert "Version 1, " in said
    assert "by Ada" in said
    assert "The answer" in said
    assert "<strong>yes</strong>" in said


def test_the_desk_says_which_version_is_in_force(queue: ReviewQueue) -> None:
    make_items(queue)
    anna = Person(queue)
    assert "Guidelines <kbd" in shown(anna.look())
    for text in ("one", "two"):
        guidelines.write(queue, text=text, by=None)
    assert "Guidelines v2 <kbd" in shown(anna.look())


def test_without_guidelines_each_role_reads_its_own_hint(queue: ReviewQueue) -> None:
    assert "go by the question above each case" in look(queue).content.decode()
    assert "Write down the question in one sentence" in look(queue, Role.ENGINEER).content.decode()
    assert "This queue has no guidelines yet" in shown(look(queue, **{"X-Fragment": "1"}))


def test_every_version_can_be_read_and_compared(queue: ReviewQueue) -> None:
    for text in ("Alpha", "Alpha\nBeta", "Gamma\nBeta"):
        guidelines.write(queue, text=text, by=None)
    first = look(queue, query="?version=1").content.decode()
    assert "<p>Alpha</p>" in first
    assert "This is an earlier version." in first
    newest = look(queue).content.decode()
    assert "From version 2 to version 3" in newest
    assert "Removed: </span>Alpha" in newest
    assert "Added: </span>Gamma" in newest
    over_two = look(queue, query="?version=3&against=1").content.decode()
    assert "From version 1 to version 3" in over_two
    assert "Added: </span>Beta" in over_two
    assert "The two versions are identical." in look(queue, query="?version=2&against=2").content.decode()


@pytest.mark.parametrize("query", ["?version=9", "?version=x", "?version=-1", "?version=1e3", "?version=" + "9" * 30])
def test_an_unknown_version_is_not_found(queue: ReviewQueue, query: str) -> None:
    guidelines.write(queue, text="one", by=None)
    assert look(queue, query=query).status_code == 404


def test_another_queues_versions_are_not_found(queue: ReviewQueue) -> None:
    guidelines.write(make_queue(), text="Theirs", by=None)
    assert look(queue, query="?version=1").status_code == 404


def test_hostile_texts_are_text_on_every_page(queue: ReviewQueue) -> None:
    evil = make_member(queue.model.project, Role.ENGINEER, name='"><script>x()</script>').user
    guidelines.write(queue, text="before", by=evil)
    guidelines.write(queue, text=EVIL, change=EVIL, by=evil)
    ada = Person(queue, Role.ENGINEER)
    pages = [
        ada.client.get(path(queue)),
        ada.client.get(path(queue), headers={"X-Fragment": "1"}),
        ada.client.post(path(queue, "guideline_preview"), {"text": EVIL}),
        ada.client.post(path(queue), {"text": EVIL + EVIL, "change": EVIL, "instead_of": 1}),
    ]
    assert [page.status_code for page in pages] == [200, 200, 200, 409]
    for page in pages:
        said = page.content.decode()
        assert "{{7*7}}" in said
        for harmful in ("<script>x", "<img src=x", 'href="javascript:', '" hx-get=//x'):
            assert harmful not in said, harmful


def test_the_preview_shows_the_text_as_it_will_look_and_what_is_too_long(queue: ReviewQueue) -> None:
    ada = Person(queue, Role.ENGINEER)
    preview = path(queue, "guideline_preview")
    assert "<strong>yes</strong>" in ada.client.post(preview, {"text": "Say **yes**."}).content.decode()
    assert "The limit is 50,000 characters" in ada.client.post(preview, {"text": "x" * 50_001}).content.decode()
    assert "Nothing written yet." in ada.client.post(preview, {}).content.decode()
    assert not Guideline.objects.exists()


def test_a_post_from_elsewhere_is_refused(queue: ReviewQueue) -> None:
    ada = make_member(queue.model.project, Role.ENGINEER)
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada.user)
    assert client.post(path(queue), {"text": "x"}).status_code == 403


def test_the_page_costs_the_same_for_many_versions(
    queue: ReviewQueue, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ada = Person(queue, Role.ENGINEER)
    for number in range(15):
        guidelines.write(queue, text=f"Version {number}", by=ada.member.user)
    with django_assert_max_num_queries(12):
        assert ada.client.get(path(queue)).status_code == 200
