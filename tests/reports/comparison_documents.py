"""A comparison's document as the engine writes it: September against August, with the event of the demo."""

from typing import Any

from apps.reports.engine.comparison_document import ComparisonDocument
from tests.reports.documents import document, figure

HOMES = {"1": "Household", "16": "Institution", "17": "Group quarters"}


def moved(value: float, half: float = 0.0, chance: float = 0.006) -> dict[str, float]:
    return {
        "value": value, "low": value - half, "high": value + half,
        "chance_low": value - chance, "chance_high": value + chance,
    }  # fmt: skip


def group(value: str, first: tuple[int, float], second: tuple[int, float], mix: float, right: float) -> dict[str, Any]:
    return {
        "value": value, "n": [first[0], second[0]], "share": [first[0] / 36_000, second[0] / 34_433],
        "mean": [first[1], second[1]], "mix": mix, "right": right,
    }  # fmt: skip


def side(start: str, end: str, accuracy: float, n: int, **changes: Any) -> dict[str, Any]:
    figures = {"accuracy": figure(accuracy), "precision": figure(accuracy + 0.01)}
    return {
        "start": start, "end": end, "version": None, "value_model": None, "part": "closed", "first": start,
        "until": end, "n": n, "state": "final", "figures": figures, **changes,
    }  # fmt: skip


def compared_document(**changes: Any) -> ComparisonDocument:
    names = document("performance")["names"]
    home = {"label": "Home", "values": HOMES, "order": list(HOMES), "is_sensitive": False}
    cause = {
        "kind": "slice", "name": "home", "is_beyond_chance": True,
        "groups": [
            group("1", (33_100, 0.86), (25_343, 0.857), -0.01, -0.004),
            group("16", (700, 0.99), (1_800, 0.98), 0.004, 0.0),
            group("17", (2_200, 0.58), (7_290, 0.577), -0.045, -0.003),
        ],
        "moved": ["17", "16"], "share": [0.08, 0.26],
        "days": {
            "side": 1, "start": "2026-09-24", "end": "2026-09-30", "n": 6_886, "inside": 6_886, "mean": 0.58,
        },
    }  # fmt: skip
    why = {
        "difference": moved(-0.0581),
        "parts": [{"name": "mix", **moved(-0.0512, chance=0.003)}, {"name": "right", **moved(-0.0069, chance=0.005)}],
        "cause": cause,
        "tried": [
            {"kind": "score", "name": "", "mix": -0.031, "right": -0.027},
            {"kind": "slice", "name": "home", "mix": -0.0512, "right": -0.0069},
            {"kind": "slice", "name": "sex", "mix": 0.0, "right": -0.0581},
        ],
    }
    made: dict[str, Any] = {
        "version": 1, "kind": "performance", "task": "binary", "classes": ["no", "yes"], "positive_class": "yes",
        "names": names | {"slices": names["slices"] | {"home": home}}, "currency": "", "metric": "accuracy",
        "sides": [side("2026-08-01", "2026-09-01", 0.8414, 36_000), side("2026-09-01", "2026-10-01", 0.7833, 34_433)],
        "shared": 0,
        "differences": {
            "accuracy": {"value": -0.0581, "low": -0.0581, "high": -0.0581, "method": "exact", "code": None},
            "precision": {"value": -0.0581, "low": -0.065, "high": -0.051, "method": "mover", "code": None},
        },
        "why": why, "code": None, "as_of": "2026-12-01T00:00:00+00:00", "seq": 812, "time_zone": "UTC",
    }  # fmt: skip
    return {**made, **changes}  # type: ignore[typeddict-item]  # a test may change any field
