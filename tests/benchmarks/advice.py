"""Compare the advice on training again with training again: on census data and five simulated models.

Each study draws labels from a model's traffic, half of it uniformly and half where the model is unsure (numbers: where
they are large), about people who come in threes, and takes the advice that the product would give
(`apps.retraining.engine`). Then a new model learns from all of these labels, and both are judged on the truth of 40,000
predictions that were never drawn.

*census*: the demo's data and model. *nothing to gain*: the model knows the true probabilities. *drift*: of three
classes, the truth has moved since the model was trained. *new feature*: numbers, of which a feature that the model does
not use tells much. *known number*: the model knows each true mean, and 600 labels cannot. *few and noisy*: 600 labels,
and a quarter of all truths are coin flips.

`sign_agreement`: of the studies whose range excludes 0, the share in which the new model is really better, or worse, as
advised. `coverage`: of all studies, the share in which its real gain lies in the range. `decided`: the share of studies
whose range excludes 0. The table is in points; for numbers, in hundredths of the unit. Arguments: `--seeds 8`,
`--only drift`, `--labels 3000`.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from apps.stats.arrays import FloatArray, IntArray
from tests.benchmarks.harness import print_table

if TYPE_CHECKING:
    from apps.retraining.engine.labels import Labels

SEEDS = 8
LABELS = 3_000
FEW = 600
SIZE = 100_000
HELD_OUT = 40_000
HOUSEHOLD = 3


@dataclass(frozen=True, eq=False)
class Traffic:
    """Predictions of a live model with their truth; people come in threes. Numbers have no `classes` and no score."""

    features: FloatArray
    live: FloatArray
    truth: FloatArray
    # Of the positive class; of three classes, of the likeliest
    score: FloatArray | None
    classes: int = 2
    labels: int | None = None

    @classmethod
    def binary(cls, features: FloatArray, score: FloatArray, truth: FloatArray, *, labels: int | None = None) -> Self:
        likelier = (score >= 0.5).astype(np.float64)
        return cls(features, likelier, truth, np.clip(score, 1e-4, 1 - 1e-4), labels=labels)

    @property
    def task(self) -> str:
        return {0: "regression", 2: "binary"}.get(self.classes, "multiclass")

    @property
    def unsure(self) -> FloatArray:
        """How much a case is worth a label."""
        return 1 + np.abs(self.live) if self.score is None else np.sqrt(self.score * (1 - self.score))

    @property
    def subject(self) -> IntArray:
        return np.arange(len(self.live), dtype=np.int64) // HOUSEHOLD


@dataclass(frozen=True)
class Found:
    """The advice of one study, and what training again really gained."""

    verdict: str
    value: float
    low: float
    high: float
    real: float
    seconds: float

    @property
    def is_decided(self) -> bool:
        return self.low > 0 or self.high < 0

    @property
    def is_right(self) -> bool:
        return bool(np.sign(self.value) == np.sign(self.real))

    @property
    def is_covered(self) -> bool:
        return self.low <= self.real <= self.high


def run(arguments: list[str]) -> dict[str, float | int | str]:
    options = _parse(arguments)
    _set_up()
    began = time.perf_counter()
    found: dict[str, list[Found]] = {}
    for number, (name, make) in enumerate(MODELS.items()):
        if options.only and name not in options.only:
            continue
        found[name] = []
        for seed in range(options.seeds):
            rng = np.random.default_rng([seed, number])
            found[name].append(study(make(rng), rng, labels=options.labels))
    print_table([_row(name, each) for name, each in found.items()])
    every = [one for each in found.values() for one in each]
    decided = [one for one in every if one.is_decided]
    return {
        "sign_agreement": round(float(np.mean([one.is_right for one in decided])), 3) if decided else "none",
        "decided": round(len(decided) / len(every), 3),
        "coverage": round(float(np.mean([one.is_covered for one in every])), 3),
        "studies": len(every),
        "seconds_per_study": round(float(np.median([one.seconds for one in every])), 1),
        "seconds": round(time.perf_counter() - began, 1),
    }


def study(traffic: Traffic, rng: np.random.Generator, *, labels: int) -> Found:
    """Draw labels, take the advice, and train again."""
    from apps.retraining.engine import studying
    from apps.retraining.engine.fitting import cross_fit
    from apps.retraining.engine.learners import SKLEARN, train

    held = rng.permutation(len(traffic.live)) < HELD_OUT
    p = np.where(held, 0.0, _chances(traffic, n=traffic.labels or labels, open_share=1 - held.mean()))
    rows = np.flatnonzero(rng.random(len(p)) < p)
    drawn = _labels(traffic, rows, p[rows])
    began = time.perf_counter()
    fitted = cross_fit(drawn, library=SKLEARN, seed=int(rng.integers(2**31)), tell=lambda *_: None)
    curve = studying.curve_of(fitted, seed=1)
    advice = studying.advice_of(curve, drawn, money=None)
    seconds = time.perf_counter() - began
    again = train(
        SKLEARN,
        traffic.task,
        traffic.features[rows],
        traffic.truth[rows],
        1 / p[rows],
        classes=traffic.classes,
        is_category=np.zeros(traffic.features.shape[1], dtype=np.bool_),
        seed=0,
    )
    found, truth = again(traffic.features[held]), traffic.truth[held]
    answers = found.argmax(axis=1) if traffic.classes else found[:, 0]
    real = _loss(traffic, traffic.live[held], truth) - _loss(traffic, answers, truth)
    gain = advice["gain"]
    return Found(advice["verdict"], gain["value"] or 0.0, gain["low"] or 0.0, gain["high"] or 0.0, real, seconds)


def _loss(traffic: Traffic, answers: NDArray[np.generic], truth: FloatArray) -> float:
    """Return the share of wrong answers, or the mean error."""
    return float((answers != truth).mean() if traffic.classes else np.abs(answers.astype(np.float64) - truth).mean())


def _chances(traffic: Traffic, *, n: int, open_share: float) -> FloatArray:
    size = len(traffic.live) * open_share
    return np.minimum(1.0, 0.5 * n / size + 0.5 * n * traffic.unsure / (traffic.unsure.mean() * size))


def _labels(traffic: Traffic, rows: NDArray[np.int64], p: FloatArray) -> "Labels":
    from apps.retraining.engine.encoding import Columns
    from apps.retraining.engine.labels import Labels

    truth, width = traffic.truth[rows], traffic.features.shape[1]
    names = [f"x{place}" for place in range(width)]
    return Labels(
        task=traffic.task,
        classes=traffic.classes,
        columns=Columns(names, traffic.features[rows], np.zeros(width, dtype=np.bool_)),
        live=traffic.live[rows],
        score=np.full(len(rows), np.nan) if traffic.score is None else traffic.score[rows],
        first=truth,
        known=truth,
        is_settled=np.zeros(len(rows), dtype=np.bool_),
        q=np.full(len(rows), np.nan),
        weight=1 / p,
        subject=traffic.subject[rows],
        amount=np.ones(len(rows)),
    )


_CENSUS: list[Traffic] = []


def census(_: np.random.Generator) -> Traffic:
    """The demo's model on the people of 2016 to 2018."""
    if not _CENSUS:
        from apps.demo.services.dataset import load_production, load_reference
        from apps.demo.services.scoring import train as train_demo

        people = load_production()
        scores = train_demo(load_reference()).scores(people.features)
        truth = people.employed.astype(np.float64)
        _CENSUS.append(Traffic.binary(people.features.astype(np.float64), scores, truth))
    return _CENSUS[0]


