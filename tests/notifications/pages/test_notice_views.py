"""The pages of notices, and the bell on every page."""

import csv
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import Membership
from apps.notifications.models import Notice, NoticeKind
from apps.notifications.services import inbox
from tests.factories import make_member, make_model, make_project
from tests.notifications.people import tell
from tests.pages import shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Membership:
    return make_member(make_project("office"))


@pytest.fixture
def client(anna: Membership) -> Client:
    client = Client()
    client.force_login(anna.user)
    return client


def get(client: Client, name: str = "notices", **query: Any) -> str:
    return shown(client.get(reverse(name), query))


def post(client: Client, name: str, query: str = "", **fields: Any) -> str:
    return shown(client.post(reverse(name) + query, fields, follow=True))


def test_notices_of_all_projects_are_listed_newest_first(client: Client, anna: Membership) -> None:
    other = Membership.objects.create(user=anna.user, project=make_project("lab"), role="owner")
    tell(anna, "1", title="First <b>.", model=make_model(anna.project, name="Loans"))
    tell(other, "2", title="Second.", text="More of it.")
    page = get(client)
    assert page.index("Second.") < page.index("First &lt;b&gt;.")
    assert "More of it." in page
    assert "Loans" in page
    assert "2 notices" in page


def test_without_notices_the_page_says_what_appears(client: Client) -> None:
    page = get(client)
    assert "Nothing to tell you yet" in page
    assert "Questions and cases that wait for you" in page
    assert "No notices match." in get(client, text="x")


def test_notices_are_searched_and_filtered(client: Client, anna: Membership) -> None:
    other = Membership.objects.create(user=anna.user, project=make_project("lab"), role="owner")
    tell(anna, "1", title="Drift of age.")
    tell(anna, "2", title="A mention.", kind=NoticeKind.MENTION, text="On AGE too.")
    tell(other, "3", title="Drift of sex.")
    Notice.objects.filter(key="1").update(read_at=timezone.now())

    def found(**query: str) -> set[str]:
        lines = csv.DictReader(b"".join(client.get(reverse("notices_csv"), query)).decode().splitlines())
        titles = {line["title"] for line in lines}
        page = get(client, **query)
        assert {title for title in ("Drift of age.", "A mention.", "Drift of sex.") if title in page} == titles
        return titles

    assert found(text="age") == {"Drift of age.", "A mention."}
    assert found(kind="mention") == {"A mention."}
    assert found(state="unread") == {"A mention.", "Drift of sex."}
    assert found(project="lab") == {"Drift of sex."}
    assert len(found(project="unknown", kind="x")) == 3


def test_the_list_is_downloaded_and_spreadsheets_find_no_formula(client: Client, anna: Membership) -> None:
    tell(anna, title='=HYPERLINK("x")', text="@a")
    (row,) = csv.DictReader(b"".join(client.get(reverse("notices_csv"))).decode().splitlines())
    assert (row["title"], row["text"], row["project"], row["kind"]) == ('\'=HYPERLINK("x")', "'@a", "office", "alert")
    assert row["url"].endswith("/p/office/")


def test_a_notice_leads_on_and_is_read_then(client: Client, anna: Membership, settings: Settings) -> None:
    tell(anna)
    notice = Notice.objects.get()
    settings.PATH = "/tools"
    answer = client.get(reverse("notice", args=[notice.pk]))
    assert (answer.status_code, answer["Location"]) == (302, "/tools/p/office/")
    notice.refresh_from_db()
    assert notice.read_at is not None


def test_looking_ahead_reads_nothing(client: Client, anna: Membership) -> None:
    tell(anna)
    assert client.head(reverse("notice", args=[Notice.objects.get().pk])).status_code == 405
    assert inbox.unread(anna.user) == 1


def test_one_or_all_are_marked_read_and_the_filters_stay(client: Client, anna: Membership) -> None:
    for number in range(3):
        tell(anna, str(number))
    first = Notice.objects.order_by("pk").first()
    answer = client.post(reverse("notices_read") + "?state=unread", {"notice": first.pk})
    assert answer["Location"] == "/notices/?state=unread"
    assert inbox.unread(anna.user) == 2
    seen_at = timezone.now().isoformat()
    tell(anna, "later")
    assert "2 notices marked read." in post(client, "notices_read", until=seen_at)
    assert inbox.unread(anna.user) == 1
    assert "1 notice marked read." in post(client, "notices_read")


