"""What every public function owes whatever comes in: a refusal that names the argument, or sound numbers."""

import math
import re
import warnings
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from hypothesis import given, settings

NAN, INF = math.nan, math.inf


def quick_and_many(quick):
    """The test with so many examples, and marked slow with six times as many."""
    many = pytest.param(6 * quick, marks=pytest.mark.slow, id="many")
    return pytest.mark.parametrize("examples", [pytest.param(quick, id="quick"), many])


def holds(claim, *strategies, examples, **named):
    """The claim for as many examples, the same on every run."""
    claimed = given(*strategies, **named)(claim)
    settings(derandomize=True, max_examples=examples, deadline=None, database=None)(claimed)()


def judged(call, *arguments):
    """What the call gives, held to be sound, or None after a ValueError that names one of the arguments."""
    found = attempted(call, *arguments)
    assert list(problems(found)) == []
    return found


def attempted(call, *arguments):
    """What the call gives, or None after a ValueError that names one of the arguments; without any it must not refuse.

    Nothing on the way may overflow or divide by nothing, and no warning may be given.
    """
    with np.errstate(over="raise", divide="raise", invalid="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return call()
        except ValueError as refusal:
            complaint = str(refusal)
    assert any(re.search(rf"\b{name}\b", complaint) for name in arguments), f"not named: {complaint}"
    return None


def problems(found, place="result"):
    """Every number that is not finite, every interval without its value, every gap without a code."""
    if isinstance(found, (float, np.floating)) and not math.isfinite(found):
        yield f"{place} is {found}"
    elif isinstance(found, np.ndarray) and found.dtype.kind == "f" and not np.isfinite(found).all():
        yield f"{place} holds {found[~np.isfinite(found)]}"
    elif isinstance(found, dict):
        for key, each in found.items():
            yield from problems(each, f"{place}[{key!r}]")
    elif isinstance(found, (list, tuple)):
        for at, each in enumerate(found):
            yield from problems(each, f"{place}[{at}]")
    elif is_dataclass(found):
        for field in fields(found):
            yield from problems(getattr(found, field.name), f"{place}.{field.name}")
        yield from _gaps(found, place)


def _gaps(found, place):
    names = {field.name for field in fields(found)}
    main = "half_width" if "half_width" in names else "value"
    if {main, "code"} <= names and getattr(found, main) is None and found.code is None:
        yield f"{place} has neither {main} nor code"
    if {"value", "low", "high"} <= names:
        low, value, high = ends = found.low, found.value, found.high
        is_whole = all(end is not None for end in ends)
        if is_whole and not (np.all(low <= value) and np.all(value <= high)):
            yield f"{place} has low, value, high {ends}"
