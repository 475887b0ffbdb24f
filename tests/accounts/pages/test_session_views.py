"""Sessions: listed, ended one by one or together, and at an end by themselves."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters
from allauth.usersessions.models import UserSession
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.pages import session_age
from apps.accounts.pages.session_views import device
from apps.accounts.services import sessions
from tests.factories import make_member, make_project

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


@pytest.fixture
def person() -> User:
    return make_member(make_project("office")).user


def signed_in(person: User, agent: str = FIREFOX) -> Client:
    client = Client(headers={"user-agent": agent})
    answer = client.post("/accounts/login/", {"login": person.email, "password": "a long password"})
    assert answer.status_code == 302
    return client


def is_in(client: Client) -> bool:
    return bool(client.get("/p/office/").status_code == 200)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def time(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock for the age of sessions."""
    clock = Clock()
    monkeypatch.setattr(session_age, "time", clock)
    return clock


def test_the_page_lists_and_ends_sessions(person: User) -> None:
    here, there, third = signed_in(person), signed_in(person, CHROME), signed_in(person)
    page = here.get("/accounts/sessions/").content.decode()
    assert page.count("Firefox on Linux</h2>") == 2
    assert page.count("Chrome on Windows</h2>") == 1
    assert page.count("this session") == 1
    row = UserSession.objects.get(session_key=there.session.session_key)
    here.post(f"/accounts/sessions/{row.pk}/end/")
    assert [is_in(client) for client in (here, there, third)] == [True, False, True]
    here.post("/accounts/sessions/end-others/")
    assert [is_in(client) for client in (here, third)] == [True, False]


def test_nobody_ends_sessions_of_others(person: User) -> None:
    client, stranger = signed_in(person), signed_in(make_member(make_project("other")).user)
    assert stranger.post(f"/accounts/sessions/{UserSession.objects.get(user=person).pk}/end/").status_code == 404
    stranger.post("/accounts/sessions/end-others/")
    assert is_in(client)
    assert Client().get("/accounts/sessions/").status_code == 302


def test_a_new_password_ends_the_others(person: User) -> None:
    here, there = signed_in(person), signed_in(person)
    new = {"oldpassword": "a long password", "password1": "another long one", "password2": "another long one"}
    assert here.post("/accounts/password/change/", new).status_code == 302
    assert [is_in(client) for client in (here, there)] == [True, False]


def test_a_new_or_removed_second_step_ends_the_others(person: User) -> None:
    here, there = signed_in(person), signed_in(person)
    here.post("/accounts/reauthenticate/", {"password": "a long password"})
    here.get("/accounts/2fa/totp/activate/")
    secret = here.session["mfa.totp.secret"]
    here.post("/accounts/2fa/totp/activate/", {"code": format_hotp_value(hotp_value(secret, next(iter(counters()))))})
    assert [is_in(client) for client in (here, there)] == [True, False]
    there.force_login(person)
    UserSession.objects.create(user=person, ip="192.0.2.1", session_key=there.session.session_key)
    assert here.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert [is_in(client) for client in (here, there)] == [True, False]


def test_an_unused_session_ends_and_a_used_one_does_not(person: User, clock: Clock, settings: LazySettings) -> None:
    client = signed_in(person)
    client.get("/p/office/")
    until = Session.objects.get(session_key=client.session.session_key).expire_date
    idle = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    assert abs(until - timezone.now() - idle) < timedelta(minutes=1)
    later = timezone.now() - timedelta(hours=1)
    Session.objects.update(expire_date=later + idle)

    def renewed() -> bool:
        return Session.objects.get().expire_date > timezone.now() + idle - timedelta(minutes=1)

    client.get("/p/office/")
    assert not renewed(), "saved a moment ago"
    clock.seconds += 301
    client.post("/p/office/slots/1/heartbeat/")
    client.get("/p/office/", headers={"hx-request": "true"})
    client.get("/p/office/", headers={"x-fragment": "1"})
    assert not renewed(), "nobody was there"
    client.get("/p/office/")
    assert renewed()
    Session.objects.update(expire_date=timezone.now())
    assert not is_in(client)


def test_every_session_ends_some_day(person: User, clock: Clock, settings: LazySettings) -> None:
    client = signed_in(person)
    assert is_in(client)
    clock.seconds += 14 * 24 * 3600
    assert is_in(client)
    clock.seconds += 1
    assert not is_in(client)
    assert client.get("/p/office/")["Location"] == "/accounts/login/?next=/p/office/"


def test_what_has_expired_is_deleted(person: User) -> None:
    ended, living = signed_in(person), signed_in(person)
    Session.objects.filter(session_key=ended.session.session_key).update(expire_date=timezone.now())
    cache.set("short", 1, timeout=0.001)
    cache.set("long", 1)
    sessions.forget_expired()
    assert [row.session_key for row in UserSession.objects.all()] == [living.session.session_key]
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM common_cache WHERE cache_key ~ 'long|short'")
        assert cursor.fetchall() == [(":1:long",)]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Windows"),
        ("", "Unknown device"),
        ("curl/8", "Unknown device"),
    ],
)
def test_devices_have_names(agent: str, name: Any) -> None:
    assert device(agent) == name
