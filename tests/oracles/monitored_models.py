"""Simulated models in production, row by row: seasons, weekdays, growth, batches, late truths, and planted drift.

Rows of a day come in batches (a file) that share part of their values, and from customers with values of their own,
whose share of the traffic comes and goes over days: days vary more than independent rows would. Truth is drawn from a
logistic model of the features; the score is that model with some noise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.drift.bins import Bins, category_bins, number_bins
from apps.stats.drift.histograms import histogram

HALF_YEAR = 182
SEGMENTS = 6
#: Score noise on the logit, by which no cell of the score is quite exact.
SCORE_NOISE = 0.3
REFERENCE_ROWS = 5_000
#: How far customers' numbers lie apart.
CUSTOMER_SD = 0.5
SCORE_CELLS = 20


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one day: latent numbers, codes of categories (−1 missing), and what the model makes of them."""

    numbers: FloatArray  # (features, n), nan missing
    codes: IntArray  # (categories, n)
    score: FloatArray
    p_true: FloatArray
    truth: NDArray[np.bool_]

    @property
    def predicted(self) -> NDArray[np.bool_]:
        return np.asarray(self.score >= 0.5)

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.asarray(self.predicted == self.truth)

    @property
    def p_right(self) -> FloatArray:
        return np.where(self.predicted, self.p_true, 1 - self.p_true)


