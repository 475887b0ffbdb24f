"""Check a sampling document: its form, and what only the model can tell, such as its fields, slices and queues."""

from collections.abc import Iterator
from typing import Any

from apps.registry.models import MonitoredModel, Slice, Task
from apps.registry.services.documents import QueueSerializer
from apps.sampling.models import PolicyKind
from apps.sampling.services import conditions
from apps.sampling.services.documents import BINARY_METRICS, SamplingSerializer
from apps.sampling.services.problems import InvalidDocumentError, Problem, of_serializer

NEED_SCORES = (PolicyKind.BANDS, PolicyKind.UNCERTAINTY)
Document = dict[str, Any]


def validated(document: Any, *, model: MonitoredModel) -> Document:
    """Return the document as `policies.put_document` takes it. Raises InvalidDocumentError with all its problems."""
    serializer = SamplingSerializer(data=document)
    if not serializer.is_valid():
        raise InvalidDocumentError(list(of_serializer(serializer.errors)))
    check(serializer.validated_data, model=model)
    return dict(serializer.validated_data)


def check(document: Document, *, model: MonitoredModel) -> None:
    """Check a document of the right form against the model. Raises InvalidDocumentError."""
    queues = {*model.queues.values_list("slug", flat=True), *(each["name"] for each in document.get("queues", []))}
    found = [
        problem.under("policies", place)
        for place, policy in enumerate(document.get("policies", []))
        for problem in _problems(policy, model=model, queues=queues)
    ]
    if model.shadow_of is not None and _changes_queues(document.get("queues", []), model=model):
        message = f"The queues are those of {model.shadow_of.name}: change them there."
        found.append(Problem(("queues",), message, "queues_of_champion"))
    if found:
        raise InvalidDocumentError(found)


def _changes_queues(wanted: list[Document], *, model: MonitoredModel) -> bool:
    stored = {each["name"]: each for each in QueueSerializer(model.queues.all(), many=True).data}
    return any(stored.get(each["name"], {}).get(name) != value for each in wanted for name, value in each.items())


def _problems(policy: Document, *, model: MonitoredModel, queues: set[str]) -> Iterator[Problem]:
    if policy["queue"] not in queues:
        yield Problem(("queue",), f"This model has no queue {policy['queue']!r}.", "unknown_queue")
    if policy["kind"] in NEED_SCORES and model.is_regression:
        yield Problem(("kind",), f"{policy['kind']} needs scores, and a regression has none.", "needs_scores")
    if policy.get("condition"):
        yield from (each.under("condition") for each in conditions.problems(policy["condition"], model=model))
    if policy["kind"] == PolicyKind.SLICE:
        yield from _slice_problems(policy, model=model)
    if policy["kind"] == PolicyKind.RECOMMENDED:
        yield from _metric_problems(policy, model=model)


def _slice_problems(policy: Document, *, model: MonitoredModel) -> Iterator[Problem]:
    declared = declared_slice(model, policy["slice"])
    if declared is None:
        names = ", ".join(each.name for each in model.slice_list) or "none"
        message = f"This model has no slice {policy['slice']!r}. Its slices: {names}."
        yield Problem(("slice",), message, "unknown_slice")
    elif declared.edges:
        # Without edges, any value can still come.
        possible = declared.possible_values
        wrong = ((place, each["value"]) for place, each in enumerate(policy["rates"]) if each["value"] not in possible)
        for place, value in wrong:
            message = f"The slice {declared.name} has no value {value!r}. It has: {', '.join(possible)}."
            yield Problem(("rates", place, "value"), message, "unknown_slice_value")


def _metric_problems(policy: Document, *, model: MonitoredModel) -> Iterator[Problem]:
    if model.is_regression:
        yield Problem(("kind",), "recommended weighs classes, and a regression has none.", "needs_classes")
    elif model.task != Task.BINARY:
        for place, metric in enumerate(policy["metrics"]):
            if metric in BINARY_METRICS:
                yield Problem(("metrics", place), f"Only a model of two classes has {metric}.", "needs_two_classes")


def declared_slice(model: MonitoredModel, name: str) -> Slice | None:
    return next((each for each in model.slice_list if each.name == name), None)
