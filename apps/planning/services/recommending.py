"""The recommended policy: which predictions to draw more often so that the chosen figures get sharp."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from apps.planning.services.expected import Expectations
from apps.planning.services.recent import Recent
from apps.sampling.models import PolicyKind
from apps.sampling.services.rates import RatedPolicy

__all__ = ["with_priorities", "np", "replace"]


def with_priorities(recent: Recent, expectations: Expectations, rated: Sequence[RatedPolicy]) -> list[RatedPolicy]:
    """Give each recommended policy the priorities that are fitted to recent predictions and labels."""
    return [
        replace(each, weights=_fitted(recent, expectations, each))
        if each.policy.kind == PolicyKind.RECOMMENDED
        else each
        for each in rated
    ]


def _fitted(recent: Recent, expectations: Expectations, rated: RatedPolicy) -> Any:
    raise NotImplementedError
