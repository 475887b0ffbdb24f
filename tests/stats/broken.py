"""Windows of predictions for tests of bad input: sound, extreme, or with one broken argument."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from apps.stats.arrays import LEAST_PROBABILITY
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from tests.stats.soundness import INF, NAN

#: Arguments that an error about a window may name.
ARGUMENTS = (
    "predicted",
    "score",
    "pi",
    "label",
    "baseline",
    "adjudicated",
    "q",
    "truth",
    "amount",
    "rate",
    "sample",
    "items",
)

NUMBERS = st.sampled_from(
    [NAN, INF, -INF, 0.0, 1.0, 0.5, -1.0, 2.0, 1e-300, 1e-12, 5e-324, 1e16, 1e29, 1e300, -1e300, 1.7e308]
)
#: Valid vectors, and everything else that a caller might pass as one.
VECTORS = st.one_of(
    st.lists(NUMBERS, max_size=4),
    st.lists(st.sampled_from([0, 1]), max_size=4),
    st.lists(st.sampled_from([0.0, 0.2, 0.5, 1.0]), max_size=4),
    st.sampled_from([[[0.5, 0.5]], np.ones((2, 2)), 0.5, None, "half", [[1], [1, 2]], [10**400], {}, [None, 1.0]]),
)
#: Ways to break an argument of a window of n rows.
BREAKS = {
    "nan": lambda values: np.where(np.arange(len(values)) == 0, NAN, values),
    "infinite": lambda values: np.where(np.arange(len(values)) == 0, -INF, values),
    "huge": lambda values: np.where(np.arange(len(values)) == 0, 1e300, values),
    "negative": lambda values: np.asarray(values) - 1.5,
    "short": lambda values: values[:-1],
    "wide": lambda values: np.column_stack([values, values]),
    "text": lambda values: ["a"] * len(values),
    "scalar": lambda values: 1.0,
}

# The sound kind comes first and is drawn most often, because windows extreme in every way have few figures.
SIZES = st.sampled_from([12, 12, 60, 60, 3, 2, 1, 0])
SCORES = {
    "spread": lambda rng, n: rng.random(n),
    "equal": lambda rng, n: np.full(n, 0.3),
    "ends": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "none": lambda rng, n: np.full(n, NAN),
    "some": lambda rng, n: np.where(rng.random(n) < 0.5, NAN, rng.random(n)),
}
CHANCES = {
    "uneven": lambda rng, n: rng.choice([0.01, 0.5, 1.0], n),
    "certain": lambda rng, n: np.ones(n),
    "half": lambda rng, n: np.full(n, 0.5),
    "tiny": lambda rng, n: rng.choice([1e-12, 1.0], n),
    "least": lambda rng, n: rng.choice([LEAST_PROBABILITY, 1 - LEAST_PROBABILITY], n),
    "in part": lambda rng, n: rng.choice([0.0, 0.2], n),
    "never": lambda rng, n: np.zeros(n),
}
CLASSES = {
    "mixed": lambda rng, n, k: rng.integers(0, k, n),
    "first": lambda rng, n, k: np.zeros(n, dtype=int),
    "last": lambda rng, n, k: np.full(n, k - 1),
}
PHASES = {
    "none": lambda rng, n: np.full(n, NAN),
    "open": lambda rng, n: np.zeros(n),
    "done": lambda rng, n: np.ones(n),
    "rare": lambda rng, n: np.full(n, 1e-12),
    "mixed": lambda rng, n: rng.choice([NAN, 0.0, 0.3, 1.0], n),
}
AMOUNTS = {
    "some": lambda rng, n: np.exp(rng.normal(0, 1, n)),
    "none": lambda rng, n: None,
    "nothing": lambda rng, n: np.zeros(n),
    "negative": lambda rng, n: -rng.random(n),
    "huge": lambda rng, n: rng.choice([1e30, -1e30, 1e-30], n),
    "gaps": lambda rng, n: np.where(rng.random(n) < 0.3, NAN, 1.0),
}
BASELINES = ("none", "missing", "some", "all", "same")


@dataclass(frozen=True)
class Window:
    """Predictions and answered items, as arguments of `Population.of_each` and `Sample.of`."""

    everyone: dict
    items: dict
    rate: float
    rng: np.random.Generator

    @property
    def population(self):
        cells = Population.from_rows(**self.everyone)
        return cells.with_response(np.full(len(cells.n), self.rate))

    @property
    def single(self):
        return Population.of_each(**self.everyone)

    @property
    def sample(self):
        answered = Sample.of(**self.items)
        return answered.with_response(np.full(len(answered.pi), self.rate)) if len(answered.pi) else answered


@st.composite
def windows(draw, *, classes=2):
    """Draw a window of any kind."""
    rng, n = np.random.default_rng(draw(st.integers(0, 2**32))), draw(SIZES)

    def one(kinds, *more):
        sound, *others = kinds
        return kinds[draw(st.sampled_from([sound] * (len(others) + 1) + others))](rng, n, *more)

    everyone = {"predicted": one(CLASSES, classes), "score": one(SCORES), "pi": one(CHANCES), "amount": one(AMOUNTS)}
    everyone["baseline"] = _baseline(draw(st.sampled_from(BASELINES)), everyone["predicted"], rng, classes)
    q, label, truth = one(PHASES), one(CLASSES, classes), one(CLASSES, classes)
    if draw(st.booleans()):
        label = everyone["predicted"]
    answered = (everyone["pi"] > 0) & (rng.random(n) < draw(st.sampled_from([0.8, 0.8, 1.0, 0.0])))
    adjudicated = np.where(q < 1, (q > 0) & (rng.random(n) < 0.5), q == 1)
    rows = {**everyone, "label": label, "q": q, "adjudicated": adjudicated, "truth": truth}
    items = {name: None if values is None else values[answered] for name, values in rows.items()}
    if everyone["amount"] is not None:
        everyone["amount"] = np.nan_to_num(everyone["amount"])
    if draw(st.integers(0, 4)) == 4:
        _break(draw, draw(st.sampled_from([everyone, items])))
    return Window(everyone, items, draw(st.sampled_from([1.0, 1.0, 0.4, 1e-3])), rng)


def _baseline(kind, predicted, rng, classes):
    n = len(predicted)
    return {
        "none": None,
        "missing": np.full(n, -1),
        "some": rng.integers(-1, classes, n),
        "all": rng.integers(0, classes, n),
        "same": predicted,
    }[kind]


def _break(draw, arguments):
    name = draw(st.sampled_from([name for name in arguments if arguments[name] is not None]))
    arguments[name] = BREAKS[draw(st.sampled_from(sorted(BREAKS)))](arguments[name])
