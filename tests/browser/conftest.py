"""Chromium against a running server: sign in, look in both colour schemes, ask axe."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import User

# Playwright's synchronous interface runs an event loop in the tests' thread.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(axe_core_python.__file__).with_name("axe.min.js").read_text()
SCHEMES = ("light", "dark")
WIDTHS = (1440, 390)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser the tests are skipped on a desk, and fail where nobody would notice."""
    if CHROMIUM is None and not os.environ.get("CI"):
        reason = "Chromium is missing: apt-get install chromium"
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.fail("Chromium is missing: apt-get install chromium")
    # Root has no sandbox; the background traffic would only wait for a network.
    arguments = ["--disable-background-networking", "--disable-gpu", "--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": arguments}


@pytest.fixture(params=[(scheme, width) for scheme in SCHEMES for width in WIDTHS], ids=lambda p: f"{p[0]}-{p[1]}")
def look(request: pytest.FixtureRequest) -> tuple[str, int]:
    """A colour scheme and a width; a test that takes it runs in all four."""
    pair: tuple[str, int] = request.param
    return pair


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    scheme, width = request.getfixturevalue("look") if "look" in request.fixturenames else ("light", 1440)
    size = {"width": width, "height": 900}
    return browser_context_args | {"color_scheme": scheme, "viewport": size, "reduced_motion": "reduce"}


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """Fails the test on what the strict content policy refused or a script threw."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    wrong = [text for text in said if "the server responded with a status of" not in text]
    assert not wrong, wrong


def sign_in(page: Page, user: User, live_server: LiveServer) -> None:
    """Give the browser a session of this person."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    assert session.session_key
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": live_server.url}]
    )


def axe(page: Page) -> None:
    """Assert that axe finds nothing. Its text is evaluated, so the page's content policy stays as it is."""
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run()")
    wrong = [
        f"{violation['id']}: {violation['help']}\n  " + "\n  ".join(str(node["html"])[:160] for node in violation["nodes"])
        for violation in found["violations"]
    ]
    assert not wrong, "\n".join(wrong)


def fits(page: Page) -> None:
    """Assert that nothing reaches beyond the window's sides."""
    wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{wide} px too wide"
