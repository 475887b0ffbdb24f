"""Damaged model files of all four formats, loaded by the real sealed children and compared with stored scores.

Each case is a model file with seeded mutations (`tests.explanations.engine.mutations`): bytes flipped or cut off,
indices out of range, cycles, huge counts, depth. A child loads it, scores the 400 stored rows as a parity check does,
and explains a few. A child loads one file after the other, which is harder on it than a new one each time; a new one
takes its place when it dies.

Goals: this process, the worker's side, never dies and never waits longer than 5 s, and no file whose scores differ is
accepted. Arguments: `--cases 5000`, `--seed 1`, `--formats xgboost lightgbm onnx skops`.
"""

import argparse
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from apps.explanations.engine.parity import Case, compare
from apps.explanations.engine.running import Child, ChildDied, Children, ModelRefused
from tests.benchmarks.harness import print_table
from tests.explanations.engine import mutations, trained
from tests.explanations.engine.trained import Trained

CASES = 5_000
HANG_SECONDS = 5.0
# A second less than in production, so that ending a child does not look like a hang.
REQUEST_SECONDS = 4.0
EXPLAINED = 3
MODELS = {
    "xgboost": ("binary", "multiclass", "categorical", "dart", "vector leaf", "gblinear"),
    "lightgbm": ("binary", "multiclass", "categorical", "linear"),
    "onnx": ("binary", "regression", "columns"),
    "skops": ("RF", "HGB", "HGB categorical", "GB", "pipeline"),
}


@dataclass
class Record:
    """What became of the files of a format."""

    endings: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    hangs: int = 0
    worker_deaths: int = 0
    slowest: float = 0.0


def run(arguments: list[str]) -> dict[str, float | int | str]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--formats", nargs="+", default=list(MODELS))
    asked = parser.parse_args(arguments)
    started = time.perf_counter()
    records = {library: _of_format(library, asked.cases // len(asked.formats), asked.seed) for library in asked.formats}
    seconds = time.perf_counter() - started
    print_table([_line(library, record) for library, record in records.items()])
    endings = sum((record.endings for record in records.values()), Counter[str]())
    codes = sum((record.codes for record in records.values()), Counter[str]())
    print(f"\n{endings.total():,} files in {seconds:,.0f} s; refused as {dict(codes.most_common())}")
    return {
        "cases": endings.total(),
        "deaths": sum(record.worker_deaths for record in records.values()),
        "child_deaths": endings["child died"],
        "hangs": sum(record.hangs for record in records.values()),
        "refused": endings["refused"],
        "differs": endings["differs"],
        "same": endings["same"],
        "accepted": endings["wrongly accepted"],
        "slowest_s": round(max(record.slowest for record in records.values()), 2),
        "seconds": round(seconds),
    }


def _of_format(library: str, cases: int, seed: int) -> Record:
    record, rng = Record(), Random(f"{library} {seed}")
    children = Children(most=1, request_seconds=REQUEST_SECONDS)
    models = [_stored(getattr(trained, library)(kind), children) for kind in MODELS[library]]
    for number in range(cases):
        model, stored = models[number % len(models)]
        content = mutations.mutate(library, model.content, rng)
        try:
            child = children.get(library, library, model.spec, lambda content=model.content: [content])  # type: ignore[misc]  # mypy cannot infer a default
            started = time.monotonic()
            ending = _ending(child, model, content, stored, record)
        except Exception as error:  # noqa: BLE001  # anything else would have ended a worker's task
            record.worker_deaths += 1
            ending = f"{type(error).__name__}: {error}"[:80]
            print(library, number, ending)
        took = time.monotonic() - started
        record.slowest = max(record.slowest, took)
        record.hangs += took > HANG_SECONDS
        record.endings[ending] += 1
    children.close()
    return record


def _stored(model: Trained, children: Children) -> tuple[Trained, list[Case]]:
    """Return the model with what it says of its rows: the predictions as they would be stored."""
    child = children.get(model.library, model.library, model.spec, lambda: [model.content])
    child.load(model.spec, lambda: [model.content])
    scored = zip(model.rows, child.score(model.rows), strict=True)
    return model, [
        Case(str(number), row, each.score, each.predicted or "") for number, (row, each) in enumerate(scored)
    ]


def _ending(child: Child, model: Trained, content: bytes, stored: list[Case], record: Record) -> str:
    """Load a file, compare it as a parity check does, and say what became of it."""
    try:
        child.load(model.spec, lambda: [content])
        compared = compare(child, stored, spec=model.spec)
        computed = child.score([dict(case.row) for case in stored])
        child.explain([dict(case.row) for case in stored[:EXPLAINED]])
    except ModelRefused as refusal:
        record.codes[refusal.code] += 1
        return "refused"
    except ChildDied:
        return "child died"
    # Not as the check counts: every single score against what is stored.
    is_same = all(
        each.score is not None and case.score is not None and abs(each.score - case.score) <= model.spec.allowed
        for each, case in zip(computed, stored, strict=True)
    )
    if compared.is_same:
        return "same" if is_same else "wrongly accepted"
    return "differs"


def _line(library: str, record: Record) -> dict[str, object]:
    names = ("refused", "differs", "same", "wrongly accepted", "child died")
    return {"library": library, **{name: record.endings[name] for name in names}, "slowest s": record.slowest}
