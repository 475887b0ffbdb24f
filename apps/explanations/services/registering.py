"""Register the file of a model version: formats that hold no code, one file in force per version."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any

import msgspec
from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.models import ApiKey, User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError, UnprocessableError
from apps.explanations.engine.spec import MOST_BACKGROUND, Format, Method, Spec
from apps.explanations.models import Artifact
from apps.explanations.services import checking, storing
from apps.registry.models import ModelVersion, MonitoredModel
from apps.registry.services.archiving import require_active

BY_SUFFIX = {".json": Format.XGBOOST, ".txt": Format.LIGHTGBM, ".onnx": Format.ONNX, ".skops": Format.SKOPS}
# They run whatever their author put in them as soon as they are read.
WITH_CODE = {".pkl", ".pickle", ".joblib", ".pt", ".pth", ".dill", ".cloudpickle"}
PICKLED = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
SAFE = "Send XGBoost JSON, LightGBM text, ONNX or skops."
# Set by the model, not by the document.
OWN = ("task", "classes", "positive")
LONGEST_VERSION = 200
DTYPES = ("float32", "float64", "int64", "string")
MOST_DECIMALS = 15
LARGEST_TOLERANCE = 0.01


@dataclass(frozen=True)
class Registered:
    """The artifact in force, and whether this call made it."""

    artifact: Artifact
    is_new: bool


def register(
    model: MonitoredModel,
    version: str,
    file: IO[bytes],
    *,
    name: str,
    document: Mapping[str, Any],
    by: User | None,
    key: ApiKey | None = None,
) -> Registered:
    """Store the file of a version and have it checked; the same file with the same document is stored once.

    Raises UnprocessableError for a document that does not fit the model, or a format that can hold code.
    """
    require_active(model)
    if not version or len(version) > LONGEST_VERSION or not version.isprintable():
        raise UnprocessableError(f"A version has 1 to {LONGEST_VERSION} printable characters.", code="invalid_version")
    kind = _format(name, file, document)
    spec = spec_from(model, {key: value for key, value in document.items() if key != "format"})
    hashed, size = storing.digest(file)
    if not size:
        raise UnprocessableError("The file is empty.", code="empty_file")
    with transaction.atomic():
        model = MonitoredModel.objects.locked(model.pk)
        of_version, _ = ModelVersion.objects.get_or_create(model=model, name=version)
        written = msgspec.to_builtins(spec)
        in_force = Artifact.objects.in_force().filter(version=of_version)
        same = in_force.filter(sha256=hashed, format=kind, spec=written).first()
        if same is not None:
            return Registered(same, is_new=False)
        in_force.update(replaced_at=Now())
        artifact = Artifact.objects.create(
            version=of_version, format=kind, sha256=hashed, size=size, spec=written, registered_by=by
        )
        storing.keep(artifact, file)
        checking.ask(artifact)
        details = {"model": model.slug, "version": version, "sha256": hashed.hex(), "format": str(kind)}
        subject = f"version {version} of {model.slug}"
        audit_log.record(model.project, "artifact.registered", subject=subject, by=by, key=key, details=details)
    return Registered(artifact, is_new=True)


def in_force(model: MonitoredModel, version: str) -> Artifact | None:
    """Return the version's artifact."""
    found = Artifact.objects.in_force().filter(version__model=model, version__name=version)
    return found.select_related("version__model").first()


@transaction.atomic
def check_again(artifact: Artifact, *, by: User | None, key: ApiKey | None = None) -> None:
    """Have the file checked now, in quarantine or not: its count of deaths starts again."""
    if artifact.replaced_at is not None:
        raise ConflictError("Another file has taken its place.", code="replaced")
    Artifact.objects.filter(pk=artifact.pk).update(deaths=0, state=Artifact.State.CHECKING, reason="")
    checking.ask(artifact)
    model = artifact.model
    subject = f"version {artifact.version.name} of {model.slug}"
    audit_log.record(model.project, "artifact.checked", subject=subject, by=by, key=key)


