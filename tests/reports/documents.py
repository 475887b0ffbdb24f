"""Documents as the engine writes them: half a year, older days settled and newer ones open."""

from datetime import date, timedelta
from typing import Any

from apps.reports.engine.document import Document, Figure, Figures, NaiveFigures, Part, Point
from apps.reports.engine.pictured import Pictures

SEXES = {"1": "male", "2": "female"}
BANDS = ["under 25", "25 to under 60", "60 and over"]
START, CLOSED_UNTIL, END = date(2026, 5, 25), date(2026, 9, 28), date(2026, 11, 23)


def figure(value: float | None, half: float = 0.0, **changes: Any) -> Figure:
    """A figure with half the width of its range; exact without one."""
    exact = half == 0.0 and value is not None and changes.get("method", "exact") == "exact"
    n = changes.get("n", 144_616 if exact else 412)
    return {
        "value": value,
        "low": None if value is None else value - half,
        "high": None if value is None else value + half,
        "method": "none" if value is None else "exact" if exact else "logit-mod",
        "n": n,
        "n_eff": 144_616.0 if exact else 318.4,
        "outcomes": n if exact else 0,
        "reviews": 0 if exact else n,
        "response_rate": None if exact else 0.62,
        "outcome_share": 1.0 if exact else 0.21,
        "covered_share": 1.0,
        "code": None,
        **changes,  # type: ignore[typeddict-item]  # a test may change any field
    }


def document(kind: str, **changes: Any) -> Document:
    base: dict[str, Any] = {
        "version": 1,
        "kind": kind,
        "task": "binary",
        "classes": ["no", "yes"],
        "positive_class": "yes",
        "names": {
            "model": "Employment",
            "unit": "",
            "classes": {"no": "not employed", "yes": "employed"},
            "slices": {
                "age": {"label": "Age", "values": {}, "order": BANDS, "is_sensitive": False},
                "sex": {"label": "Sex", "values": SEXES, "order": list(SEXES), "is_sensitive": True},
            },
        },
        "window": {
            "start": START.isoformat(),
            "end": END.isoformat(),
            "as_of": "2026-11-20T09:12:00+00:00",
            "seq": 812,
            "time_zone": "UTC",
        },
        "parts": [
            part("all", START, END, n=208_892, outcomes=164_120),
            part("closed", START, CLOSED_UNTIL, n=144_616, outcomes=144_616),
            part("open", CLOSED_UNTIL, END, n=64_276, outcomes=19_504),
        ],
        "cohorts": {
            "final": 126, "maturing": 36, "provisional": 20, "maturity_days": 60,
            "final_through": "2026-09-27",
        },
        "naive": {},
        "series": [],
        "step": "month",
        "slices": [],
        "sample": {
            "drawn": 668, "counted": 668, "left_out": 0, "answered": 412, "waiting": 251, "skipped": 5,
            "response_rate": 0.617,
            "adjudication_chosen": 61, "adjudicated": 58, "overturned": 21, "bounds": {"accuracy": [0.51, 0.90]},
        },
        "caveats": [
            {"code": "open_days", "details": {"days": 56, "n": 64_276, "share": 0.308}},
            {"code": "waiting", "details": {"n": 251, "drawn": 668}},
            {"code": "missed_errors", "details": {"share": 0.006}},
        ],
        "population": {"n": 208_892.0},
        "restatements": [],
        "results": [],
    }  # fmt: skip
    base |= {"performance": performance, "baseline": baseline, "value": value}[kind]() | changes
    if "headline" not in base:
        base["headline"] = {"part": "closed", "figures": base["sections"]["closed"]}
    return base  # type: ignore[return-value]  # assembled from parts above


def part(name: Part, start: date, end: date, *, n: int, outcomes: int) -> dict[str, Any]:
    return {
        "part": name, "start": start.isoformat(), "end": end.isoformat(), "days": (end - start).days,
        "n": n, "outcomes": outcomes, "absent": 0, "with_baseline": n,
    }  # fmt: skip


def performance() -> dict[str, Any]:
    closed = {"accuracy": 0.8279, "precision": 0.8093, "recall": 0.8610, "f1": 0.8343, "auc": 0.9045, "brier": 0.1221}
    opened = {"accuracy": 0.8174, "precision": 0.8011, "recall": 0.8535, "f1": 0.8265, "auc": 0.8960}
    half = {"accuracy": 0.019, "precision": 0.026, "recall": 0.024, "f1": 0.021, "auc": 0.016}
    sections = {
        "closed": {metric: figure(known) for metric, known in closed.items()},
        "open": {metric: figure(known, half[metric]) for metric, known in opened.items()},
        "all": {metric: figure(known, half[metric] / 3) for metric, known in opened.items()},
    }
    sections["open"]["brier"] = figure(0.128, 0.014, code="preliminary", labels_needed=588)
    sections["all"]["brier"] = figure(0.124, 0.005, code="preliminary", labels_needed=588)
    naive = {metric: {"value": known - 0.21, "n": 998} for metric, known in opened.items()}
    return {
        "sections": sections,
        "naive": naive | {"brier": {"value": 0.22, "n": 998}},
        "step": "week",
        "series": [week(number) for number in range(26)],
        "slices": [
            piece("age", "under 25", 0.861, 0.0, n=61_402),
            piece("age", "25 to under 60", 0.846, 0.004, n=98_112),
            piece("age", "60 and over", 0.758, 0.012, n=49_378),
            piece("sex", "1", 0.835, 0.006, n=100_620),
            piece("sex", "2", 0.821, 0.006, n=108_200),
            piece("sex", "9", None, 0.0, n=72),
        ],
        "pictures": pictures(),
    }


