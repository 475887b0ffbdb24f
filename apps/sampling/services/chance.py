"""The cases that chance alone drew."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from apps.registry.models import MonitoredModel
from apps.sampling.models import SamplingPolicy
from apps.sampling.services.probabilities import is_alike
from apps.sampling.services.randomness import permanent_numbers


def drawn_by_chance_alone(
    model: MonitoredModel, external_ids: Iterable[str], probabilities: Iterable[dict[str, float]]
) -> NDArray[np.bool_]:
    """Mark the draws that only a policy alike for all made: no other one looked for them.

    `probabilities` are those of each draw, by policy version: its own policies as drawn.
    """
    alike = {str(policy.pk) for policy in SamplingPolicy.objects.filter(model=model) if is_alike(policy)}
    table = pd.DataFrame.from_records(list(probabilities))
    is_alike_column = table.columns.isin(alike)
    u = permanent_numbers(bytes(model.salt), external_ids)
    drawn = table.fillna(0.0).to_numpy(dtype=np.float64) > u[:, None]
    return np.asarray(drawn[:, is_alike_column].any(axis=1) & ~drawn[:, ~is_alike_column].any(axis=1))
