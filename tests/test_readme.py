"""The commands of the README work as printed, and its links lead somewhere."""

import argparse
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import Role
from apps.predictions.models import Outcome, Prediction
from apps.review import services as review
from apps.sampling.services import drawing as sampling
from tests.factories import make_key, make_member, make_model, make_project

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "clients" / "python" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def blocks() -> tuple[str, str]:
    """Return the commands that send the first prediction, and those that state what a decision is worth."""
    found = re.findall(r"^```sh\n(.*?)^```", README.read_text(), flags=re.DOTALL | re.MULTILINE)
    first, worth = (str(block) for block in found if "curl" in block)
    return first, worth


def commands(block: str, *, key: str, api: str) -> Iterator[list[str]]:
    """Split the commands as a shell would, with this key and this address."""
    variables = {"KEY": key, "API": api}
    # A command ends with its line, unless a quote is open.
    for line in re.findall(r"^[^#\n](?:[^\n']|'[^']*')*$", block, flags=re.MULTILINE):
        words = shlex.split(line)
        name, is_assignment, value = words[0].partition("=")
        if is_assignment:
            variables.setdefault(name, value.replace("$KEY", key))
        else:
            yield [re.sub(r"\$([A-Z]+)", lambda name: variables[name[1]], word) for word in words]


def send(command: list[str]) -> dict[str, Any]:
    """Make the request that this curl command makes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("curl")
    parser.add_argument("-X", dest="method")
    parser.add_argument("url")
    parser.add_argument("-H", dest="headers", action="append")
    parser.add_argument("-d", dest="body")
    options = parser.parse_args(command)
    headers = dict(header.split(": ", 1) for header in options.headers)
    answer = httpx.request(options.method, options.url, headers=headers, content=options.body)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.django_db(transaction=True)
def test_the_commands_of_the_first_prediction_work_as_printed(live_server: LiveServer):
    project = make_project("credit")
    _, key = make_key(project, acts_for=make_member(project, Role.ENGINEER).user)
    answers = []
    for command in commands(blocks()[0], key=key, api=f"{live_server.url}/api/v1"):
        if command[0] == "sleep":
            sampling.draw_due()
            review.open_due_items()
        elif command[0] == "curl":
            answers.append(send(command))
    registered, policies, pushed, claimed, acted, reported = answers
    assert registered["classes"] == ["default", "repaid"]
    assert policies["policies"][0]["name"] == "everything"
    assert (pushed["accepted"], pushed["rejected"]) == (1, [])
    (slot,) = claimed["slots"]
    assert slot["item"]["id"] == "case-1"
    assert slot["item"]["features"] == {"income": 41000, "age": 37}
    assert not {"prediction", "score", "attributions"} & set(slot["item"])
    assert (acted["accepted"], acted["rejected"]) == (1, [])
    assert (reported["accepted"], reported["parked"]) == (1, 0)
    assert (Prediction.objects.count(), Outcome.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_the_three_forms_of_what_a_decision_is_worth_work_as_printed(live_server: LiveServer):
    project = make_project("credit")
    _, key = make_key(project, acts_for=make_member(project, Role.ENGINEER).user)
    first, worth = blocks()
    loans = make_model(project, "loans", classes=["default", "repaid"], positive_class="repaid", class_labels={})
    settings = "".join(line for line in first.splitlines(keepends=True) if re.match("KEY|API|AUTH|JSON", line))
    calls = commands(settings + worth, key=key, api=f"{live_server.url}/api/v1")
    of_two, of_many, of_numbers = (send(command)["value_model"] for command in calls if command[0] == "curl")
    assert of_two["matrix"]["repaid"] == {"repaid": "300.000000", "default": "-4000.000000"}
    assert len(of_many["matrix"]) == 3
    assert (of_numbers["over_cost"], of_numbers["under_cost"]) == ("0.400000", "1.200000")
    assert loans.value_models.count() == 1


@pytest.mark.django_db
def test_the_documents_of_what_a_decision_is_worth_are_taken_as_printed():
    """Each example of the page on sending data, by the model that it is about."""
    text = (ROOT / "docs" / "sending-data.md").read_text()
    printed = re.findall(r'^```json\n(\{"value_model": .*?)^```', text, flags=re.DOTALL | re.MULTILINE)
    client = Client(headers={"authorization": f"Bearer {make_key(make_project())[1]}"})
    rules: list[dict[str, Any]] = [
        {"task": "binary", "classes": ["default", "repaid"]},
        {"task": "multiclass", "classes": ["billing", "fault", "other"]},
        {"task": "regression", "prediction_range": [0, 5000]},
    ]
    for number, (example, rule) in enumerate(zip(printed, rules, strict=True)):
        document = json.loads(example) | rule
        answer = client.put(f"/api/v1/models/model-{number}", document, "application/json")
        assert answer.status_code == 200, answer.content
        stated, sent = answer.json()["value_model"], document["value_model"]
        assert {name for name in sent if name not in stated} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(document: Path):
    for target in LINK.findall(document.read_text()):
        assert (document.parent / target).exists(), target


def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= 200


def test_every_file_that_the_readme_names_exists():
    named = set(re.findall(r"(?:tests|apps|clients|docs|config)/[\w./-]*\w", README.read_text()))
    assert "tests/oracles/test_acs_employment.py" in named
    assert {name for name in named if not (ROOT / name).exists()} == set()