#: Changes rows before the model sees them, or the chance of a positive truth after.
Tamper = Callable[["Model", FloatArray, IntArray, np.random.Generator], None]
Flip = Callable[[IntArray, FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class Model:
    """One model with its features and the calendar of its traffic."""

    rows_a_day: FloatArray
    weekend: FloatArray  # shift of numbers, in sd
    season: FloatArray
    phase: FloatArray
    alike: FloatArray  # share of a batch's common part, of numbers and then categories
    missing: FloatArray
    zeros: FloatArray  # share of zeros of numbers
    is_skewed: NDArray[np.bool_]
    shares: tuple[FloatArray, ...]
    tilt: tuple[FloatArray, ...]  # season's direction of each category
    weekend_tilt: tuple[FloatArray, ...]
    weights: FloatArray  # of numbers
    effects: tuple[FloatArray, ...]  # of categories
    batch: float  # rows of a batch
    traffic: FloatArray  # (days, customers), shares
    customers: FloatArray  # (customers, numbers), shift in sd
    bins: Mapping[str, Bins] = field(default_factory=dict)

    @property
    def days(self) -> int:
        return len(self.rows_a_day)

    @property
    def weekday(self) -> IntArray:
        return np.arange(self.days) % 7

    def rows(
        self,
        day: int,
        rng: np.random.Generator,
        *,
        n: int | None = None,
        tamper: Tamper | None = None,
        flip: Flip | None = None,
    ) -> Rows:
        """Draw the rows of a day."""
        n = int(self.rows_a_day[day]) if n is None else n
        wave = np.sin(2 * np.pi * day / HALF_YEAR + self.phase)
        batch = np.sort(rng.integers(0, max(1, round(n / self.batch)), n))
        numbers = self._numbers(day, batch, wave, rng)
        codes = self._codes(day, batch, wave, rng)
        if tamper:
            tamper(self, numbers, codes, rng)
        line = self._line(numbers, codes)
        p_true = expit(line)
        if flip:
            p_true = flip(codes[0], p_true)
        score = expit(line + rng.normal(0, SCORE_NOISE, n))
        return Rows(numbers, codes, score, p_true, rng.random(n) < p_true)

    def _numbers(self, day: int, batch: IntArray, wave: FloatArray, rng: np.random.Generator) -> FloatArray:
        n, batches = len(batch), batch.max(initial=0) + 1
        k = len(self.weights)
        alike = self.alike[:k, None]
        common = rng.normal(size=(k, batches))[:, batch]
        latent = np.sqrt(alike) * common + np.sqrt(1 - alike) * rng.normal(size=(k, n))
        latent += (self.season[:k] * wave[:k] + self.weekend * (day % 7 >= 5))[:, None]
        customer = rng.choice(len(self.customers), batches, p=self.traffic[day])
        latent += self.customers.T[:, customer[batch]]
        latent = np.where(self.is_skewed[:, None], np.exp(latent), latent)
        latent[rng.random((k, n)) < self.zeros[:, None]] = 0.0
        latent[rng.random((k, n)) < self.missing[:k, None]] = np.nan
        return latent

    def _codes(self, day: int, batch: IntArray, wave: FloatArray, rng: np.random.Generator) -> IntArray:
        n, batches = len(batch), batch.max(initial=0) + 1
        codes = np.empty((len(self.shares), n), dtype=np.int64)
        for place, shares in enumerate(self.shares):
            at = len(self.weights) + place
            share = shares * (1 + self.season[at] * wave[at] * self.tilt[place])
            share *= 1 + (day % 7 >= 5) * self.weekend_tilt[place]
            edges = np.cumsum(share / share.sum())[:-1]
            own = np.searchsorted(edges, rng.random(n))
            common = np.searchsorted(edges, rng.random(batches))[batch]
            codes[place] = np.where(rng.random(n) < self.alike[at], common, own)
            codes[place, rng.random(n) < self.missing[at]] = -1
        return codes

    def _line(self, numbers: FloatArray, codes: IntArray) -> FloatArray:
        # Capped as a model's input is: a unit error must not make every score 0 or 1.
        line = self.weights @ np.clip(np.nan_to_num(numbers), -4.0, 4.0)
        for effect, row in zip(self.effects, codes, strict=True):
            line = line + np.append(effect, 0.0)[row]
        return np.asarray(line)

    def histograms(self, rows: Rows) -> dict[str, IntArray]:
        """Count a day of every feature, of the score and of the predicted class."""
        return {name: histogram(values, bins=self.bins[name]).counts for name, values in columns(rows).items()}


def columns(rows: Rows) -> dict[str, NDArray[np.generic]]:
    """Name the columns of rows: numbers, categories as text, the score and the predicted class."""
    named: dict[str, NDArray[np.generic]] = {f"number {place}": row for place, row in enumerate(rows.numbers)}
    texts = np.array([*(f"value {code}" for code in range(30)), None], dtype=object)
    named |= {f"category {place}": texts[row] for place, row in enumerate(rows.codes)}
    return named | {"score": rows.score, "predicted": texts[rows.predicted.astype(np.int64)]}


def simulated_model(
    rng: np.random.Generator, *, days: int, rows_a_day: float, features: int, is_calm: bool = False
) -> Model:
    """Draw a model; a calm one has no growth, spikes or holidays."""
    k = round(0.6 * features)
    c = features - k
    sizes = [SEGMENTS, *rng.integers(2, 21, c - 1).tolist()]
    shares = [np.array([0.4, 0.2, 0.15, 0.1, 0.08, 0.07]), *(rng.dirichlet(np.full(size, 1.5)) for size in sizes[1:])]
    effects = [rng.normal(0, 0.5, size) for size in sizes]
    zeros = np.where(rng.random(k) < 0.25, rng.uniform(0.2, 0.8, k), 0.0)
    weights = rng.normal(0, 1, k)
    weights *= 2.0 / np.sqrt((weights**2).sum())
    customers = int(rng.integers(10, 41))
    model = Model(
        rows_a_day=_traffic(rng, days, rows_a_day, is_calm=is_calm),
        weekend=np.where(rng.random(k) < 1 / 3, rng.uniform(-0.5, 0.5, k), 0.0),
        season=np.where(rng.random(features) < 0.5, rng.uniform(0.1, 0.3, features), 0.0),
        phase=rng.uniform(0, 2 * np.pi, features),
        alike=np.where(rng.random(features) < 0.5, rng.uniform(0.0, 0.3, features), 0.0),
        missing=np.where(rng.random(features) < 0.5, rng.uniform(0.0, 0.1, features), 0.0),
        zeros=zeros,
        is_skewed=rng.random(k) < 0.3,
        shares=tuple(shares),
        tilt=tuple(rng.choice([-1.0, 1.0], size) for size in sizes),
        weekend_tilt=tuple(rng.uniform(-0.3, 0.3, size) * (rng.random() < 1 / 3) for size in sizes),
        weights=weights,
        effects=tuple(effects),
        batch=float(rng.uniform(1, 15)),
        traffic=_customers(rng, days, customers),
        customers=rng.normal(0, CUSTOMER_SD, (customers, k)) * (rng.random(k) < 0.5),
    )
    reference = columns(model.rows(0, rng, n=REFERENCE_ROWS))
    return replace(
        model,
        bins={
            name: number_bins(values) if values.dtype == np.float64 else category_bins(values)
            for name, values in reference.items()
        },
    )


def _customers(rng: np.random.Generator, days: int, customers: int) -> FloatArray:
    """Return the share of each customer by day: its logarithm keeps .7 of yesterday's deviation."""
    moves = np.zeros((days, customers))
    for day in range(1, days):
        moves[day] = 0.7 * moves[day - 1] + rng.normal(0, 0.3, customers)
    share = np.exp(moves + rng.normal(0, 0.7, customers))
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def _traffic(rng: np.random.Generator, days: int, rows_a_day: float, *, is_calm: bool) -> FloatArray:
    """Return rows by day: weekends at 20 to 40 %, and unless calm, growth, holidays at 10 to 30 %, spikes."""
    rows = rows_a_day * np.exp(rng.normal(0, 0.1, days))
    rows *= np.where(np.arange(days) % 7 >= 5, rng.uniform(0.2, 0.4), 1.0)
    if not is_calm:
        rows *= 3.0 ** (np.arange(days) / days * (rng.random() < 1 / 3))
        rows[rng.choice(days, 5, replace=False)] *= rng.uniform(0.1, 0.3, 5)
        rows[rng.choice(days, 3, replace=False)] *= rng.uniform(3.0, 6.0, 3)
    return np.maximum(np.round(rows), 1.0)


def cells(rows: Rows) -> IntArray:
    """Return the cell of each row: predicted class and tenth of the score's range; 20 in all, half of them empty."""
    return np.minimum((rows.score * SCORE_CELLS).astype(np.int64), SCORE_CELLS - 1)
