"""Explain drawn predictions whose client sent no contributions, with the file of their version."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from hashlib import sha256
from itertools import chain

import msgspec
from django.db import connection, transaction

from apps.explanations.engine import parity
from apps.explanations.engine.running import Explained, ModelRefused
from apps.explanations.engine.spec import Method, Spec
from apps.explanations.models import Artifact, Attribution
from apps.explanations.services import checking, computed_pushes, reading
from apps.explanations.services.computed_pushes import Push
from apps.explanations.services.loaded import ModelDiedError, loaded
from apps.explanations.services.push_rows import Document
from apps.explanations.services.reading import Kept
from apps.explanations.services.specs import spec_of
from apps.predictions.models import BatchStage, Stage
from apps.predictions.services import stages
from apps.registry.models import MonitoredModel

# A call takes milliseconds for trees, and seconds where each row takes hundreds of evaluations.
ROWS_A_CALL = {Method.PERMUTATION: 20}
MOST_ROWS_A_CALL = 1_000
SEED = 0


def explain_due() -> int:
    """Explain the drawn predictions of every due batch. Returns how many batches."""
    return stages.consume(Stage.EXPLAIN, explain_batches)


def explain_batches(model: MonitoredModel, states: list[BatchStage]) -> None:
    """Store what can be computed, call by call: repeated, the work passes over what is stored."""
    batches = [state.batch for state in states]
    # Its first predictions have come.
    for artifact in Artifact.objects.in_force().filter(version__model=model, state=Artifact.State.WAITING):
        checking.ask(artifact)
    for artifact in _ready(model):
        at_once = ROWS_A_CALL.get(Method(artifact.method), MOST_ROWS_A_CALL)
        chunks = reading.unexplained(batches, artifact, at_once=at_once)
        for kept, found in _explained(artifact, chunks):
            keep(artifact, kept, found)
            stages.keep(states)
    stages.finish(states)


def _explained(artifact: Artifact, chunks: Iterator[list[Kept]]) -> Iterator[tuple[list[Kept], list[Explained]]]:
    """Yield predictions with their contributions; while one chunk is stored, the file's process works on the next."""
    spec, first = spec_of(artifact), next(chunks, None)
    if first is None:
        return
    try:
        with loaded(artifact) as child, ThreadPoolExecutor(1) as ahead:
            before: tuple[list[Kept], Future[list[Explained]]] | None = None
            for kept in chain([first], chunks):
                asked = ahead.submit(child.explain, [each.row(spec) for each in kept], seed=SEED)
                if before is not None:
                    yield before[0], before[1].result()
                before = kept, asked
            if before is not None:
                yield before[0], before[1].result()
    except (ModelRefused, ModelDiedError):
        artifact.refresh_from_db()
        if artifact.is_ready:
            raise
        # It is in quarantine by now, and explains nothing until somebody lets it out.


def keep(artifact: Artifact, kept: Sequence[Kept], found: Sequence[Explained]) -> None:
    """Store what was computed of these predictions, unless it is there already."""
    spec = spec_of(artifact)
    made = [computed(artifact, *pair, spec=spec) for pair in zip(kept, found, strict=True)]
    _store(artifact, made, inputs={each.key: each.row(spec) for each in kept})


@dataclass(frozen=True, slots=True)
class Computed:
    """A row of `Attribution` to be stored, many times as fast to make as an instance; values are JSON."""

    prediction_id: int
    model_id: int
    artifact_id: int
    method: str
    space: str
    values: str | None
    base: float | None
    score: float | None
    additivity_error: float | None
    background_hash: str
    seed: int | None
    evaluations: int | None
    code: str


FIELDS = [field.name for field in fields(Computed)]
COPY = "COPY explanations_attribution ({}) FROM STDIN".format(", ".join(f'"{name}"' for name in FIELDS))


def computed(artifact: Artifact, kept: Kept, found: Explained, *, spec: Spec) -> Computed:
    """Return what to store of a row: its contributions, or why there are none."""
    judged = parity.judge(kept.case(artifact.model, spec), found, spec)
    code = Attribution.Code.NOT_REPRODUCED if judged.miss else found.code
    is_good = not code and found.values is not None
    return Computed(
        prediction_id=kept.key,
        model_id=artifact.version.model_id,
        artifact_id=artifact.pk,
        method=artifact.method,
        space=artifact.space,
        values=msgspec.json.encode(found.values).decode() if is_good else None,
        base=found.base if is_good else None,
        score=found.score,
        additivity_error=found.additivity_error,
        background_hash=_background_hash(spec) if spec.background else "",
        seed=found.seed,
        evaluations=found.evaluations,
        code=str(code),
    )


def _background_hash(spec: Spec) -> str:
    """Name the background rows that a method compared with."""
    return sha256(msgspec.json.encode(spec.background)).hexdigest()[:16]


def _ready(model: MonitoredModel) -> list[Artifact]:
    """The files that can explain."""
    found = Artifact.objects.ready().filter(version__model=model)
    return list(found.exclude(method="").select_related("version__model__project"))


def _store(artifact: Artifact, made: list[Computed], *, inputs: Mapping[int, Document]) -> None:
    """Store and count what nobody stored meanwhile; the model's lock keeps two workers from counting a row twice."""
    with transaction.atomic():
        MonitoredModel.objects.locked(artifact.version.model_id)
        stored = Attribution.objects.filter(artifact=artifact, prediction__in=[each.prediction_id for each in made])
        known = set(stored.values_list("prediction", flat=True))
        new = [each for each in made if each.prediction_id not in known]
        with connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for each in new:
                copy.write_row([getattr(each, name) for name in FIELDS])
        computed_pushes.count(artifact, {each.prediction_id: _push(each, inputs) for each in new if each.values})


def _push(row: Computed, inputs: Mapping[int, Document]) -> Push:
    assert row.values is not None
    return Push(inputs[row.prediction_id], msgspec.json.decode(row.values))
