"""Role × route × method × project, and key × scope: who may do what is what each route declares, and nothing else.

The routes come from the resolver, and what is expected of each from its own `required_role` and `required_scope`.
A refused request changes no row. An admitted one is undone, so that each cell meets the same world.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count, product
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, transaction
from django.template.backends.django import Template
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import ApiKey, Membership, Role, Scope, User
from apps.accounts.services import keys
from apps.accounts.services.access import PERSONAL_ROUTES, PUBLIC_ROUTES, for_method
from apps.accounts.services.permissions import HasAccess, Needs, needs_of
from apps.accounts.urls import mail_urlpatterns
from tests.factories import make_member, make_project
from tests.world import Route, World, routes

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ROLES = list(Role)
ROUTES = routes()
LISTED = PUBLIC_ROUTES | PERSONAL_ROUTES
PAGES = [route for route in ROUTES if not route.is_api or route.name in PUBLIC_ROUTES]
CALLS = [route for route in ROUTES if route not in PAGES]
# Refusals by further rules, which are tested where they are: only the holder of a slot sees the tabs beside its case.
FURTHER = {
    "api_key_revoke": 404,
    "slot_history": 404,
    "slot_similar": 404,
    "slot_precedents": 404,
    "question": 403,
    "case": 403,
    "case_comment": 403,
    # Whose subscription is meant, or which edition, says the body; over the API, everybody ends their own.
    "schedule_end": 404,
    "schedule_again": 404,
    "api_subscription": 404,
}
# Methods that a route does not serve are asked for by these two: whether it serves one is decided apart from who asks.
ASKING_ALL_METHODS = {"owner", "nobody"}
SIGN_IN, INVALID, UNKNOWN, FORBIDDEN, ABSENT, NO_METHOD = 302, 400, 401, 403, 404, 405
NUMBERS = count(1)


def declares(route: Route) -> bool:
    if route.name in LISTED:
        return True
    if not route.is_api:
        return hasattr(route.view, "required_role")
    view = route.view.cls
    served = [method for method in METHODS if hasattr(view, method.lower()) and method != "OPTIONS"]
    return view.permission_classes == [HasAccess] and all(needs_of(view, method) for method in served)


def test_every_route_declares_who_may_use_it():
    assert [route.name for route in ROUTES if not declares(route)] == []


def test_every_listed_route_exists():
    by_mail = {pattern.name for pattern in mail_urlpatterns}
    assert {route.name for route in ROUTES} | by_mail >= LISTED


class Matrix:
    """Asks cell by cell, counts the cells, and keeps those that were answered otherwise than they must be."""

    def __init__(self) -> None:
        self.handler, self.factory = WSGIHandler(), RequestFactory()
        self.home, self.other = World("home"), World("other")
        self.cells: Counter[str] = Counter()
        self.violations: list[tuple[object, ...]] = []

    def ask(self, method: str, path: str, headers: dict[str, str]) -> int:
        request = self.factory.generic(method, path, content_type="application/json", headers=headers)
        request._dont_enforce_csrf_checks = True
        return self.handler.get_response(request).status_code

    def refused(self, who: str, method: str, path: str, statuses: set[int], headers: dict[str, str]) -> None:
        """Ask what must be answered with one of these statuses."""
        status = self.ask(method, path, headers)
        self.cells["refused"] += 1
        if status not in statuses:
            self.violations.append((who, method, path, status, statuses))

    def admitted(self, who: str, route: Route, method: str, path: str, headers: dict[str, str]) -> int:
        """Ask what must not be refused, and undo it."""
        undo = transaction.savepoint()
        status = self.ask(method, path, headers)
        transaction.savepoint_rollback(undo)
        self.cells["admitted"] += 1
        is_wrong = status in {UNKNOWN, FORBIDDEN, ABSENT} - {FURTHER.get(route.name)} and route.name not in LISTED
        if is_wrong or status >= 500:
            self.violations.append((who, method, path, status, "admitted"))
        return status


def written() -> dict[str, int]:
    """Count the rows that this transaction has written so far, by table; undone ones count too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return dict(cursor.fetchall())


# They take no part in who may do what, but time.
IDLE = (
    "django_structlog",
    "csp.",
    "whitenoise",
    "NoStore",
    "SecurityMiddleware",
    "clickjacking",
    "CharacterMiddleware",
)