def pictures() -> Pictures:
    """The pictures of the closed days: all counted."""

    def share(value: float, n: int) -> Figure:
        return figure(value, n=n)

    groups = [(tenth + 0.5) / 10 for tenth in range(10)]
    return {
        "part": "closed",
        "answers": {
            "figures": {"stated_gap": figure(0.013), "accuracy_difference": figure(0.0349)},
            "stated": 0.467,
            "by_chance": {"accuracy": [0.826, 0.83], "accuracy_difference": [0.033, 0.037]},
        },
        "matrix": {
            "groups": [["yes"], ["no"]],
            "rows": [
                {"n": 69_000, "shares": [share(0.8, 69_000), share(0.2, 69_000)]},
                {"n": 75_616, "shares": [share(0.12, 75_616), share(0.88, 75_616)]},
            ],
            "found": [share(0.861, 64_274), share(0.828, 80_342)],
        },
        "calibration": [
            {
                "low": middle - 0.04, "high": middle + 0.04, "n": 14_461, "stated": middle,
                "figure": share(middle + 0.02, 14_461), "band": [middle + 0.01, middle + 0.03],
            }
            for middle in groups
        ],
        "scores": [
            {
                "low": middle - 0.05, "high": middle + 0.05, "said": "yes" if middle > 0.5 else "no", "n": 14_461,
                "positive": share(middle, 14_461),
            }
            for middle in groups
        ],
        "thresholds": {
            "points": [
                {
                    "score": middle, "above": round(144_616 * (1 - middle)),
                    "figures": {
                        "accuracy": figure(0.8 - abs(middle - 0.5) / 2, 0.01),
                        "precision": figure(0.5 + middle / 2.2, 0.01),
                        "recall": figure(1 - middle / 1.2, 0.01),
                    },
                }
                for middle in groups
            ],
            "current": 0.5,
        },
        "levels": [],
        "weak": {
            "searched": 10_000,
            "code": "",
            "spots": [
                {
                    "parts": [
                        {"feature": "age", "label": "Age", "value": "18 to 24", "is_sensitive": False},
                        {"feature": "home", "label": "Home", "value": "dormitory", "is_sensitive": False},
                    ],
                    "n": 3_870, "share": 0.027, "labels": 140, "right": [0.496, 0.473, 0.519],
                    "wrong_above": [1_111.0, 1_010.0, 1_204.0],
                },
                {
                    "parts": [{"feature": "sex", "label": "Sex", "value": "female", "is_sensitive": True}],
                    "n": 1_420, "share": 0.01, "labels": 70, "right": [0.55, 0.514, 0.59],
                    "wrong_above": [328.0, 270.0, 390.0],
                },
            ],
        },
    }  # fmt: skip


def week(number: int) -> Point:
    start = START + timedelta(weeks=number)
    closed = start < CLOSED_UNTIL
    wobble = ((number * 37) % 11 - 5) / 1000
    known = figure(0.828 + wobble, 0.0 if closed else 0.03 + 0.004 * (number - 18))
    if number == 25:
        known = figure(None, code="no_labels", n=0, n_eff=None)
    return point(start, start + timedelta(weeks=1), {"accuracy": known}, closed=closed, n=8_034)


def point(
    start: date, end: date, figures: Figures, *, closed: bool, n: int, naive: NaiveFigures | None = None
) -> Point:
    return {
        "start": start.isoformat(), "end": end.isoformat(), "state": "final" if closed else "maturing",
        "is_closed": closed, "n": n, "figures": figures, "naive": naive or {},
    }  # fmt: skip


def piece(name: str, value: str, accuracy: float | None, half: float, *, n: int) -> dict[str, Any]:
    known = figure(accuracy, half, code=None if accuracy else "no_labels")
    return {
        "name": name, "value": value, "n": n, "share": n / 208_892, "figures": {"accuracy": known},
        "naive": {"accuracy": {"value": 0.62, "n": 300}},
    }  # fmt: skip