def _people(rng: np.random.Generator, width: int = 6) -> FloatArray:
    """Features of people in threes, who are alike."""
    shared = np.repeat(rng.normal(0, 0.7, (SIZE // HOUSEHOLD + 1, width)), HOUSEHOLD, axis=0)[:SIZE]
    return np.asarray(shared + rng.normal(0, 0.7, (SIZE, width)))


def _happens(chance: FloatArray, rng: np.random.Generator) -> FloatArray:
    return (rng.random(len(chance)) < chance).astype(np.float64)


def nothing_to_gain(rng: np.random.Generator) -> Traffic:
    x = _people(rng)
    chance = expit(1.5 * x[:, 0] + x[:, 1] - x[:, 2])
    return Traffic.binary(x, chance, _happens(chance, rng))


def drift(rng: np.random.Generator) -> Traffic:
    x = _people(rng)
    before = softmax(np.column_stack([1.5 * x[:, 0], x[:, 1] - x[:, 2], x[:, 4]]), axis=1)
    now = softmax(np.column_stack([1.5 * x[:, 0], x[:, 3] - x[:, 1], x[:, 4]]), axis=1)
    truth = (rng.random((SIZE, 1)) > now.cumsum(axis=1)[:, :2]).sum(axis=1)
    return Traffic(x, before.argmax(axis=1).astype(np.float64), truth.astype(np.float64), before.max(axis=1), classes=3)


def new_feature(rng: np.random.Generator) -> Traffic:
    x = _people(rng)
    known = 1.2 * x[:, 0] + np.abs(x[:, 1])
    return Traffic(x, known, known + 0.8 * x[:, 5] + rng.normal(0, 1, SIZE), None, classes=0)


def known_number(rng: np.random.Generator) -> Traffic:
    x = _people(rng)
    mean = 1.2 * x[:, 0] + np.abs(x[:, 1]) - x[:, 2] * x[:, 3]
    return Traffic(x, mean, mean + rng.standard_t(4, SIZE), None, classes=0, labels=FEW)


def few_and_noisy(rng: np.random.Generator) -> Traffic:
    x = _people(rng)
    chance = 0.125 + 0.75 * expit(2 * x[:, 0] + x[:, 1])
    score = 0.125 + 0.75 * expit(2 * x[:, 0] + 0.4 * x[:, 1] + rng.normal(0, 0.5, SIZE))
    return Traffic.binary(x, score, _happens(chance, rng), labels=FEW)


MODELS: dict[str, Callable[[np.random.Generator], Traffic]] = {
    "census": census,
    "nothing to gain": nothing_to_gain,
    "drift": drift,
    "new feature": new_feature,
    "known number": known_number,
    "few and noisy": few_and_noisy,
}


def _row(name: str, found: Sequence[Found]) -> dict[str, object]:
    decided = [one for one in found if one.is_decided]
    verdicts = {verdict: sum(one.verdict == verdict for one in found) for verdict in sorted({o.verdict for o in found})}
    return {
        "model": name,
        "studies": len(found),
        "advised": 100 * float(np.mean([one.value for one in found])),
        "real": 100 * float(np.mean([one.real for one in found])),
        "±": 50 * float(np.mean([one.high - one.low for one in found])),
        "decided": len(decided),
        "right": sum(one.is_right for one in decided),
        "covered": sum(one.is_covered for one in found),
        "verdicts": ", ".join(f"{verdict} {n}" for verdict, n in verdicts.items()),
    }


def _set_up() -> None:
    """Load Django for the engine's names; it reads no database."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    for name, value in (
        ("COUNTERSIGN_SECRET_KEY", "for-the-benchmark-only"),
        ("DATABASE_URL", "postgresql://nobody@/none?host=/nonexistent"),
        ("REDIS_URL", "redis+socket:///nonexistent"),
    ):
        os.environ.setdefault(name, value)
    django.setup()


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run.sh bench advice")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--labels", type=int, default=LABELS)
    parser.add_argument("--only", choices=MODELS, action="append")
    return parser.parse_args(arguments)
