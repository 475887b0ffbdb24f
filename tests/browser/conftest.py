"""Chromium against a running server: sign in, look in both color schemes and two widths, ask axe."""

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, Literal

import axe_core_python
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import Membership, Role, User
from apps.registry.models import ReviewQueue
from tests.factories import make_member

# Playwright's synchronous interface runs an event loop in the tests' thread.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "Chromium is missing: apt-get install chromium"
AXE = Path(axe_core_python.__file__).with_name("axe.min.js").read_text()
# A busy machine is slow; that is no failure.
expect.set_options(timeout=20_000)
# Console errors for a refusal, a cut network and a request that a newer one replaces: tests cause these on purpose.
EXPECTED_ERRORS = (
    "the server responded with a status of",
    "net::ERR_INTERNET_DISCONNECTED",
    "net::ERR_FAILED",
    "htmx:sendAbort, ",
    "htmx:afterRequest, ",
)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1440, 390)
HEIGHT = 900
# Another scheme changes colors alone, so only rules that read colors are asked again.
RULES_OF_COLOR = ["color-contrast", "link-in-text-block"]
# Lists what is wrong, not what is right, and leaves style sheets alone, which only rules about sound and rotation read.
OPTIONS = {"resultTypes": ["violations"], "preload": False}
# After a change of width, observers of sizes have had their turn two frames later.
RUN_AXE = """
async (options) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  return (await axe.run(options)).violations
}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser, skip the tests locally and fail them in CI, where nobody would notice a skip."""
    if CHROMIUM is not None or os.environ.get("CI"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.fail(MISSING)
    # Background traffic would wait for a network, and shared memory is small in containers.
    arguments = ["--disable-background-networking", "--disable-gpu", "--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": arguments}


@pytest.fixture(scope="session")
def base_url(live_server: LiveServer) -> str:
    """Make `page.goto("/…")` go to the running server."""
    return str(live_server.url)


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest) -> int:
    """A desk's width and a phone's. A test that clicks runs in both: on a phone, something may cover a button."""
    wide: int = request.param
    return wide


@pytest.fixture
def widths(request: pytest.FixtureRequest) -> tuple[int, ...]:
    """The widths in which this test looks at its pages, the one to begin with first."""
    return (request.getfixturevalue("width"),) if "width" in request.fixturenames else WIDTHS


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], widths: tuple[int, ...]) -> dict[str, Any]:
    size = {"width": widths[0], "height": HEIGHT}
    return browser_context_args | {"color_scheme": SCHEMES[0], "viewport": size, "reduced_motion": "reduce"}


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """Fail the test if the content policy blocked something or a script threw; refusals and cut networks may happen."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    unexpected = [text for text in errors if not any(expected in text for expected in EXPECTED_ERRORS)]
    assert not unexpected, unexpected


@pytest.fixture
def sign_in(base_url: str) -> Callable[[Page, User], None]:
    """Give the browser a session of this person, without the sign-in page."""

    def give(page: Page, user: User) -> None:
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": str(session.session_key), "url": base_url}
        page.context.add_cookies([cookie])

    return give


@pytest.fixture
def is_sound(widths: tuple[int, ...]) -> Callable[[Page], None]:
    """Assert that axe finds no violation and that nothing is wider than the window, in both schemes and all widths.

    A page is loaded once: no script of ours asks for the scheme or the width. axe is evaluated from outside, so the
    page keeps its strict content policy.
    """

    def check(page: Page) -> None:
        page.evaluate(AXE)
        for width, scheme in product(widths, SCHEMES):
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.emulate_media(color_scheme=scheme)
            _look(page, {} if scheme == SCHEMES[0] else {"runOnly": RULES_OF_COLOR})
        page.set_viewport_size({"width": widths[0], "height": HEIGHT})
        page.emulate_media(color_scheme=SCHEMES[0])

    return check


def _look(page: Page, rules: dict[str, Any]) -> None:
    violations = page.evaluate(RUN_AXE, OPTIONS | rules)
    problems = [f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes']]}" for v in violations]
    assert not problems, "\n".join(problems)
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert beyond <= 0, f"{beyond} px too wide"


@pytest.fixture
def sit_down(page: Page, sign_in: Callable[[Page, User], None]) -> Callable[[ReviewQueue], Membership]:
    """Open the queue as a new reviewer, and wait until its keys work."""

    def go(queue: ReviewQueue) -> Membership:
        member = make_member(queue.model.project, Role.REVIEWER)
        sign_in(page, member.user)
        page.goto(f"/p/{queue.model.project.slug}/queues/{queue.pk}/")
        expect(page.locator("#main[aria-busy=false]")).to_have_count(1)
        return member

    return go