def baseline() -> dict[str, Any]:
    def figures(half: float) -> Figures:
        return {
            "disagreement_rate": figure(0.0824, 0.0012, method="wilson", n=144_616),
            "kappa": figure(0.834, half),
            "win_rate": figure(0.712, half * 2),
            "accuracy_difference": figure(0.0349, half, method="exact" if not half else "plain-mod"),
            "accuracy": figure(0.8279, half),
            "baseline_accuracy": figure(0.793, half),
        }

    months = [
        point(
            first, last,
            {"disagreement_rate": figure(0.08 + index / 500, 0.002, method="wilson"),
             "win_rate": figure(0.71, 0.0 if last <= CLOSED_UNTIL else 0.09),
             "accuracy_difference": figure(0.035, 0.0 if last <= CLOSED_UNTIL else 0.02)},
            closed=last <= CLOSED_UNTIL, n=34_000,
        )
        for index, (first, last) in enumerate(months_of_window())
    ]  # fmt: skip
    return {
        "sections": {"closed": figures(0.0), "open": figures(0.02), "all": figures(0.007)},
        "series": months,
        "slices": [
            {"name": "age", "value": band, "n": 60_000, "share": 0.3, "naive": {},
             "figures": {"disagreement_rate": figure(rate, 0.003, method="wilson")}}
            for band, rate in (("under 25", 0.05), ("25 to under 60", 0.07), ("60 and over", 0.14))
        ],
        "baseline": {
            "matrix": {"classes": ["no", "yes"], "counts": [[98_310, 7_204], [10_009, 93_369]]},
            "disagreements": 17_213, "model_right": 8_482, "baseline_right": 3_431, "neither_right": 0,
            "mcnemar_z": 46.3, "mcnemar_p": 0.0, "without_baseline": 0,
        },
    }  # fmt: skip


def value() -> dict[str, Any]:
    def figures(n: int, half: float) -> Figures:
        return {
            "value_total": figure(310.0 * n, half * 9),
            "value_per_1000": figure(310_000.0, half * 9 / n * 1000),
            "baseline_value_total": figure(301.0 * n, half * 9),
            "baseline_value_per_1000": figure(301_000.0, half * 9 / n * 1000),
            "value_difference": figure(9.11 * n, half, method="plain-mod" if half else "exact"),
            "value_difference_per_1000": figure(9_110.0, half / n * 1000),
            "accuracy_point_value": figure(9.3 * n / 10, method="range", low=2.5 * n / 10, high=9.4 * n / 10),
            "accuracy": figure(0.8279, half / 1e7),
        }

    series = [
        point(
            first, last,
            {"value_difference": figure(280_000 + 21_000 * index, 0.0 if last <= CLOSED_UNTIL else 120_000)},
            closed=last <= CLOSED_UNTIL, n=34_000,
        )
        for index, (first, last) in enumerate(months_of_window())
    ]  # fmt: skip
    return {
        "sections": {
            "closed": figures(144_616, 0.0),
            "open": figures(64_276, 130_000.0),
            "all": figures(208_892, 130_000.0),
        },
        "series": series,
        "restatements": [restatement()],
        "value": {
            "currency": "USD",
            "version": 1,
            "statement": (
                "An offer costs 250 USD and is worth 900 USD to a person without a job. "
                "The amounts are invented for this example."
            ),
            "matrix": {"no": {"no": "650", "yes": "-250"}, "yes": {"no": "0", "yes": "0"}},
            "is_per_amount": False, "review_cost_each": "2.50", "reviews": 1_240, "review_cost": "3100.00",
            "by_error": [
                {"predicted": "yes", "truth": "no", "value": 940_004.0},
                {"predicted": "no", "truth": "yes", "value": 361_540.0},
            ],
            "losses": [
                loss("age", "60 and over", "yes", "no", figure(2_310_400.0), above=figure(21_400.0, 9_000)),
                loss("sex", "2", "no", "yes", figure(841_250.0, 92_000), above=figure(9_100.0, 6_000)),
                loss("age", "under 25", "no", "yes", figure(120_000.0, 90_000),
                     above=figure(8_000.0, 9_000, code="preliminary", labels_needed=60)),
            ],
            "losses_tested": 5,
            "loss_average": figure(58_000.0, 4_000),
            "costs": {"serving_each": "0.0021", "serving": "438.67", "per_decision": "0.016940", "review_hours": 41.2},
        },
    }  # fmt: skip


def loss(name: str, slice_value: str, predicted: str, truth: str, lost: Figure, **changes: Any) -> dict[str, Any]:
    key = {"name": name, "value": slice_value, "predicted": predicted, "truth": truth}
    return {**key, "n": 9_000, "traffic": 9_000.0, "lost": lost, "overlaps": [], **changes}


def restatement() -> dict[str, Any]:
    return {
        "metric": "value_difference",
        "was": figure(1_288_000.0, 64_000, method="plain-mod"),
        "figure": figure(9.11 * 144_616),
        "previous": 3,
        "previous_as_of": "2026-11-03T08:00:00+00:00",
        "why": {"outcomes": 3_120, "corrections": 12, "labels": 0, "adjudications": 0},
    }


def months_of_window() -> list[tuple[date, date]]:
    firsts = [START, *(date(2026, month, 1) for month in range(6, 12))]
    return list(zip(firsts, [*firsts[1:], END], strict=True))
