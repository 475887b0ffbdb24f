"""What the model says of people. Apart from the model itself, whose libraries are slow to import."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VERSION = "2015-reference"


@dataclass(frozen=True)
class Scored:
    """Scores of some people, with what speaks for and against, in log-odds."""

    # probability of being employed
    scores: NDArray[np.float64]
    # people × FEATURES
    contributions: NDArray[np.float64]
    base: NDArray[np.float64]
    # the old rule's answer
    baseline: NDArray[np.bool_]
