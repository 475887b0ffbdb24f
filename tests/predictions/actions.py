"""Actions pushed in tests."""

from typing import Any

from apps.predictions.models import BatchKind
from apps.predictions.services.writing import PushResult
from apps.registry.models import MonitoredModel
from tests.factories import push_rows


def push_actions(model: MonitoredModel, rows: list[dict[str, Any]]) -> PushResult:
    return push_rows(BatchKind.ACTIONS, model, rows)
