"""Measure the coverage of report intervals when reviewers err, disagree, skip, ask, dispute and get probes.

For each seed, a simulated team works a queue through the services: four reviewers with known error rates, which are
higher where the model is wrong, and two adjudicators who never err. The queue has overlap 2, an extra reviewer,
adjudication with probability q, known answers and repeats. `covered` is the share of seeds in which the performance
report's interval contains the true value. The baseline is Wilson's interval from the raw labels of the same run.
Arguments: `--seeds 100`, `--processes 2`.
"""

import argparse
import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from apps.stats.intervals import wilson_interval
from config.local.servers import embedded, running
from config.local.state import State
from tests.benchmarks.harness import print_table

if TYPE_CHECKING:
    from tests.benchmarks.simulated_team import Outcome

METRICS = ("accuracy", "precision", "recall")


def run(arguments: list[str]) -> dict[str, float | int | str]:
    parser = argparse.ArgumentParser(prog="./run.sh bench team")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    with _servers():
        _migrate()
        with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
            outcomes = list(pool.imap_unordered(_one, range(options.seeds)))
    covered = {metric: np.mean([_holds(o.report[metric], o.truth[metric]) for o in outcomes]) for metric in METRICS}
    widths = {metric: np.mean([_width(o.report[metric]) for o in outcomes]) for metric in METRICS}
    naive = [wilson_interval(*o.counted) for o in outcomes]
    counted = np.mean([_holds(each, o.truth["accuracy"]) for each, o in zip(naive, outcomes, strict=True)])
    rows = [{"what": f"report: {m}", "covered": float(covered[m]), "width": float(widths[m])} for m in METRICS]
    width = float(np.mean([_width(each) for each in naive]))
    rows.append({"what": "raw labels: accuracy (baseline)", "covered": float(counted), "width": width})
    print_table(rows)
    right, golds = (sum(o.right_on_gold[index] for o in outcomes) for index in (0, 1))
    same, repeats = (sum(o.same_again[index] for o in outcomes) for index in (0, 1))
    return {
        "seeds": options.seeds,
        **{f"covered_{metric}": round(float(covered[metric]), 3) for metric in METRICS},
        "covered_counted": round(float(counted), 3),
        "answers": round(float(np.mean([o.answers for o in outcomes])), 1),
        "adjudicated": round(float(np.mean([o.adjudicated for o in outcomes])), 1),
        "probes": round(float(np.mean([o.probes for o in outcomes])), 1),
        "right_on_gold": round(right / golds, 3) if golds else "none",
        "same_again": round(same / repeats, 3) if repeats else "none",
    }


def _holds(interval: tuple[float, float] | None, true: float) -> bool:
    """Say whether the interval contains the true value; a missing interval does not count as coverage."""
    return interval is not None and interval[0] <= true <= interval[1]


def _width(interval: tuple[float, float] | None) -> float:
    return 1.0 if interval is None else interval[1] - interval[0]


@contextmanager
def _servers() -> Iterator[None]:
    """Start a database and a broker, and set the environment in which the worker processes start."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    state = State(Path(tempfile.mkdtemp(prefix="countersign-team-")))
    state.make()
    try:
        programs, environment = embedded(state, is_durable=False)
        os.environ.update(environment)
        with running(programs, logs=state.logs):
            yield
    finally:
        state.remove()


def _migrate() -> None:
    import django
    from django.core.management import call_command

    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    call_command("migrate", verbosity=0)


def _one(seed: int) -> "Outcome":
    import django
    from django.conf import settings

    if not settings.configured:
        django.setup()
    # password hashing is slow and not what is measured
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    from tests.benchmarks.simulated_team import Team

    return Team(seed).run()
