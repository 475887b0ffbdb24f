"""Two generated models beside the real one: the demand of three buildings in kWh, and the team that a ticket goes to.

Both are made from a fixed seed, so that rows sent again are the same. What happens to them is written here, so that the
reports can be held against it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.demo.services.rows import uniform
from apps.demo.services.state import SPAN

Floats = NDArray[np.float64]
DAYS = SPAN.days

ENERGY = "energy-demand"
SITES = {"office": 420.0, "warehouse": 260.0, "hospital": 1_150.0}
# A new wing of the hospital opens here: from then on it needs more, and the model does not know.
NEW_WING, WING = 133, 0.09
TICKETS = "ticket-routing"
TEAMS = ("billing", "technical", "returns", "account", "other")
TICKETS_A_DAY = 44
# From this day on many more tickets are about returns: another mix of cases, judged as well as before.
SALE, SALE_LASTS = 120, 14
# From this day on a second version reads the tickets, and reads them better.
READS_BETTER, OLD, NEW = 80, "2026-02", "2026-08"

ENERGY_DOCUMENT: dict[str, Any] = {
    "name": "Energy demand",
    "question": "How much will this building need in this hour tomorrow?",
    "task": "regression",
    "unit": "kWh",
    "tolerance_share": 0.05,
    "prediction_range": [50, 2_600],
    "features": [
        {"name": "site", "type": "category", "label": "Building", "codes": {name: name.capitalize() for name in SITES}},
        {"name": "hour", "type": "integer", "label": "Hour", "unit": "o’clock"},
        {"name": "weekend", "type": "boolean", "label": "Weekend"},
        {"name": "temperature", "type": "number", "label": "Temperature forecast", "unit": "°C"},
    ],
    "slices": [
        {"name": "Building", "feature": "site"},
        {"name": "Hour", "feature": "hour", "edges": [6, 12, 18]},
        {"name": "Temperature", "feature": "temperature", "edges": [5, 15, 22]},
    ],
    "maturity_days": 7,
    "value_model": {
        "currency": "USD",
        "over_cost": "0.06",
        "under_cost": "0.19",
        "review_cost": "2.50",
        "statement": (
            "Invented for this example: a kWh bought for nothing is sold back at a loss of 6 cents, and one that is "
            "missing costs 19 cents more than one bought ahead."
        ),
    },
}
TICKETS_DOCUMENT: dict[str, Any] = {
    "name": "Ticket routing",
    "question": "Which team should answer this ticket?",
    "task": "multiclass",
    "classes": list(TEAMS),
    "class_labels": {team: team.capitalize() for team in TEAMS},
    "features": [
        {"name": "channel", "type": "category", "label": "Channel"},
        {"name": "product", "type": "category", "label": "Product"},
        {"name": "words", "type": "integer", "label": "Length", "unit": "words"},
        {"name": "says_invoice", "type": "boolean", "label": "Says “invoice”"},
        {"name": "says_broken", "type": "boolean", "label": "Says “broken”"},
        {"name": "has_order", "type": "boolean", "label": "Names an order"},
    ],
    "slices": [{"name": "Channel", "feature": "channel"}, {"name": "Product", "feature": "product"}],
    "maturity_days": 21,
    "value_model": {
        "currency": "USD",
        # Each ticket that comes to the right team at once saves four dollars; a wrong one costs the time of two teams.
        "matrix": {said: {true: "4" if said == true else "-6" for true in TEAMS} for said in TEAMS},
        "review_cost": "1.20",
        "statement": "Invented for this example: a ticket at the right team saves 4 USD, one at a wrong team costs 6.",
    },
}
POLICIES: dict[str, dict[str, Any]] = {
    ENERGY: {"floor": 0.004},
    TICKETS: {
        "floor": 0.02,
        "policies": [{"name": "uncertain", "kind": "uncertainty", "rate": 0.05, "queue": "main", "rank": 20}],
    },
}
DOCUMENTS = {ENERGY: ENERGY_DOCUMENT, TICKETS: TICKETS_DOCUMENT}


@dataclass(frozen=True)
class Energy:
    """Hourly demand of three buildings: a forecast for each hour, beside what the same hour needed a week before."""

    now: datetime

    @cached_property
    def temperature(self) -> Floats:
        """Of each day and hour: a season, a day's course and weather that lasts some days."""
        r = np.random.default_rng(31)
        weather = np.zeros(DAYS)
        for day in range(1, DAYS):
            weather[day] = 0.8 * weather[day - 1] + r.normal(0, 2.4)
        season = 14 + 9 * np.cos(np.arange(DAYS) / 365 * 2 * np.pi)
        course = 4 * np.sin((np.arange(24) - 9) / 24 * 2 * np.pi)
        return np.asarray(np.round((season + weather)[:, None] + course[None, :], 1))

    @cached_property
    def demand(self) -> dict[str, Floats]:
        """What each building needed, by day and hour; the first week is only there to be looked back on."""
        r, found = np.random.default_rng(32), {}
        for site, base in SITES.items():
            expected = self._expected(site, base)
            if site == "hospital":
                expected[NEW_WING:] *= 1 + WING
            found[site] = np.round(expected * np.exp(r.normal(0, 0.035, expected.shape)), 1)
        return found

    def _expected(self, site: str, base: float) -> Floats:
        hours, days = np.arange(24), np.arange(DAYS)
        profile = np.ones(24) if site == "hospital" else 0.55 + 0.75 * np.exp(-(((hours - 13) / 5) ** 2))
        heating = 1 + 0.021 * np.maximum(16 - self.temperature, 0) + 0.03 * np.maximum(self.temperature - 22, 0)
        rest = np.where(self._is_weekend[days], 0.62 if site == "office" else 0.9, 1.0)
        return np.asarray(base * profile[None, :] * heating * rest[:, None])

    @cached_property
    def _is_weekend(self) -> NDArray[np.bool_]:
        return np.array([self._day(day).weekday() >= 5 for day in range(DAYS)])

    def _day(self, day: int) -> datetime:
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - SPAN + timedelta(days=day)

    def predictions(self) -> list[dict[str, Any]]:
        """Build a row for each building and hour, made a day ahead."""
        r, rows = np.random.default_rng(33), []
        for site, base in SITES.items():
            expected = self._expected(site, base)
            # In the cold the model is a little low in all buildings.
            forecast = expected * (1 - 0.004 * np.maximum(8 - self.temperature, 0)) * r.normal(1, 0.02, expected.shape)
            places = [(day, hour) for day in range(7, DAYS) for hour in range(24)]
            rows += [self._row(site, day, hour, float(forecast[day, hour])) for day, hour in places]
        return rows

    def _row(self, site: str, day: int, hour: int, forecast: float) -> dict[str, Any]:
        return {
            "id": f"{site}-{day:03d}-{hour:02d}",
            "predicted_at": (self._day(day) + timedelta(hours=hour) - timedelta(days=1)).isoformat(),
            "version": "day-ahead-3",
            "features": {
                "site": site,
                "hour": hour,
                "weekend": bool(self._is_weekend[day]),
                "temperature": float(self.temperature[day, hour]),
            },
            "prediction": round(forecast, 1),
            "baseline": float(self.demand[site][day - 7, hour]),
            "latency_ms": round(0.4 + 0.3 * uniform("latency", site, day, hour), 3),
        }

    def outcomes(self) -> list[dict[str, Any]]:
        """Build the meter readings that have come by now, two hours after their hour."""
        rows = []
        for site in SITES:
            for day in range(7, DAYS):
                for hour in range(24):
                    known = self._day(day) + timedelta(hours=hour + 2)
                    if known <= self.now:
                        name = f"{site}-{day:03d}-{hour:02d}"
                        measured = float(self.demand[site][day, hour])
                        rows.append({"id": name, "outcome": measured, "occurred_at": known.isoformat()})
        return rows


