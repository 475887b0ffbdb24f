"""The array types of this package, and the checks every public function makes on what it is given."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Amounts and labels go no further: variances square the product of two, and divide it by squared probabilities.
LARGEST = 1e30
#: The numbers that draw have 53 bits; what is less likely than that could not have been drawn.
LEAST_PROBABILITY = 2.0**-53

_LARGEST_WHOLE = 2.0**53  # above it floats leave whole numbers out


def as_floats(
    name: str, values: ArrayLike, *, length: int | None = None, allow_nan: bool = False, largest: float = math.inf
) -> FloatArray:
    """A finite float64 vector, or a ValueError that names the argument.

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
    """Numbers of any shape as float64, or a ValueError that names the argument.

    >>> as_array("matrix", [[1, 0], [0]])
    Traceback (most recent call last):
    ValueError: matrix must hold numbers only, in rows of one length
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as reason:
        raise ValueError(f"{name} must hold numbers only, in rows of one length") from reason


def as_ints(name: str, values: ArrayLike, *, length: int | None = None, minimum: int = 0) -> IntArray:
    """An int64 vector with no value below `minimum`, or a ValueError that names the argument.

    >>> as_ints("predicted", [True, False])
    array([1, 0])
    """
    given = as_floats(name, values, length=length, largest=_LARGEST_WHOLE)
    vector = given.astype(np.int64)
    if (vector != given).any():
        raise ValueError(f"{name} must hold whole numbers")
    if vector.size and int(vector.min()) < minimum:
        raise ValueError(f"{name} must not be below {minimum}, got {int(vector.min())}")
    return vector


def as_binary(name: str, values: ArrayLike, *, length: int | None = None) -> FloatArray:
    """A float64 vector of zeros and ones, or a ValueError that names the argument.

    >>> as_binary("label", [1, 0])
    array([1., 0.])
    """
    vector = as_floats(name, values, length=length)
    if not np.isin(vector, (0.0, 1.0)).all():
        raise ValueError(f"{name} must be 0 or 1")
    return vector


def as_bools(name: str, values: ArrayLike, *, length: int | None = None) -> BoolArray:
    """A mask, or a ValueError that names the argument.

    >>> as_bools("answered", [1, 0])
    array([ True, False])
    """
    return as_binary(name, values, length=length).astype(np.bool_)


def as_inclusion(name: str, values: ArrayLike, *, length: int | None = None) -> FloatArray:
    """Inclusion probabilities in (0, 1], or a ValueError that names the argument.

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
    """Probabilities in [0, 1], those above 0 possible to draw with, or a ValueError that names the argument.

    >>> as_probability("p", [0.0, 1.0])
    array([0., 1.])
    """
    vector = as_floats(name, values, length=length)
    if ((vector < 0) | (vector > 1)).any():
        raise ValueError(f"{name} must be in [0, 1]")
    as_inclusion(name, vector[vector > 0])
    return vector


def as_level(level: float) -> float:
    """A confidence level whose quantile is neither nothing nor infinite, or a ValueError.

    >>> as_level(0.95)
    0.95
    """
    if not 1e-12 < level < 1 - 1e-12:
        raise ValueError(f"level must be in (0, 1), got {level}")
    return level


def as_mask(name: str, mask: ArrayLike, *, length: int) -> BoolArray:
    """A boolean selection of `length` rows; integers are refused, for they would be taken as indices.

    >>> as_mask("items", [True, False], length=2)
    array([ True, False])
    """
    try:
        given = np.asarray(mask)
    except ValueError:  # rows of several lengths
        given = np.empty(0)
    if given.dtype != np.bool_ or given.shape != (length,):
        raise ValueError(f"{name} must be a boolean mask of length {length}")
    return given


def same_length(**vectors: Sequence[object] | NDArray[np.generic]) -> int:
    """The common length of the arguments, or a ValueError that names them.

    >>> same_length(u=[0.1], p=[0.2])
    1
    """
    lengths = {name: len(vector) for name, vector in vectors.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"lengths differ: {lengths}")
    return next(iter(lengths.values()))


def sum_by(place: IntArray, values: FloatArray, *, size: int) -> FloatArray:
    """Sums of values by their place 0 … size − 1.

    >>> sum_by(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0]), size=3)
    array([1., 0., 5.])
    """
    return np.asarray(np.bincount(place, weights=values, minlength=size), dtype=np.float64)


def scaled_weights(pi: FloatArray) -> FloatArray:
    """1/π over the largest 1/π; never so small that its square is lost beside 1.

    >>> scaled_weights(np.array([0.5, 0.25, 1e-300]))
    array([1.e-12, 1.e-12, 1.e+00])
    """
    return np.asarray(np.maximum(pi.min(initial=1.0) / pi, 1e-12), dtype=np.float64)
