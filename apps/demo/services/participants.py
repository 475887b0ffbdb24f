"""Who takes part. People, keys and sign-in links are the one thing that is made by management commands."""

import io
import os
from dataclasses import dataclass

import django
from django.core.management import call_command
from django.db import connections

from apps.demo.services.documents import PROJECT

HOURS = 24 * 30
USES = 1_000


@dataclass(frozen=True)
class Person:
    """Somebody with a key, and, for the person at the screen, a sign-in link."""

    key: str
    name: str
    role: str
    scopes: str
    sees: str = ""
    is_simulated: bool = False

    @property
    def email(self) -> str:
        return f"{self.key}@demo.example"


ENGINEER = Person(
    "engineer",
    "Demo engineer",
    "engineer",
    "all",
    sees="Everything of the other two, how cases are drawn, and the model.",
)
STAKEHOLDER = Person(
    "stakeholder", "Demo stakeholder", "stakeholder", "reports:read",
    sees="Whether the model earns its keep: the value page and the reports.",
)  # fmt: skip
REVIEWER = Person(
    "reviewer", "Demo reviewer", "reviewer", "reviews:write",
    sees="Waiting cases: judge first, then see what the model said and why.",
)  # fmt: skip
SIMULATED = tuple(
    Person(f"simulated-{letter}", f"Reviewer {letter.upper()}", "reviewer", "reviews:write", is_simulated=True)
    for letter in "abc"
)
ADJUDICATOR = Person("simulated-adjudicator", "Adjudicator", "adjudicator", "reviews:write", is_simulated=True)
EVERYBODY = (ENGINEER, STAKEHOLDER, REVIEWER, *SIMULATED, ADJUDICATOR)


def prepare() -> None:
    """Django, for the commands alone."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()


def make_key(person: Person) -> str:
    """A new key; project, person and membership are made where missing."""
    return _run(
        "create_key",
        project=PROJECT,
        user=person.email,
        role=person.role,
        scopes=person.scopes,
        name=person.name,
        simulated=person.is_simulated,
    )


def make_link(person: Person, *, then: str) -> str:
    """An address that signs the person in and opens the page `then`."""
    return _run("sign_in_link", user=person.email, uses=USES, hours=HOURS, next=then)


def close() -> None:
    """The rest goes through the API."""
    connections.close_all()


def _run(command: str, **options: object) -> str:
    out = io.StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue().strip()