def test_a_mail_that_failed_says_why_and_is_sent_again(client: Client, anna: Membership) -> None:
    tell(anna)
    Notice.objects.update(failed_at=timezone.now(), said="Mailbox <full>")
    page = get(client)
    assert "mail failed" in page
    assert "Mailbox &lt;full&gt;" in page
    assert "sent again" in post(client, "notices_mail_again")
    assert not Notice.objects.failed().exists()


def test_another_persons_notice_does_not_exist(anna: Membership) -> None:
    tell(anna)
    notice = Notice.objects.get()
    stranger = Client()
    stranger.force_login(make_member(anna.project).user)
    assert stranger.get(reverse("notice", args=[notice.pk])).status_code == 404
    assert stranger.post(reverse("notices_read"), {"notice": notice.pk}).status_code == 404
    assert stranger.post(reverse("notices_read"), {"notice": "x"}).status_code == 404
    stranger.post(reverse("notices_read"))
    assert "drifted" not in get(stranger)
    assert inbox.unread(anna.user) == 1


def test_notices_of_a_left_project_do_not_exist(client: Client, anna: Membership) -> None:
    tell(anna)
    Membership.objects.filter(pk=anna.pk).delete()
    assert client.get(reverse("notice", args=[Notice.objects.get().pk])).status_code == 404
    page = get(client)
    assert "drifted" not in page
    assert "office" not in page


def test_nobody_reads_notices_without_signing_in() -> None:
    for name in ("notices", "notices_csv", "notice_settings"):
        assert Client().get(reverse(name))["Location"].startswith("/accounts/login/")


def test_choices_are_shown_and_saved(client: Client, anna: Membership) -> None:
    page = get(client, "notice_settings")
    assert 'aria-label="Alerts: one mail a day" checked' in page
    assert 'aria-label="Mentions of you: on the page" checked' in page
    assert "No mail server is set up here" in page
    chosen = {kind.value: "mail" for kind in NoticeKind}
    assert "Saved." in post(client, "notice_settings", **chosen)
    assert set(inbox.preferences(anna.user).values()) == {"mail"}


@pytest.mark.parametrize("change", [{"alert": "shout"}, {"alert": ""}])
def test_a_choice_that_does_not_exist_changes_nothing(client: Client, anna: Membership, change: dict[str, str]) -> None:
    answer = client.post(reverse("notice_settings"), {kind.value: "mail" for kind in NoticeKind} | change)
    assert answer.status_code == 422
    assert "Nothing has changed." in shown(answer)
    assert inbox.preferences(anna.user)[NoticeKind.MENTION] == "page"


def test_the_page_runs_the_same_number_of_queries_for_any_number_of_notices(client: Client, anna: Membership) -> None:
    counts = []
    for turn in range(2):
        for number in range(5):
            tell(anna, f"{turn} {number}", model=make_model(anna.project))
        with CaptureQueriesContext(connection) as queries:
            get(client)
        counts.append(len(queries))
    # Session, person; length, page; projects of the filter; the bell.
    assert counts == [6, 6]


def test_a_long_list_has_pages(client: Client, anna: Membership) -> None:
    for number in range(51):
        tell(anna, str(number), title=f"Number {number}.")
    assert "Number 0." not in get(client)
    assert "Number 0." in get(client, page=2, state="unread")


# The bell


@pytest.mark.parametrize(
    ("count", "said"), [(0, "Notices, none unread"), (1, "1 unread notice<"), (3, "3 unread notices<")]
)
def test_the_bell_says_how_much_is_unread(client: Client, anna: Membership, count: int, said: str) -> None:
    for number in range(count):
        tell(anna, str(number))
    assert said in shown(client.get("/p/office/"))


def test_the_bell_stops_counting(client: Client, anna: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "unread", lambda _: 100)
    page = get(client)
    assert "99+" in page
    assert "More than 99 unread notices" in page


def test_the_bell_costs_one_query_and_none_where_nobody_is_signed_in(client: Client, anna: Membership) -> None:
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("glossary"))
    assert sum("notifications_notice" in each["sql"] for each in queries) == 1
    with CaptureQueriesContext(connection) as queries:
        page = Client().get(reverse("account_login"))
    assert not any("notifications_notice" in each["sql"] for each in queries)
    assert "bell" not in shown(page)
