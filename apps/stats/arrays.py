"""Array types of this package, and the checks that every public function makes on its arguments."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Limit of amounts and labels: variances square the product of two and divide it by squared probabilities.
LARGEST = 1e30
#: Random numbers have 53 bits, so nothing less likely than this can be drawn.
LEAST_PROBABILITY = 2.0**-53

_LARGEST_WHOLE = 2.0**53  # beyond it, floats skip whole numbers


def as_floats(
    name: str, values: ArrayLike, *, length: int | None = None, allow_nan: bool = False, largest: float = math.inf
) -> FloatArray:
    """Convert to a finite float64 vector; a ValueError names the argument.

    >>> as_floats("pi", [0.5, 1])
    array([0.5, 1. ])
    """
    vector = as_array(name, values)
    if vector.ndim != 1:
        raise ValueError(f"{name} must have one dimension, got shape {vector.shape}")
    if length is not None and len(vector) != length:
        raise ValueError(f"{name} must have length {length}, got {len(vector)}")
    if allow_nan and np.isinf(vector).any():
        raise ValueError(f"{name} holds infinite values")
    if not allow_nan and not np.isfinite(vector).all():
        raise ValueError(f"{name} holds nan or infinite values")
    if (np.abs(vector) > largest).any():
        raise ValueError(f"{name} holds values beyond ±{largest:.0e}")
    return vector


def as_array(name: str, values: ArrayLike) -> FloatArray:
    """Convert numbers of any shape to float64; a ValueError names the argument.

    >>> as_array("matrix", [[1, 0], [0]])
    Traceback (most recent call last):
    ValueError: matrix must hold numbers only, in rows of one length
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as reason:
        raise ValueError(f"{name} must hold numbers only, in rows of one length") from reason


def as_ints(name: str, values: ArrayLike, *, length: int | None = None, minimum: int = 0) -> IntArray:
    """Convert to an int64 vector with no value below `minimum`; a ValueError names the argument.

    >>> as_ints("predicted", [True, False])
    array([1, 0])
    """
    floats = as_floats(name, values, length=length, largest=_LARGEST_WHOLE)
    vector = floats.astype(np.int64)
    if (vector != floats).any():
        raise ValueError(f"{name} must hold whole numbers")
    if vector.size and int(vector.min()) < minimum:
        raise ValueError(f"{name} must not be below {minimum}, got {int(vector.min())}")
    return vector


def as_binary(name: str, values: ArrayLike, *, length: int | None = None) -> FloatArray:
    """Convert to a float64 vector of zeros and ones; a ValueError names the argument.

    >>> as_binary("label", [1, 0])
    array([1., 0.])
    """
    vector = as_floats(name, values, length=length)
    if not np.isin(vector, (0.0, 1.0)).all():
        raise ValueError(f"{name} must be 0 or 1")
    return vector


def as_bools(name: str, values: ArrayLike, *, length: int | None = None) -> BoolArray:
    """Convert zeros and ones to a mask; a ValueError names the argument.

    >>> as_bools("answered", [1, 0])
    array([ True, False])
    """
    return as_binary(name, values, length=length).astype(np.bool_)


def as_inclusion(name: str, values: ArrayLike, *, length: int | None = None) -> FloatArray:
    """Check inclusion probabilities in (0, 1]; a ValueError names the argument.

    >>> as_inclusion("pi", [0.0])
    Traceback (most recent call last):
    ValueError: pi must be in (0, 1], got 0.0
    """
    vector = as_floats(name, values, length=length)
    wrong = vector[(vector <= 0) | (vector > 1)]
    if wrong.size:
        raise ValueError(f"{name} must be in (0, 1], got {float(wrong[0])}")
    if vector.min(initial=1.0) < LEAST_PROBABILITY:
        raise ValueError(f"{name} must not be below {LEAST_PROBABILITY:.1e}, the step of the random numbers")
    return vector


def as_probability(name: str, values: ArrayLike, *, length: int | None = None) -> FloatArray:
    """Check probabilities in [0, 1], 0 or large enough to draw with; a ValueError names the argument.

    >>> as_probability("p", [0.0, 1.0])
    array([0., 1.])
    """
    vector = as_floats(name, values, length=length)
    if ((vector < 0) | (vector > 1)).any():
        raise ValueError(f"{name} must be in [0, 1]")
    as_inclusion(name, vector[vector > 0])
    return vector


def as_level(level: float) -> float:
    """Check a confidence level: its quantile must be neither zero nor infinite.

    >>> as_level(0.95)
    0.95
    """
    if not 1e-12 < level < 1 - 1e-12:
        raise ValueError(f"level must be in (0, 1), got {level}")
    return level


def as_mask(name: str, mask: ArrayLike, *, length: int) -> BoolArray:
    """Check a boolean selection of `length` rows. Integers are an error, because numpy reads them as indices.

    >>> as_mask("items", [True, False], length=2)
    array([ True, False])
    """
    try:
        selection = np.asarray(mask)
    except ValueError:  # rows of unequal lengths
        selection = np.empty(0)
    if selection.dtype != np.bool_ or selection.shape != (length,):
        raise ValueError(f"{name} must be a boolean mask of length {length}")
    return selection


def same_length(**vectors: Sequence[object] | NDArray[np.generic]) -> int:
    """Return the common length of the arguments; a ValueError names them.

    >>> same_length(u=[0.1], p=[0.2])
    1
    """
    lengths = {name: len(vector) for name, vector in vectors.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"lengths differ: {lengths}")
    return next(iter(lengths.values()))


def sum_by(place: IntArray, values: FloatArray, *, size: int) -> FloatArray:
    """Sum values by their place 0 … size − 1.

    >>> sum_by(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0]), size=3)
    array([1., 0., 5.])
    """
    return np.asarray(np.bincount(place, weights=values, minlength=size), dtype=np.float64)


def scaled_weights(pi: FloatArray) -> FloatArray:
    """Divide 1/π by the largest 1/π, but not below 1e-12, whose square still counts beside 1.

    >>> scaled_weights(np.array([0.5, 0.25, 1e-300]))
    array([1.e-12, 1.e-12, 1.e+00])
    """
    return np.asarray(np.maximum(pi.min(initial=1.0) / pi, 1e-12), dtype=np.float64)
