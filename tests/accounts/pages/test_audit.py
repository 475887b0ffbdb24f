"""The record's page and file: for owners, in words, and never more than text."""

import csv
import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Membership, Role
from apps.accounts.pages import audit_record
from apps.accounts.pages.audit_wording import ACTS
from apps.audit import services as audit
from apps.audit.models import Entry
from tests.factories import invite_member, make_key, make_member, make_project
from tests.pages import shown

pytestmark = pytest.mark.django_db

PAGE, FILE = "/p/office/audit/", "/p/office/audit/entries.csv"


@pytest.fixture
def owner(client: Client) -> Membership:
    member = make_member(make_project("office"), Role.OWNER, name="Ana")
    client.force_login(member.user)
    return member


def record(owner: Membership, act: str = "queue.paused", subject: str = "queue main", **changes) -> Entry:
    fields = {"project": owner.project_id, "actor": owner.user_id, "act": act, "subject": subject, **changes}
    return audit.record(**fields)


def tamper() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER append_only")
        cursor.execute("UPDATE audit_entry SET subject = 'queue other' WHERE number = 1")
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER append_only")


def rows_of(client: Client, **asked: str) -> list[dict[str, str]]:
    answer = client.get(FILE, asked)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))


@pytest.mark.parametrize("url", [PAGE, FILE])
@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.STAKEHOLDER, 403), (Role.REVIEWER, 403), (Role.ADJUDICATOR, 403), (Role.ENGINEER, 403), (Role.OWNER, 200)],
)
def test_record_is_for_owners(client: Client, url, role, status):
    client.force_login(make_member(make_project("office"), role).user)
    assert client.get(url).status_code == status


@pytest.mark.parametrize("url", [PAGE, FILE])
def test_record_of_another_project_does_not_exist(client: Client, url):
    make_project("office")
    client.force_login(make_member(make_project(), Role.OWNER).user)
    assert client.get(url).status_code == 404


def test_owner_finds_the_record_from_the_members(client: Client, owner):
    assert f'href="{PAGE}"' in client.get("/p/office/members/").content.decode()


def test_empty_record_says_what_will_be_in_it(client: Client, owner):
    assert "Nothing recorded yet" in shown(client.get(PAGE))


def test_entries_are_told_in_words_newest_first(client: Client, owner):
    member = invite_member(owner, "bo@example.org", name="Bo")
    key, _ = make_key(owner.project, ["reviews:write"], acts_for=member.user)
    record(owner, details={"key": key.prefix, "until_noon": True, "queues": ["main", "second"]})
    lines = client.get(PAGE).context["lines"]
    assert [(line.who, line.what) for line in lines] == [
        ("Ana", "paused queue main"),
        ("A system", f"created key {key.prefix}"),
        ("Bo", "added Bo"),
        ("Ana", f"created invitation {owner.project.invitations.get().pk}"),
    ]
    assert (lines[0].key, lines[0].details) == (key.prefix, [("queues", "main, second"), ("until noon", "yes")])
    assert lines[1].details == [("name", "test"), ("scopes", "reviews:write"), ("acts for", "Bo")]


def test_moment_in_the_details_is_told_as_one():
    entry = Entry(subject="key x", act="key.made", details={"expires_at": "2027-02-03T04:05:06Z"})
    assert audit_record.lines([entry])[0].details == [("expires at", "3 February 2027, 04:05 UTC")]


def test_person_without_an_account_is_a_number(client: Client, owner):
    record(owner, "member.removed", "person 99", actor=98)
    (line,) = client.get(PAGE).context["lines"]
    assert (line.who, line.what) == ("person 98", "removed person 99")


def test_act_without_words_is_shown_as_it_is(client: Client, owner):
    record(owner, "moon.painted", "moon 1")
    answer = client.get(PAGE)
    assert answer.context["lines"][0].what == "moon.painted moon 1"
    assert '<option value="moon.painted">moon.painted</option>' in answer.content.decode()


@pytest.mark.parametrize("act", ACTS)
def test_every_act_has_a_sentence_about_its_subject(act):
    sentence, anything = ACTS[act]
    assert sentence.count("{}") == 1
    assert anything[0].isupper()