@pytest.fixture
def matrix(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Matrix]:
    """A matrix whose pages stay blank: who may open them is decided before they are rendered."""
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if not any(name in each for name in IDLE)]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.REQUESTS_PER_MINUTE = 0
    monkeypatch.setattr(Template, "render", lambda *_args, **_more: "")
    monkeypatch.setattr("apps.reports.pages.letters.render_pdf", lambda *_args: b"")
    monkeypatch.setattr("apps.home.pages.paper.printed", lambda *_args: b"")
    logging.disable(logging.CRITICAL)
    yield Matrix()
    logging.disable(logging.NOTSET)


# Pages


def people(world: World) -> dict[str, User | None]:
    """The persons of the matrix: each role, and those who have no business in the project."""
    found: dict[str, User | None] = {str(role): make_member(world.project, role).user for role in reversed(ROLES)}
    inactive, removed = make_member(world.project, Role.OWNER), make_member(world.project, Role.OWNER)
    User.objects.filter(pk=inactive.user_id).update(is_active=False)
    Membership.objects.filter(pk=removed.pk).delete()
    outsider = make_member(make_project(), Role.OWNER)
    return found | {"nobody": None, "inactive": inactive.user, "removed": removed.user, "outsider": outsider.user}


def cookie_of(user: User | None) -> dict[str, str]:
    client = Client()
    if user is not None:
        client.force_login(user)
    return {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())}


def may(who: str, needed: Role, *, method: str, is_work: bool = False) -> bool:
    """Each role may do what those before it may; a validator reads as an engineer what is not somebody's own work."""
    order = [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR, Role.ENGINEER, Role.OWNER]
    role = Role(who)
    if role == Role.VALIDATOR:
        reads = method in {"GET", "HEAD"} and not is_work
        return needed == Role.VALIDATOR or order.index(needed) <= order.index(
            Role.ENGINEER if reads else Role.STAKEHOLDER
        )
    return order.index(role) >= order.index(Role.ENGINEER if needed == Role.VALIDATOR else needed)


def page_refusals(route: Route, who: str, method: str, place: str) -> set[int]:
    """Return how a page may refuse this person; nothing if it must not."""
    if route.name in PUBLIC_ROUTES:
        return set()
    if who in {"nobody", "inactive"}:
        return {SIGN_IN}
    if route.name in PERSONAL_ROUTES:
        return set()
    if who in {"removed", "outsider"} or place == "theirs":
        return {ABSENT}
    needed = for_method(route.view.required_role, method) or Role.OWNER
    if not may(who, needed, method=method, is_work=route.view.is_work):
        return {FORBIDDEN}
    return {ABSENT} if place == "theirs at home" else set()


def page_paths(route: Route, matrix: Matrix) -> dict[str, str]:
    """Return a page's address at home, in another project, and at home with the other project's objects."""
    paths = {"home": route.path(matrix.home.values)}
    if "project" in route.parameters:
        paths["theirs"] = route.path(matrix.other.values)
    if len(route.parameters) > 1:
        paths["theirs at home"] = route.path({**matrix.other.values, "project": matrix.home.project.slug})
    return paths


def page_cells(matrix: Matrix) -> list[tuple[Route, str, str, str]]:
    paths = {route: page_paths(route, matrix) for route in PAGES}
    return [
        (route, place, path, method) for route in PAGES for place, path in paths[route].items() for method in METHODS
    ]


def served_methods(route: Route, matrix: Matrix, headers: dict[str, str]) -> set[str]:
    """Return the methods of a page, as its owner finds them."""
    path = route.path(matrix.home.values)
    return {method for method in METHODS if matrix.admitted("owner", route, method, path, headers) != NO_METHOD}


def test_pages_open_to_those_whom_they_declare(matrix: Matrix) -> None:
    served = {route: served_methods(route, matrix, cookie_of(matrix.home.member.user)) for route in PAGES}
    cells = page_cells(matrix)
    for who, user in people(matrix.home).items():
        headers, admitted, before = cookie_of(user), [], written()
        for route, place, path, method in cells:
            refusals = page_refusals(route, who, method, place)
            if place == "theirs at home" and refusals != {ABSENT}:
                continue  # as at home
            if method not in served[route]:
                if who not in ASKING_ALL_METHODS:
                    continue  # refused whoever asks
                refusals = refusals | {NO_METHOD}
            if refusals:
                matrix.refused(who, method, path, refusals, headers)
            elif route.name not in LISTED or who in {"nobody", "owner"}:
                admitted.append((route, method, path))
        assert written() == before, f"{who} was refused, but rows have changed"
        for route, method, path in admitted:
            matrix.admitted(who, route, method, path, headers)
    assert matrix.violations == []
    assert matrix.cells["refused"] > 7_000
    assert matrix.cells["admitted"] > 700


# API