def _format(name: str, file: IO[bytes], document: Mapping[str, Any]) -> Format:
    suffix = PurePath(name).suffix.lower()
    file.seek(0)
    head = file.read(2)
    if suffix in WITH_CODE or head.startswith(PICKLED):
        raise UnprocessableError(
            f"Pickled models are refused: reading one runs the code in it. {SAFE}", code="format_holds_code"
        )
    given = document.get("format")
    if given is not None:
        if given not in set(Format):
            raise UnprocessableError(f"There is no format {str(given)[:40]!r}. {SAFE}", code="unknown_format")
        return Format(given)
    if suffix not in BY_SUFFIX:
        raise UnprocessableError(
            f"The name {name[:80]!r} does not tell the format: add `format` to the document. {SAFE}",
            code="unknown_format",
        )
    return BY_SUFFIX[suffix]


def spec_from(model: MonitoredModel, document: Mapping[str, Any]) -> Spec:
    """Read the document of a file. Features may be names alone; without them, they are the model's declared ones.

    Raises UnprocessableError.
    """
    owned = sorted(set(document) & set(OWN))
    if owned:
        raise UnprocessableError(f"`{owned[0]}` is the model's own; leave it out.", code="invalid_spec")
    given = document.get("features")
    if given is None:
        given = [feature.name for feature in model.feature_list]
    features = [{"name": each} if isinstance(each, str) else each for each in given] if _is_list(given) else given
    own = {"task": model.task, "classes": model.classes, "positive": model.positive_class}
    try:
        spec = msgspec.convert({**document, "features": features, **own}, Spec)
    except msgspec.ValidationError as error:
        raise UnprocessableError(f"The document is not as it should be: {error}.", code="invalid_spec") from None
    for is_wrong, message in _faults(spec, model):
        if is_wrong:
            raise UnprocessableError(message, code="invalid_spec")
    return spec


def _faults(spec: Spec, model: MonitoredModel) -> Iterator[tuple[bool, str]]:
    """Yield what may be wrong with a document, and whether it is."""
    names = [each.name for each in spec.features]
    repeated = next((name for name in names if names.count(name) > 1), "")
    declared = {feature.name for feature in model.feature_list}
    unknown = next((name for name in names if name not in declared), "")
    dtype = next((each.dtype for each in spec.features if each.dtype not in DTYPES), "")
    methods = {"", *Method} - {Method.SENT}
    yield not names, "Name the features in the order in which the file expects them."
    yield bool(repeated), f"The feature {repeated!r} is named twice."
    yield spec.reads not in ("features", "processed"), '`reads` is "features" or "processed".'
    yield (
        spec.reads == "features" and bool(declared and unknown),
        f"The model declares no feature {unknown!r}. If preprocessing makes it, send it as `processed` and set `reads`"
        ' to "processed".',
    )
    yield bool(dtype), f"There is no dtype {dtype!r}; choose one of {', '.join(DTYPES)}."
    yield (
        spec.method not in methods,
        f"There is no method {spec.method!r}; choose one of {', '.join(sorted(methods - {''}))}.",
    )
    yield len(spec.background) > MOST_BACKGROUND, f"Send at most {MOST_BACKGROUND} background rows."
    output = spec.output
    yield (
        bool(output.classes) and set(output.classes) != set(model.classes),
        "`output.classes` must list the model's classes.",
    )
    yield output.kind not in ("", "margin", "probability", "value"), "`output.kind` is margin, probability or value."
    yield (
        output.decimals is not None and not 0 <= output.decimals <= MOST_DECIMALS,
        f"`output.decimals` is a number from 0 to {MOST_DECIMALS}.",
    )
    yield (
        spec.tolerance is not None and not 0 <= spec.tolerance <= LARGEST_TOLERANCE,
        f"`tolerance` may be at most {LARGEST_TOLERANCE}: beyond that, it is not the same model.",
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
