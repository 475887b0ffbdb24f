"""Limits on signing in: of an address, of an account from one address, of an account from anywhere."""

import re
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters
from django.conf import LazySettings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import caches
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from tests.factories import make_member, make_project

pytestmark = pytest.mark.django_db
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"


@pytest.fixture
def person() -> User:
    return make_member(make_project()).user


def sign_in(email: str, password: str = "a long password", *, address: str = HOME) -> Any:
    return Client().post("/accounts/login/", {"login": email, "password": password}, REMOTE_ADDR=address)


def fail(email: str, times: int, *, address: str) -> list[int]:
    return [sign_in(email, "a wrong password", address=address).status_code for _ in range(times)]


def test_strangers_lock_nobody_out(person: User) -> None:
    assert fail(person.email, 6, address=ELSEWHERE) == [200] * 5 + [429]
    refused = sign_in(person.email, address=ELSEWHERE)
    assert (refused.status_code, refused["Retry-After"]) == (429, "300")
    assert b"Too many attempts" in refused.content
    assert sign_in(person.email, address=HOME).status_code == 302


def test_an_address_cannot_try_many_accounts(person: User) -> None:
    answers = [fail(f"nobody{number}@example.org", 1, address=ELSEWHERE)[0] for number in range(11)]
    assert answers == [200] * 10 + [429]
    assert sign_in(person.email, address=ELSEWHERE).status_code == 429


def test_many_addresses_are_slowed_but_not_those_that_the_account_knows(person: User, settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"sign_in_anywhere": "3/h/key", "login_failed": "5/5m/key"}
    assert sign_in(person.email, address=HOME).status_code == 302
    addresses = [f"198.51.100.{number}" for number in range(3)]
    assert [fail(person.email, 1, address=address) for address in addresses] == [[200], [200], [429]]
    assert sign_in(person.email, address=ELSEWHERE).status_code == 429
    assert sign_in(person.email, address=HOME).status_code == 302


def test_unknown_accounts_get_the_same_answers(person: User) -> None:
    def words(answer: Any) -> str:
        page = re.sub(r"[\w.]+@example.org|\w{64}", "", answer.content.decode())
        return f"{answer.status_code} {page}"

    for number in range(6):
        known = sign_in(person.email, "a wrong password", address=HOME)
        assert words(known) == words(sign_in("nobody@example.org", "a wrong password", address="192.0.2.2")), number


def test_an_unknown_account_takes_as_long_as_a_known_one(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *given: hashed.append(given[1]) or encode(*given))
    sign_in(person.email, "a wrong password")
    assert hashed == ["a wrong password"]
    sign_in("nobody@example.org", "a wrong password")
    assert hashed == ["a wrong password"] * 2


def test_limits_and_used_codes_are_in_the_database(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    totp = TOTP.activate(person, secret := generate_totp_secret())
    code = format_hotp_value(hotp_value(secret, next(iter(counters()))))
    assert totp.validate_code(code)
    # Another process has another cache object, and no memory of this one.
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.cache", caches.create_connection("default"))
    assert not totp.validate_code(code)
    fail(person.email, 1, address=HOME)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FILTER (WHERE cache_key ~ 'totp'), count(*) FROM common_cache")
        used, rows = cursor.fetchone()
    assert used == 1
    assert rows > used


def test_a_refused_form_names_the_settings_that_refuse_every_form():
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "ana@example.org"})
    assert answer.status_code == 403
    assert "COUNTERSIGN_BASE_URL" in (page := answer.content.decode())
    assert "COUNTERSIGN_TRUSTED_PROXIES" in page
