import io
import pickle
from typing import Any

import pytest

from apps.audit.models import Entry
from apps.common.errors import ConflictError, DomainError, TooLargeError, UnprocessableError
from apps.explanations.models import Artifact, ArtifactPiece, ParityCheck
from apps.explanations.services import registering, storing
from apps.registry.models import ModelVersion
from apps.registry.services import archiving
from tests.explanations.factories import make_scored_model, register_file
from tests.factories import make_member, make_model

pytestmark = pytest.mark.django_db


def refused(document: dict[str, Any], *, name: str = "model.json", content: bytes = b"{}") -> DomainError:
    with pytest.raises(DomainError) as caught:
        registering.register(make_scored_model(), "v1", io.BytesIO(content), name=name, document=document, by=None)
    assert not Artifact.objects.exists()
    return caught.value


def test_a_file_is_stored_in_pieces_and_a_check_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "PIECE", 3)
    artifact = register_file(make_scored_model(), content=b"0123456789")
    assert list(ArtifactPiece.objects.filter(artifact=artifact).values_list("position", flat=True)) == [0, 1, 2, 3]
    assert b"".join(storing.content(artifact)) == b"0123456789"
    # sha256sum of these ten bytes
    assert artifact.fingerprint == "84d89877 f0d4041e"
    assert artifact.state == "checking"
    assert ParityCheck.objects.due().get().artifact == artifact


def test_a_version_exists_from_its_file_on() -> None:
    model = make_scored_model()
    artifact = register_file(model, version="2027-candidate")
    assert ModelVersion.objects.get(model=model).name == "2027-candidate"
    assert artifact.version.model == model


def test_the_same_file_and_document_are_stored_once() -> None:
    model = make_scored_model()
    first, again = register_file(model, content=b"same"), register_file(model, content=b"same")
    assert first == again
    assert Artifact.objects.count() == ParityCheck.objects.count() == 1


def test_another_file_takes_the_place_of_the_first() -> None:
    model = make_scored_model()
    first, second = register_file(model, content=b"one"), register_file(model, content=b"two")
    first.refresh_from_db()
    assert first.replaced_at is not None
    assert registering.in_force(model, "v1") == second
    with pytest.raises(ConflictError):
        registering.check_again(first, by=None)


def test_the_inputs_are_the_declared_features_unless_they_are_named() -> None:
    model = make_scored_model()
    spec = registering.spec_from(model, {})
    assert [(each.name, each.dtype) for each in spec.features] == [
        ("age", "float32"),
        ("hours", "float32"),
        ("sex", "float32"),
    ]
    assert (spec.task, spec.classes, spec.positive) == ("binary", ["no", "yes"], "yes")


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"features": []}, "Name the features"),
        ({"features": ["age", "age"]}, "named twice"),
        ({"features": ["agee"]}, "declares no feature 'agee'"),
        ({"reads": "payload"}, '"features" or "processed"'),
        ({"features": [{"name": "age", "dtype": "float16"}]}, "no dtype 'float16'"),
        ({"features": "age"}, "Expected `array`"),
        ({"method": "kernel"}, "no method 'kernel'"),
        ({"method": "sent"}, "no method 'sent'"),
        ({"background": [{}] * 101}, "at most 100 background rows"),
        ({"output": {"classes": ["a", "b"]}}, "the model's classes"),
        ({"output": {"kind": "odds"}}, "margin, probability or value"),
        ({"output": {"decimals": -1}}, "from 0 to 15"),
        ({"tolerance": 0.5}, "at most 0.01"),
        ({"tolerance": "much"}, "Expected `float | null`"),
        ({"task": "binary"}, "`task` is the model's own"),
        ({"colour": "red"}, "unknown field"),
        ({"format": "pmml"}, "no format 'pmml'"),
    ],
)
def test_a_document_that_does_not_fit_is_refused_with_its_reason(document: dict[str, Any], told: str) -> None:
    error = refused(document)
    assert isinstance(error, UnprocessableError)
    assert told in error.message


def test_names_of_processed_inputs_are_free() -> None:
    spec = registering.spec_from(make_scored_model(), {"features": ["age_scaled"], "reads": "processed"})
    assert spec.features[0].name == "age_scaled"


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.pt", "MODEL.PICKLE"])
def test_files_that_can_hold_code_are_refused_by_name(name: str) -> None:
    assert refused({}, name=name).code == "format_holds_code"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_refused_whatever_it_is_called(protocol: int) -> None:
    error = refused({"format": "xgboost"}, content=pickle.dumps({"a": 1}, protocol=protocol))
    assert error.code == "format_holds_code"


def test_a_name_that_tells_no_format_needs_a_document_that_does() -> None:
    assert refused({}, name="model.bin").code == "unknown_format"
    file = io.BytesIO(b"tree")
    made = registering.register(
        make_scored_model(), "v1", file, name="model.bin", document={"format": "lightgbm"}, by=None
    )
    assert made.artifact.format == Artifact.Format.LIGHTGBM


def test_an_empty_file_is_refused() -> None:
    assert refused({}, content=b"").code == "empty_file"


def test_a_file_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "MOST_BYTES", 5)
    assert isinstance(refused({}, content=b"123456"), TooLargeError)


@pytest.mark.parametrize("version", ["", "v" * 201, "v\x00"])
def test_a_version_has_a_printable_name(version: str) -> None:
    with pytest.raises(UnprocessableError):
        register_file(make_scored_model(), version=version)


def test_an_archived_model_takes_no_file() -> None:
    model = make_scored_model()
    archiving.archive(model, by=None)
    model.refresh_from_db()
    with pytest.raises(ConflictError):
        register_file(model)


def test_registering_and_checking_again_are_recorded() -> None:
    model = make_model(features=[])
    member = make_member(model.project)
    file = io.BytesIO(b"{}")
    made = registering.register(model, "v1", file, name="m.json", document={"features": ["age"]}, by=member.user)
    registering.check_again(made.artifact, by=member.user)
    assert list(Entry.objects.order_by("id").values_list("act", "actor_id"))[-2:] == [
        ("artifact.registered", member.user_id),
        ("artifact.checked", member.user_id),
    ]
