"""The evidence of a report: an independent program rebuilds its figures from it, to eight digits.

What is expected comes from `clients/verify/verify.py`, which shares no code with the product.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.common.errors import ConflictError
from apps.registry.models import ValueModel
from apps.reports import services as reports
from apps.reports.models import EvidenceFile, EvidencePiece, Report
from apps.reports.services.evidence_file import write_evidence
from apps.review.models import ReviewItem
from apps.truth.services import resolving as truth
from tests.reports import task_worlds, worlds
from tests.reports.engine.test_selective import lending
from tests.reports.evidence import verify, written

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

KINDS = ("performance", "baseline", "value")
FEATURES: dict[str, Any] = {
    "features": [
        {"name": "age", "type": "number", "label": "Age"},
        {"name": "sex", "type": "category", "label": "Sex", "codes": {"1": "men", "2": "women"}},
    ],
    "slices": [{"name": "age", "feature": "age", "edges": [25, 60]}, {"name": "sex", "feature": "sex", "edges": []}],
}
WORTH = {"yes": {"yes": "5", "no": "-20"}, "no": {"yes": "-1", "no": "0"}}


def binary(closed: int, kind: str, *, size: int = 1_000) -> Report:
    """Two classes: some reviewers err, some are corrected, some cases wait, some have no baseline."""
    world = worlds.make_world(size, days=8, without_baseline=9, **FEATURES)
    worlds.label_draws(world, answered=0.85, wrong=0.1)
    adjudicate(world)
    if closed:
        worlds.send_outcomes(world, [n for n in range(size) if n % 8 < closed])
        worlds.close_days(world, closed)
    if kind == "value":
        price(world)
    return worlds.report_of(world, kind)


def adjudicate(world: worlds.World) -> None:
    """Choose half of the labels for a second opinion, and settle most of them with the truth."""
    for item in ReviewItem.objects.filter(label__isnull=False).select_related("prediction").order_by("pk"):
        if item.pk % 2:
            item.adjudication_probability, item.is_adjudication_chosen = 0.5, True
            if item.pk % 10 != 1:
                item.adjudicated = float(world.y[int(item.prediction.external_id.removeprefix("case-"))])
        else:
            item.adjudication_probability = 0.5
        item.needs_resolution = True
        item.save()
    truth.resolve_due()


def price(world: worlds.World, **changes: Any) -> ValueModel:
    fields = {"version": 1, "currency": "USD", "review_cost": Decimal(2), "matrix": WORTH, **changes}
    return ValueModel.objects.create(model=world.model, **fields)


def of_task(make: Callable[..., task_worlds.TaskWorld]) -> Callable[[int, str], Report]:
    def report(closed: int, kind: str) -> Report:
        world = make(800, days=8, **FEATURES)
        task_worlds.label(world)
        if closed:
            task_worlds.close(world, closed)
        if kind == "value":
            task_worlds.price(world, is_per_amount=bool(closed))
        return task_worlds.report_on(world, kind)

    return report


TASKS: dict[str, Callable[[int, str], Report]] = {
    "binary": binary,
    "several": of_task(task_worlds.make_several),
    "numbers": of_task(task_worlds.make_numbers),
}


def changed(path: Path, name: str, change: Callable[[str], str]) -> Path:
    """Write the file again with one of its parts changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each).decode() for each in archive.namelist()}
    parts[name] = change(parts[name])
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in parts.items():
            archive.writestr(each, text)
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("closed", [0, 4, 8])
@pytest.mark.parametrize("task", TASKS)
def test_every_figure_is_rebuilt_to_eight_digits(
    task: str, closed: int, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = TASKS[task](closed, kind)
    status = verify(written(report, tmp_path))
    said = capsys.readouterr().out
    assert status == 0, said
    assert "sections.all: " in said
    assert "unknown" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_without_scores_is_rebuilt(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    push = worlds.push_predictions

    def without_scores(model: Any, rows: list[dict[str, Any]]) -> Any:
        return push(model, [{name: each for name, each in row.items() if name != "score"} for row in rows])

    monkeypatch.setattr(worlds, "push_predictions", without_scores)
    monkeypatch.setattr(worlds, "uncertainty", uniform)
    assert verify(written(binary(4, kind, size=600), tmp_path)) == 0, capsys.readouterr().out


@pytest.mark.parametrize(("is_reviewed", "explore"), [(True, None), (False, 0.1), (False, None)])
def test_outcomes_that_a_decision_removes_are_rebuilt(
    is_reviewed: bool, explore: float | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reviews stand for them, or what chance let through, or nothing does and there is no figure."""
    world, _ = lending(explore=explore, **FEATURES)
    if is_reviewed:
        worlds.label_draws(world)
    assert verify(written(worlds.report_of(world), tmp_path)) == 0, capsys.readouterr().out


def uniform(rate: float) -> dict[str, Any]:
    return {"name": "some", "kind": "uniform", "rate": rate, "queue": "main", "rank": 1, "condition": None}


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    return written(binary(4, "performance", size=400), tmp_path)


def test_a_flipped_label_is_found(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def flip(text: str) -> str:
        rows = list(csv.DictReader(io.StringIO(text)))
        row = next(row for row in rows if row["kind"] == "1" and row["settled"] == "0.0")
        row["label"] = row["truth"] = "0.0" if row["label"] == "1.0" else "1.0"
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()

    assert verify(changed(evidence, "labels.csv", flip)) == 1
    assert "differs: sections.all.accuracy" in capsys.readouterr().out


def test_a_changed_figure_is_found(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def raise_it(text: str) -> str:
        document = json.loads(text)
        document["slices"][1]["figures"]["precision"]["high"] += 1e-6
        return json.dumps(document)

    assert verify(changed(evidence, "report.json", raise_it)) == 1
    said = capsys.readouterr().out
    assert said.count("differs: ") == 1
    assert "differs: slices.1.figures.precision" in said


def test_a_figure_that_the_program_does_not_know_is_named(evidence: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def add(text: str) -> str:
        document = json.loads(text)
        document["sections"]["all"]["luck"] = document["sections"]["all"]["accuracy"]
        return json.dumps(document)

    assert verify(changed(evidence, "report.json", add)) == 1
    assert "not rebuilt: sections.all.luck" in capsys.readouterr().out


def test_no_case_and_no_feature_is_named_in_it(evidence: Path) -> None:
    with zipfile.ZipFile(evidence) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
        labels = archive.read("labels.csv").decode().splitlines()[0].split(",")
    assert b"case-" not in text
    assert {"id", "pk", "age", "sex", "subject"}.isdisjoint(labels)


def test_only_answered_cases_are_in_it(evidence: Path) -> None:
    """What waits for review is counted in cells alone, so that nobody reads its prediction here."""
    with zipfile.ZipFile(evidence) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("labels.csv").decode())))
    assert rows
    assert all(row["label"] != "nan" for row in rows)


def test_a_report_on_other_settings_has_no_evidence_any_more(tmp_path: Path) -> None:
    report = binary(4, "baseline", size=200)
    report.model.maturity_days += 1
    report.model.save()
    reports.ask_for_evidence(report)
    reports.run_due()
    with pytest.raises(ConflictError, match="Make it again"):
        reports.ask_for_evidence(report)


def test_later_prices_change_nothing(tmp_path: Path) -> None:
    report = binary(4, "value", size=200)
    ValueModel.objects.create(
        model=report.model,
        version=2,
        currency="USD",
        review_cost=Decimal(3),
        matrix=WORTH | {"no": {"yes": "-9", "no": "0"}},
    )
    with (tmp_path / "evidence.zip").open("wb") as file:
        write_evidence(report, file)
    assert verify(tmp_path / "evidence.zip") == 0


def test_files_are_forgotten_after_a_day(evidence: Path) -> None:
    reports.forget_evidence()
    assert EvidencePiece.objects.exists()
    EvidenceFile.objects.update(finished_at=timezone.now() - timedelta(days=1, minutes=1))
    reports.forget_evidence()
    assert not EvidenceFile.objects.exists()
    assert not EvidencePiece.objects.exists()
