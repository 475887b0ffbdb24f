"""The promise of every public function: sound numbers, or an error that names the argument."""

import math
import re
import warnings
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from hypothesis import given, settings

NAN, INF = math.nan, math.inf


def quick_and_many(quick, *, times=6):
    """Run a test with this many examples, and marked slow with so many times as many."""
    many = pytest.param(times * quick, marks=pytest.mark.slow, id="many")
    return pytest.mark.parametrize("examples", [pytest.param(quick, id="quick"), many])


def holds(claim, *strategies, examples, **named):
    """Check a claim on this many examples, the same on every run."""
    claimed = given(*strategies, **named)(claim)
    settings(derandomize=True, max_examples=examples, deadline=None, database=None)(claimed)()


def judged(call, *arguments):
    """Return a sound result, or None after a ValueError that names one of the arguments."""
    result = attempted(call, *arguments)
    assert list(problems(result)) == []
    return result


def attempted(call, *arguments):
    """Return the result, or None after a ValueError that names one of the arguments; without any, errors fail the test.

    So do overflows, divisions by zero and warnings.
    """
    with np.errstate(over="raise", divide="raise", invalid="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return call()
        except ValueError as refusal:
            complaint = str(refusal)
    assert any(re.search(rf"\b{name}\b", complaint) for name in arguments), f"not named: {complaint}"
    return None


def problems(result, place="result"):
    """List every number that is not finite, every interval without its value, every gap without a code."""
    if isinstance(result, (float, np.floating)) and not math.isfinite(result):
        yield f"{place} is {result}"
    elif isinstance(result, np.ndarray) and result.dtype.kind == "f" and not np.isfinite(result).all():
        yield f"{place} holds {result[~np.isfinite(result)]}"
    elif isinstance(result, dict):
        for key, each in result.items():
            yield from problems(each, f"{place}[{key!r}]")
    elif isinstance(result, (list, tuple)):
        for index, each in enumerate(result):
            yield from problems(each, f"{place}[{index}]")
    elif is_dataclass(result):
        for field in fields(result):
            yield from problems(getattr(result, field.name), f"{place}.{field.name}")
        yield from _gaps(result, place)


def _gaps(result, place):
    names = {field.name for field in fields(result)}
    main = "half_width" if "half_width" in names else "value"
    if {main, "code"} <= names and getattr(result, main) is None and result.code is None:
        yield f"{place} has neither {main} nor code"
    if {"value", "low", "high"} <= names:
        low, value, high = ends = result.low, result.value, result.high
        is_whole = all(end is not None for end in ends)
        if is_whole and not (np.all(low <= value) and np.all(value <= high)):
            yield f"{place} has low, value, high {ends}"
