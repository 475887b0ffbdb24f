"""Silent workers turn `/readyz` red, show on the page of the project, and are told to owners once."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db.models import F

from apps.accounts.models import Role
from apps.common import mail as posting
from apps.notifications.models import Pulse
from apps.notifications.services import pulse
from tests.factories import make_member, make_model, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(posting, "post", lambda message: message.send())


@pytest.fixture
def project():
    project = make_project("credit")
    make_model(project)
    return project


def silent(minutes=30):
    pulse.beat()
    Pulse.objects.update(at=F("at") - timedelta(minutes=minutes))


def test_before_the_first_sign_of_life_nothing_is_missed(client):
    assert client.get("/readyz").json()["workers"]["ok"]


def test_silence_is_red_and_told_to_owners_once(client, project):
    owner = make_member(project, Role.OWNER).user
    make_member(project, Role.ENGINEER)
    make_member(project, Role.OWNER, is_simulated=True)
    silent()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert not answer.json()["workers"]["ok"]
    client.get("/readyz")
    (message,) = mail.outbox
    assert message.to == [owner.email]
    assert "/readyz" in message.body


def test_a_new_silence_is_told_again(client, project):
    make_member(project, Role.OWNER)
    for _ in range(2):
        silent()
        client.get("/readyz")
        Pulse.objects.update(told_at=F("told_at") - timedelta(minutes=60))
    assert len(mail.outbox) == 2


@pytest.mark.parametrize(("role", "is_shown"), [(Role.ENGINEER, True), (Role.REVIEWER, False)])
def test_the_page_of_the_project_shows_it_to_those_who_set_it_up(client, project, role, is_shown):
    client.force_login(make_member(project, role).user)
    silent()
    shown = "No worker has given a sign of life" in client.get("/p/credit/").content.decode()
    assert shown is is_shown


def test_work_that_goes_on_is_no_silence(client, project):
    pulse.beat()
    assert not pulse.tell_if_silent()
    assert client.get("/readyz").json()["workers"]["ok"]