@dataclass(frozen=True)
class Tickets:
    """Tickets of a shop's customers: a model that reads them, beside a rule with three words."""

    now: datetime

    @property
    def total(self) -> int:
        return DAYS * TICKETS_A_DAY

    @cached_property
    def _features(self) -> dict[str, NDArray[Any]]:
        r, n = np.random.default_rng(41), self.total
        day = np.arange(n) // TICKETS_A_DAY
        is_sale = (day >= SALE) & (day < SALE + SALE_LASTS)
        return {
            "channel": r.choice(["mail", "chat", "phone"], n, p=[0.5, 0.35, 0.15]),
            "product": r.choice(["shoes", "electronics", "furniture"], n, p=[0.45, 0.35, 0.2]),
            "words": r.lognormal(3.6, 0.7, n).astype(int) + 3,
            "says_invoice": r.random(n) < 0.22,
            "says_broken": r.random(n) < 0.24,
            "has_order": r.random(n) < np.where(is_sale, 0.85, 0.4),
        }

    @cached_property
    def _chances(self) -> Floats:
        """The chance of each team (total, teams), as the world is."""
        f = self._features
        broken, invoice, order = (f[name].astype(float) for name in ("says_broken", "says_invoice", "has_order"))
        electronics = (f["product"] == "electronics").astype(float)
        short, phone = (f["words"] < 20).astype(float), (f["channel"] == "phone").astype(float)
        scores = np.stack(
            [
                0.2 + 3.4 * invoice - 0.6 * broken,
                0.1 + 2.7 * broken * electronics + 0.9 * electronics,
                -0.2 + 2.1 * order + 1.5 * broken * (1 - electronics),
                0.3 + 1.2 * short - 1.1 * order,
                -0.9 + 1.1 * short + 1.6 * phone,
            ],
            axis=1,
        )
        return _softmax(1.9 * scores)

    @cached_property
    def teams(self) -> NDArray[np.int64]:
        """The team that closed each ticket."""
        r = np.random.default_rng(42)
        teams = (self._chances.cumsum(axis=1) < r.random((self.total, 1))).sum(axis=1)
        return np.asarray(teams.clip(0, len(TEAMS) - 1))

    @cached_property
    def stated(self) -> Floats:
        """What the model states, more sure of itself than it should be."""
        misread = np.where(self._is_new, 0.25, 0.9)[:, None]
        noise = misread * np.random.default_rng(43).normal(0, 1, self._chances.shape)
        stated = _softmax(1.25 * np.log(self._chances) + noise).round(4)
        stated[:, -1] = (1 - stated[:, :-1].sum(axis=1)).round(4).clip(0, 1)
        return np.asarray(stated)

    @property
    def _is_new(self) -> NDArray[np.bool_]:
        return np.arange(self.total) // TICKETS_A_DAY >= READS_BETTER

    def _moment(self, number: int) -> datetime:
        return self.now - SPAN + (number + 0.5) / self.total * SPAN

    def predictions(self) -> list[dict[str, Any]]:
        names, columns = list(self._features), [each.tolist() for each in self._features.values()]
        is_new, rows = self._is_new, []
        for number, values in enumerate(zip(*columns, strict=True)):
            features = dict(zip(names, values, strict=True))
            stated = self.stated[number]
            rows.append(
                {
                    "id": f"ticket-{number:05d}",
                    "predicted_at": self._moment(number).isoformat(timespec="seconds"),
                    "version": NEW if is_new[number] else OLD,
                    "features": features,
                    "prediction": TEAMS[int(stated.argmax())],
                    "probabilities": dict(zip(TEAMS, stated.tolist(), strict=True)),
                    "baseline": _by_rule(features),
                    "latency_ms": round(3 + 4 * uniform("latency", number), 2),
                }
            )
        return rows

    def outcomes(self) -> list[dict[str, Any]]:
        """Build the teams of the tickets that are closed by now, 2 to 20 days after they came."""
        rows = []
        for number, team in enumerate(self.teams.tolist()):
            known = self._moment(number) + timedelta(days=2 + 18 * uniform("closed", number))
            if known <= self.now:
                moment = known.isoformat(timespec="seconds")
                rows.append({"id": f"ticket-{number:05d}", "outcome": TEAMS[team], "occurred_at": moment})
        return rows


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _by_rule(features: dict[str, Any]) -> str:
    """Route by words, as was done before there was a model."""
    if features["says_invoice"]:
        return "billing"
    if features["says_broken"]:
        return "technical"
    return "returns" if features["has_order"] else "account"