def test_record_can_be_narrowed_to_an_act_and_a_person(client: Client, owner):
    other = make_member(owner.project, Role.OWNER, name="Bo")
    record(owner)
    record(owner, "queue.resumed")
    record(other)
    record(owner, actor=None)
    ana, bo = str(owner.user_id), str(other.user_id)
    for asked, numbers in (
        ({}, [4, 3, 2, 1]),
        ({"act": "queue.paused"}, [4, 3, 1]),
        ({"person": ana}, [2, 1]),
        ({"person": "none"}, [4]),
        ({"act": "queue.paused", "person": bo}, [3]),
        ({"act": "queue.resumed", "person": bo}, []),
    ):
        assert [line.entry.number for line in client.get(PAGE, asked).context["lines"]] == numbers
        assert [int(row["number"]) for row in rows_of(client, **asked)] == numbers


@pytest.mark.parametrize("url", [PAGE, FILE])
@pytest.mark.parametrize("asked", [{"act": "queue.resumed"}, {"person": "7000"}, {"person": "1 OR 1"}, {"act": "\x01"}])
def test_what_the_record_does_not_know_is_not_there(client: Client, owner, url, asked):
    record(owner)
    assert client.get(url, asked).status_code == 404


def test_record_is_turned_over_page_by_page_with_its_filter(client: Client, owner, monkeypatch):
    monkeypatch.setattr("apps.accounts.pages.audit_views.ENTRIES_SHOWN", 2)
    for _ in range(3):
        record(owner)
    answer = client.get(PAGE, {"act": "queue.paused", "page": "2"})
    assert [line.entry.number for line in answer.context["lines"]] == [1]
    assert "act=queue.paused&amp;page=1" in answer.content.decode()


def test_whole_record_says_so(client: Client, owner):
    record(owner)
    assert "The only entry was checked just now: the record is intact." in shown(client.get(PAGE))
    record(owner)
    assert "All 2 entries were checked just now: the record is intact." in shown(client.get(PAGE))


def test_long_record_says_how_much_of_it_was_checked(client: Client, owner, monkeypatch):
    monkeypatch.setattr(audit_record, "CHECKED", 2)
    for _ in range(3):
        record(owner)
    tamper()
    said = shown(client.get(PAGE))
    assert "The newest 2 of 3 entries were checked just now: they are intact." in said
    assert "verify_audit" in said


def test_broken_record_says_where(client: Client, owner):
    record(owner)
    record(owner)
    tamper()
    said = shown(client.get(PAGE))
    assert "The record is broken at entry 1" in said
    assert "intact" not in said


def test_hostile_text_is_text(client: Client, owner):
    owner.user.name = "<b>Ana</b>"
    owner.user.save()
    record(owner, "<i>act</i>", "<script>alert(1)</script>{}{{7*7}}", details={"<u>": "<img src=x>", "key": "<s>"})
    record(owner, subject="{0.__class__} %s")
    said = shown(client.get(PAGE))
    for markup in ("<b>Ana", "<i>act", "<script>alert", "<u>", "<img src=x", "<s>"):
        assert markup not in said
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{}{{7*7}}" in said
    assert "paused {0.__class__} %s" in said


def test_file_has_every_entry_with_its_hashes(client: Client, owner):
    first, second = record(owner, details={"b": "é", "a": 1}), record(owner, actor=None)
    answer = client.get(FILE)
    assert answer["Content-Disposition"] == 'attachment; filename="office-record.csv"'
    newest, oldest = rows_of(client)
    assert oldest == {
        "number": "1",
        "at": first.at.isoformat(),
        "who": "Ana",
        "person": str(owner.user_id),
        "act": "queue.paused",
        "what": "paused queue main",
        "details": '{"a": 1, "b": "é"}',
        "previous_hash": "",
        "hash": first.hash,
    }
    assert (newest["who"], newest["person"], newest["previous_hash"]) == ("A system", "", first.hash)
    assert newest["hash"] == second.hash


def test_spreadsheet_finds_no_formula_in_the_file(client: Client, owner):
    owner.user.name = '=HYPERLINK("x")'
    owner.user.save()
    record(owner, "@act", "-x")
    (row,) = rows_of(client)
    assert (row["who"], row["act"], row["what"]) == ('\'=HYPERLINK("x")', "'@act", "'@act -x")


def test_record_asks_the_same_number_of_questions_however_long_it_is(client: Client, owner):
    counts = []
    for _ in range(2):
        for _ in range(3):
            other = make_member(owner.project)
            record(owner, "member.added", f"person {other.user_id}", actor=other.user_id)
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        counts.append(len(queries))
    # Session, person, membership; acts with people, their names; length, page, its names; four for the check; the bell.
    assert counts == [13, 13]
