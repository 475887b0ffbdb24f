"""Explain drawn predictions whose client sent no contributions, with the file of their version."""

from collections.abc import Iterator, Sequence
from hashlib import sha256

import msgspec
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from apps.explanations.engine import parity
from apps.explanations.engine.running import Explained, ModelRefused
from apps.explanations.engine.spec import Method, Spec
from apps.explanations.models import Artifact, Attribution
from apps.explanations.services import checking, computed_pushes, reading
from apps.explanations.services.loaded import ModelDiedError, loaded
from apps.explanations.services.reading import Kept
from apps.explanations.services.specs import spec_of
from apps.predictions.models import BatchStage, Prediction, Stage
from apps.predictions.services import stages
from apps.registry.models import MonitoredModel
from apps.sampling.models import Draw

# A call takes milliseconds for trees, and seconds where each row takes hundreds of evaluations.
ROWS_A_CALL = {Method.PERMUTATION: 20}
MOST_ROWS_A_CALL = 500
SEED = 0
FIELDS = (
    "prediction_id",
    "model_id",
    "artifact_id",
    "method",
    "space",
    "values",
    "base",
    "score",
    "additivity_error",
    "background_hash",
    "seed",
    "evaluations",
    "code",
)
COLUMNS = [f'"{name}"' for name in FIELDS]


def explain_due() -> int:
    """Explain the drawn predictions of every due batch. Returns how many batches."""
    return stages.consume(Stage.EXPLAIN, explain_batches)


def explain_batches(model: MonitoredModel, states: list[BatchStage]) -> None:
    """Store what can be computed, call by call: repeated, the work passes over what is stored."""
    batches = [state.batch_id for state in states]
    # Its first predictions have come.
    for artifact in Artifact.objects.filter(version__model=model, replaced_at=None, state=Artifact.State.WAITING):
        checking.ask(artifact)
    for artifact in _ready(model):
        for predictions in _unexplained(batches, artifact):
            explain(artifact, predictions)
            stages.keep(states)
    stages.finish(states)


def explain(artifact: Artifact, predictions: Sequence[Prediction]) -> list[Attribution]:
    """Compute and store the contributions of predictions of the file's version, as far as they are kept.

    Those to which the client sent some are left out. Returns what was stored.
    """
    kept = [each for each in reading.kept_rows(predictions) if each.sent.attributions is None]
    if not kept:
        return []
    spec = spec_of(artifact)
    try:
        with loaded(artifact) as child:
            found = child.explain([each.row(spec) for each in kept], seed=SEED)
    except (ModelRefused, ModelDiedError):
        artifact.refresh_from_db()
        if artifact.is_ready:
            raise
        # It is in quarantine by now, and explains nothing until somebody lets it out.
        return []
    made = [attribution(artifact, *pair, spec=spec) for pair in zip(kept, found, strict=True)]
    return _store(artifact, made)


def keep(artifact: Artifact, kept: Kept, found: Explained, *, spec: Spec) -> None:
    """Store what was computed of one row, unless it is there already."""
    _store(artifact, [attribution(artifact, kept, found, spec=spec)])


def attribution(artifact: Artifact, kept: Kept, found: Explained, *, spec: Spec) -> Attribution:
    """Return what to store of a row: its contributions, or why there are none."""
    judged = parity.judge(kept.case(artifact.model, spec), found, spec)
    code = Attribution.Code.NOT_REPRODUCED if judged.miss else found.code
    is_good = not code
    return Attribution(
        prediction_id=kept.prediction.pk,
        model_id=artifact.version.model_id,
        artifact_id=artifact.pk,
        method=artifact.method,
        space=artifact.space,
        values=found.values if is_good else None,
        base=found.base if is_good else None,
        score=found.score,
        additivity_error=found.additivity_error,
        background_hash=_background_hash(spec) if spec.background else "",
        seed=found.seed,
        evaluations=found.evaluations,
        code=code,
    )


def _background_hash(spec: Spec) -> str:
    """Name the background rows that a method compared with."""
    return sha256(msgspec.json.encode(spec.background)).hexdigest()[:16]


def _ready(model: MonitoredModel) -> list[Artifact]:
    """The files that can explain."""
    found = Artifact.objects.filter(version__model=model, replaced_at=None, state=Artifact.State.READY)
    return list(found.exclude(method="").select_related("version__model__project"))


def _unexplained(batches: list[int], artifact: Artifact) -> Iterator[list[Prediction]]:
    """Yield the drawn predictions of these batches that the file has not explained yet, in calls."""
    done = Attribution.objects.filter(prediction=OuterRef("prediction"), artifact=artifact)
    drawn = Draw.objects.filter(batch__in=batches, prediction__version=artifact.version_id).exclude(Exists(done))
    limit, last = ROWS_A_CALL.get(Method(artifact.method), MOST_ROWS_A_CALL), 0
    # From key to key: rows that cannot be explained leave no attribution.
    while rows := list(drawn.filter(prediction__gt=last).select_related("prediction").order_by("prediction")[:limit]):
        yield [draw.prediction for draw in rows]
        last = rows[-1].prediction_id


def _store(artifact: Artifact, made: list[Attribution]) -> list[Attribution]:
    """Store what nobody stored meanwhile; the model's lock keeps two workers from counting a row twice."""
    with transaction.atomic():
        MonitoredModel.objects.locked(artifact.version.model_id)
        stored = Attribution.objects.filter(artifact=artifact, prediction__in=[each.prediction_id for each in made])
        known = set(stored.values_list("prediction", flat=True))
        new = [each for each in made if each.prediction_id not in known]
        _copy(new)
        computed_pushes.count(artifact, [each.prediction_id for each in new if not each.code])
    return new


def _copy(rows: list[Attribution]) -> None:
    """Write rows by COPY, several times as fast as INSERT."""
    statement = f"COPY explanations_attribution ({', '.join(COLUMNS)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            values = None if row.values is None else msgspec.json.encode(row.values).decode()
            copy.write_row([values if name == "values" else getattr(row, name) for name in FIELDS])
