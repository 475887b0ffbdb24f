"""The participants of the demo. Management commands make their accounts, keys and links; the API does all else."""

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
class Participant:
    """An account with a key; `sees` describes what a sign-in link opens."""

    key: str
    name: str
    role: str
    scopes: str
    sees: str = ""
    is_simulated: bool = False

    @property
    def email(self) -> str:
        return f"{self.key}@demo.example"


OWNER = Participant(
    "owner", "Demo owner", "owner", "reports:read",
    sees="Everything, with the members, keys and audit record of the project.",
)  # fmt: skip
ENGINEER = Participant(
    "engineer",
    "Demo engineer",
    "engineer",
    "all",
    sees="The model, how cases are drawn, and everything that stakeholders and reviewers see.",
)
STAKEHOLDER = Participant(
    "stakeholder", "Demo stakeholder", "stakeholder", "reports:read",
    sees="What the model is worth: the value page and the reports.",
)  # fmt: skip
REVIEWER = Participant(
    "reviewer", "Demo reviewer", "reviewer", "reviews:write",
    sees="Waiting cases: judge first, then see the prediction and why.",
)  # fmt: skip
SIMULATED = tuple(
    Participant(f"simulated-{letter}", f"Reviewer {letter.upper()}", "reviewer", "reviews:write", is_simulated=True)
    for letter in "abc"
)
ADJUDICATOR = Participant("simulated-adjudicator", "Adjudicator", "adjudicator", "reviews:write", is_simulated=True)
EVERYBODY = (OWNER, ENGINEER, STAKEHOLDER, REVIEWER, *SIMULATED, ADJUDICATOR)


def prepare() -> None:
    """Set up Django for the management commands."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()


def make_key(person: Participant) -> str:
    """Create a key, and the project, account and membership where missing."""
    return _run(
        "create_key",
        project=PROJECT,
        user=person.email,
        role=person.role,
        scopes=person.scopes,
        name=person.name,
        simulated=person.is_simulated,
    )


def make_link(person: Participant, *, then: str) -> str:
    """Create a link that signs the person in and opens the page `then`."""
    return _run("sign_in_link", user=person.email, uses=USES, hours=HOURS, next=then)


def close() -> None:
    """Close the database connections; the rest goes through the API."""
    connections.close_all()


def _run(command: str, **options: object) -> str:
    out = io.StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue().strip()
