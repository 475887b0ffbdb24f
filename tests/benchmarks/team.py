"""Does the report's interval hold when people err, disagree, skip, ask, dispute, and are probed?

A simulated team (four reviewers with known error rates, worse where the model is wrong, and two adjudicators who do
not err) works a queue with overlap 2, an extra reviewer, second opinions with probability q, known answers and
repeats, through the services, seed after seed. `covered`: the share of seeds in which the interval of the performance
report holds the true figure. The baseline of the same run is Wilson's interval from counting the labels as they are.
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
    asked = parser.parse_args(arguments)
    with _servers():
        _migrate()
        with multiprocessing.get_context("spawn").Pool(asked.processes) as pool:
            outcomes = list(pool.imap_unordered(_one, range(asked.seeds)))
    covered = {metric: np.mean([_holds(o.report[metric], o.truth[metric]) for o in outcomes]) for metric in METRICS}
    widths = {metric: np.mean([_width(o.report[metric]) for o in outcomes]) for metric in METRICS}
    naive = [wilson_interval(*o.counted) for o in outcomes]
    counted = np.mean([_holds(each, o.truth["accuracy"]) for each, o in zip(naive, outcomes, strict=True)])
    rows = [{"what": f"report: {m}", "covered": float(covered[m]), "width": float(widths[m])} for m in METRICS]
    width = float(np.mean([_width(each) for each in naive]))
    rows.append({"what": "labels counted as they are: accuracy (baseline)", "covered": float(counted), "width": width})
    print_table(rows)
    right, shown = (sum(o.right_on_gold[at] for o in outcomes) for at in (0, 1))
    same, again = (sum(o.same_again[at] for o in outcomes) for at in (0, 1))
    return {
        "seeds": asked.seeds,
        **{f"covered_{metric}": round(float(covered[metric]), 3) for metric in METRICS},
        "covered_counted": round(float(counted), 3),
        "answers": round(float(np.mean([o.answers for o in outcomes])), 1),
        "adjudicated": round(float(np.mean([o.adjudicated for o in outcomes])), 1),
        "probes": round(float(np.mean([o.probes for o in outcomes])), 1),
        "right_on_gold": round(right / shown, 3) if shown else "none",
        "same_again": round(same / again, 3) if again else "none",
    }


def _holds(interval: tuple[float, float] | None, true: float) -> bool:
    """No number says nothing, and so is not wrong; it is no coverage either."""
    return interval is not None and interval[0] <= true <= interval[1]


def _width(interval: tuple[float, float] | None) -> float:
    return 1.0 if interval is None else interval[1] - interval[0]


@contextmanager
def _servers() -> Iterator[None]:
    """A database and a broker of our own, in whose environment the worker processes start."""
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
    # The slow hash of passwords is not measured.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    from tests.benchmarks.simulated_team import Team

    return Team(seed).run()
