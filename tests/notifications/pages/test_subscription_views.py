"""Pages of what comes by mail: subscribing, one's own list, leaving by a link, and an owner's schedules."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Membership, Role
from apps.notifications.models import Letter, Schedule, Subscription
from apps.notifications.services import subscribing
from apps.registry.models import MonitoredModel
from tests.factories import make_member, make_project
from tests.notifications.subscribers import letter_to, send, subscribe
from tests.reports.stored import report_model

pytestmark = pytest.mark.django_db

ANSWERS = {
    "standing": "final_month",
    "cadence": "monthly",
    "weekday": "1",
    "day": "31",
    "hour": "8",
    "zone": "Europe/Berlin",
    "attaches_pdf": "attached",
    "waits_days": "0",
}


@pytest.fixture
def model() -> MonitoredModel:
    return report_model()


@pytest.fixture
def anna(model: MonitoredModel, client: Client) -> Membership:
    member = make_member(model.project, Role.STAKEHOLDER)
    client.force_login(member.user)
    return member


def address(model: MonitoredModel, kind: str = "value") -> str:
    return reverse("report_subscribe", args=[model.project.slug, model.slug, kind])


def test_a_report_is_subscribed_to_on_its_page(client: Client, anna: Membership, model: MonitoredModel) -> None:
    assert "Send me the value report" in client.get(address(model)).content.decode()
    page = client.post(address(model), ANSWERS, follow=True).content.decode()
    schedule = anna.user.subscriptions.get().schedule
    assert (schedule.day, schedule.hour, schedule.zone, schedule.attaches_pdf) == (31, 8, "Europe/Berlin", True)
    assert "On day 31 of each month at 08:00, Europe/Berlin time; PDF attached" in page
    report = reverse("reports", args=[model.project.slug, model.slug, "value"])
    assert f'<a href="{report}?window=final_month">' in page


def test_a_wrong_answer_keeps_what_was_typed(client: Client, anna: Membership, model: MonitoredModel) -> None:
    answer = client.post(address(model), ANSWERS | {"zone": "Atlantis", "day": "31"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "There is no such time zone." in page
    assert 'value="Atlantis"' in page
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cadence": "weekly", "weekday": ""}, "This field is required."),
        ({"cadence": "final", "standing": "last_28_days"}, "The last 28 days never become final."),
        ({"waits_days": "99"}, "less than or equal to 60"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    client: Client, anna: Membership, model: MonitoredModel, changes: dict[str, str], said: str
) -> None:
    answer = client.post(address(model), ANSWERS | changes)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_all_models_are_subscribed_to_by_the_clock_alone(
    client: Client, anna: Membership, model: MonitoredModel
) -> None:
    page = reverse("portfolio_subscribe", args=[model.project.slug])
    assert client.post(page, ANSWERS | {"cadence": "restated"}).status_code == 422
    assert client.post(page, ANSWERS).status_code == 302
    assert anna.user.subscriptions.get().schedule.model is None


def test_an_empty_list_says_what_to_do(client: Client, anna: Membership) -> None:
    assert "Open a report and choose Send me this." in client.get(reverse("subscriptions")).content.decode()


def test_people_stop_and_resend_their_own_and_nobody_elses(client: Client) -> None:
    member, _ = letter_to()
    send()
    client.force_login(member.user)
    mine = member.user.subscriptions.get()
    assert "sent, preliminary" in client.get(reverse("subscriptions")).content.decode()
    client.post(reverse("subscription_again", args=[mine.pk]))
    assert send() == 1
    other = make_member(make_project("other"), Role.OWNER)
    client.force_login(other.user)
    assert client.post(reverse("subscription_leave", args=[mine.pk])).status_code == 404
    client.force_login(member.user)
    client.post(reverse("subscription_leave", args=[mine.pk]))
    assert not Subscription.objects.active().exists()


def test_opening_the_link_of_a_mail_changes_nothing_and_its_button_ends_it(client: Client) -> None:
    member, _ = letter_to()
    link = reverse("unsubscribe", args=[subscribing.token_of(member.user.subscriptions.get())])
    page = client.get(link)
    assert "Stop these mails?" in page.content.decode()
    assert page["Referrer-Policy"] == "no-referrer"
    assert Subscription.objects.active().exists()
    assert "You get no more of these mails" in client.post(link).content.decode()
    assert "You get no more of these mails" in client.get(link).content.decode()
    assert not Subscription.objects.active().exists()
    assert send() == 0
    assert not mail.outbox


def test_a_link_that_nobody_signed_ends_nothing(client: Client) -> None:
    letter_to()
    answer = client.post(reverse("unsubscribe", args=["MQ:1xXIIR:forged"]))
    assert answer.status_code == 404
    assert "This link is not complete." in answer.content.decode()
    assert Subscription.objects.active().exists()


@pytest.fixture
def owner(client: Client) -> Any:
    """An owner, and a schedule of a stakeholder with a letter."""
    member, edition = letter_to()
    owner = make_member(member.project, Role.OWNER)
    client.force_login(owner.user)
    return owner, member, edition.schedule


def test_owners_see_what_is_sent_and_to_whom(client: Client, owner: Any) -> None:
    _, member, schedule = owner
    send()
    slug = schedule.project.slug
    assert "1 sent" in client.get(reverse("schedules", args=[slug])).content.decode()
    page = client.get(reverse("schedule", args=[slug, schedule.pk])).content.decode()
    assert member.user.email in page


def test_owners_add_members_end_subscriptions_and_remove_schedules(client: Client, owner: Any) -> None:
    by, member, schedule = owner
    where = [schedule.project.slug, schedule.pk]
    stranger = make_member(make_project("other")).user
    assert client.post(reverse("schedule_add", args=where), {"user": stranger.pk}).status_code == 422
    client.post(reverse("schedule_add", args=where), {"user": by.user.pk})
    assert by.user.subscriptions.get().added_by == by.user
    subscription = member.user.subscriptions.get()
    client.post(reverse("schedule_end", args=where), {"subscription": subscription.pk})
    assert [each.user for each in Subscription.objects.active()] == [by.user]
    client.post(reverse("schedule_remove", args=where))
    assert not Schedule.objects.exists()


def test_owners_send_again_what_failed(client: Client, owner: Any) -> None:
    _, _, schedule = owner
    edition = schedule.editions.get()
    Letter.objects.update(failed_at="2026-12-01T08:00Z", said="No.")
    client.post(reverse("schedule_again", args=[schedule.project.slug, schedule.pk]), {"edition": edition.pk})
    assert send() == 1


def test_the_list_of_schedules_asks_as_often_for_many_as_for_one(
    client: Client, owner: Any, django_assert_max_num_queries: Any
) -> None:
    _, member, schedule = owner
    for hour in range(5):
        subscribe(member, schedule.model, hour=hour)
    with django_assert_max_num_queries(14):
        client.get(reverse("schedules", args=[schedule.project.slug]))