def persons(world: World) -> dict[str, User | None]:
    """Those for whom the keys act."""
    return {str(role): make_member(world.project, role).user for role in ROLES} | {"nobody": None}


def key_for(world: World, user: User | None, scopes: Iterable[str], **changes: Any) -> dict[str, str]:
    """Return the header with a new key, which has been used just now: noting its use writes nothing then."""
    text, now = f"cs_{next(NUMBERS)}", timezone.now()
    fields = {"digest": keys.digest(text), "scopes": sorted(scopes), "acts_for": user, "last_used_at": now, **changes}
    ApiKey.objects.create(project=world.project, name="key", **fields)
    return {"Authorization": f"Bearer {text}"}


def scope_sets(needs: Needs) -> dict[str, frozenset[str]]:
    needed = frozenset(needs.scopes)
    return {"needed": needed, "others": frozenset(Scope) - needed, "all": frozenset(Scope), "none": frozenset()}


def call_refusals(route: Route, who: str, scopes: frozenset[str], method: str, place: str) -> set[int]:
    """Return how a call may refuse this key; nothing if it must not."""
    needs = needs_of(route.view.cls, method)
    if not hasattr(route.view.cls, "get" if method == "HEAD" else method.lower()) or method == "OPTIONS":
        return {NO_METHOD}
    assert needs is not None
    if not scopes & set(needs.scopes):
        return {FORBIDDEN}
    if needs.needs_person if who == "nobody" else not may(who, needs.role, method=method):
        return {FORBIDDEN}
    return {ABSENT} if place == "theirs" else set()


def call_paths(route: Route, matrix: Matrix) -> dict[str, str]:
    """Return a call's address with the objects of the key's project, and with those of another."""
    paths = {"home": route.path(matrix.home.values)}
    return paths | ({"theirs": route.path(matrix.other.values)} if route.parameters else {})


@pytest.mark.slow
def test_calls_are_open_to_the_keys_that_they_declare(matrix: Matrix) -> None:
    for who, user in persons(matrix.home).items():
        admitted = []
        cells = [
            (route, scopes, *place, method)
            for route in CALLS
            for needs in [needs_of(route.view.cls, "GET") or needs_of(route.view.cls, "POST")]
            for scopes in scope_sets(needs).values()
            for place in call_paths(route, matrix).items()
            for method in METHODS
        ]
        made = {scopes: key_for(matrix.home, user, scopes) for scopes in {cell[1] for cell in cells}}
        before = written()
        for route, scopes, place, path, method in cells:
            refusals = call_refusals(route, who, scopes, method, place)
            if place == "theirs" and refusals != {ABSENT}:
                continue  # as at home
            if refusals == {NO_METHOD} and (scopes != frozenset(Scope) or who not in ASKING_ALL_METHODS):
                continue  # whatever the scopes and whoever asks
            if route.name == "api_model" and (method, refusals) == ("PUT", {ABSENT}):
                refusals = {INVALID}  # in one's own project, the name is free
            if refusals:
                matrix.refused(f"{who} {sorted(scopes)}", method, path, refusals, made[scopes])
            else:
                admitted.append((route, method, path, made[scopes]))
        assert written() == before, f"{who} was refused, but rows have changed"
        for route, method, path, headers in admitted:
            matrix.admitted(who, route, method, path, headers)
    assert matrix.violations == []
    assert matrix.cells["refused"] > 1_500
    assert matrix.cells["admitted"] > 250


@pytest.mark.slow
def test_calls_are_closed_to_every_key_that_has_ended(matrix: Matrix) -> None:
    inactive, removed = (make_member(matrix.home.project, Role.OWNER) for _ in range(2))
    User.objects.filter(pk=inactive.user_id).update(is_active=False)
    Membership.objects.filter(pk=removed.pk).delete()
    now, owner = timezone.now(), matrix.home.member.user
    ended = {
        "nobody": {},
        "unknown": {"Authorization": "Bearer cs_none"},
        "revoked": key_for(matrix.home, owner, Scope, revoked_at=now),
        "expired": key_for(matrix.home, owner, Scope, expires_at=now),
        "inactive": key_for(matrix.home, inactive.user, Scope),
        "removed": key_for(matrix.home, removed.user, Scope),
    }
    before = written()
    for (who, headers), route, method in product(ended.items(), CALLS, METHODS):
        for path in call_paths(route, matrix).values():
            matrix.refused(who, method, path, {NO_METHOD if method == "OPTIONS" else UNKNOWN}, headers)
    assert written() == before
    assert matrix.violations == []
    assert matrix.cells["refused"] > 1_500
