"""A client generated from the API's description works against the real server."""

import importlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from openapi_python_client import Config, generate
from openapi_python_client.config import ConfigFile, MetaType
from pytest_django.live_server_helper import LiveServer

from apps.predictions.models import Payload, Prediction
from tests.described import description
from tests.factories import make_key, make_model, make_project

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
NAME = "generated"
BINARY = "application/octet-stream"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the generated package."""
    path = tmp_path_factory.mktemp("client")
    document = path / "openapi.json"
    document.write_text(json.dumps(description()))
    forms = description()["paths"]["/api/v1/models/{model}/predictions"]["post"]["requestBody"]["content"]
    # The generator knows JSON only, so it sends and takes the other formats as plain bytes.
    others = [form for form in forms if form != "application/json"] + ["application/zip"]
    choices = ConfigFile(content_type_overrides=dict.fromkeys(others, BINARY), post_hooks=[])
    config = Config.from_sources(choices, MetaType.NONE, document, "utf-8", overwrite=False, output_path=path / NAME)
    problems = generate(config=config)
    assert not problems, [f"{each.header} {each.detail}" for each in problems]
    return path


@pytest.fixture
def part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that imports a module of the generated package."""
    monkeypatch.syspath_prepend(str(folder))

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"{NAME}.{name}" if name else NAME)

    yield load
    for name in [name for name in sys.modules if name.split(".")[0] == NAME]:
        del sys.modules[name]


def test_every_module_can_be_imported(part, folder):
    names = [path.relative_to(folder / NAME).with_suffix("") for path in (folder / NAME).rglob("*.py")]
    assert len(names) > 50
    for name in names:
        part(".".join(name.parts))


def test_it_pushes_a_prediction_and_understands_the_answers(part, live_server: LiveServer):
    project = make_project()
    make_model(project, "employment")
    models, client_of = part("models"), part("").AuthenticatedClient
    push = part("api.models.push_predictions")
    client = client_of(base_url=live_server.url, token=make_key(project)[1])

    def row(score: float) -> Any:
        features = models.PredictionFormFeaturesType0.from_dict({"age": 41, "sex": 2})
        moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
        return models.PredictionForm(id="case-1", predicted_at=moment, features=features, prediction="yes", score=score)

    first = push.sync(client=client, model="employment", body=models.Predictions(predictions=[row(0.7)]))
    assert isinstance(first, models.PredictionsAnswer)
    assert (first.accepted, first.rejected) == (1, [])
    assert Prediction.objects.get().score == 0.7
    assert Payload.objects.get().features == {"age": 41, "sex": 2}

    other = push.sync(client=client, model="employment", body=models.Predictions(predictions=[row(0.6)]), atomic=True)
    assert isinstance(other, models.PredictionsAnswer)
    assert [(each.index, each.id, each.code) for each in other.rejected] == [(0, "case-1", "conflict")]

    absent = push.sync(client=client, model="none", body=models.Predictions(predictions=[]))
    assert isinstance(absent, models.Problem)
    assert absent.code == "not_found"
    unknown = push.sync(
        client=client_of(base_url=live_server.url, token="cs_x"), model="employment", body=models.Predictions([])
    )
    assert isinstance(unknown, models.Problem)
