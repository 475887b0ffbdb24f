"""Reveals: what the model's answer, once shown, did to blind first answers, held against the truth."""

from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.utils import timezone

from apps.accounts.models import Role
from apps.reports.models import Report
from apps.reports.pages.pdf import render_pdf
from apps.reports.pages.sheets import sheet_of
from apps.reports.services.reveal_frames import reveals_frame
from apps.reports.services.small_cases import NOTHING
from apps.reports.services.visible import visible
from apps.review.models import Decision, ReviewItem, Slot
from apps.sampling.models import Draw
from apps.truth.services import resolving
from tests.factories import make_member
from tests.reports.pages.test_computed_pages import page_of
from tests.reports.worlds import FIRST, World, label_draws, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db


def revealed(size: int = 400, *, wrong: int = 5, swayed: int = 2, outcomes: bool = True, **changes: Any) -> World:
    """A world whose drawn cases are answered: every fifth is wrong at first, and every second differing one is swayed.

    Contributions are shown with every third case.
    """
    world = make_world(size, days=4, **changes)
    label_draws(world)
    reviewer = make_member(world.model.project).user
    for place, item in enumerate(items_of(world)):
        truth, predicted = float(world.y[number_of(item)]), item.prediction.predicted
        first = 1 - truth if place % wrong == 0 else truth
        final = predicted if first != predicted and place % swayed == 0 else first
        answer(item, reviewer, first, final, shown="sent" if place % 3 == 0 else "none")
    if outcomes:
        send_outcomes(world, range(size))
    return world


def items_of(world: World) -> list[ReviewItem]:
    items = ReviewItem.objects.filter(draw__model=world.model).select_related("prediction", "draw", "queue")
    return list(items.order_by("pk"))


def number_of(item: ReviewItem) -> int:
    return int(item.prediction.external_id.removeprefix("case-"))


def answer(item: ReviewItem, user: Any, first: float, final: float | None, *, shown: str = "none") -> Slot:
    slot = Slot.objects.create(
        item=item,
        queue=item.queue,
        position=0,
        reviewer=user,
        order_key=0.5,
        outcome=Slot.Outcome.ANSWERED,
        closed_at=timezone.now(),
    )
    given = [(True, first, shown)] if final is None else [(True, first, shown), (False, final, "")]
    for is_judgement, value, noted in given:
        Decision.objects.create(
            slot=slot,
            item=item,
            reviewer=user,
            is_judgement=is_judgement,
            was_blind=True,
            shown=noted,
            verdict="" if is_judgement else "correct",
            value=value,
            lease_token=uuid4(),
        )
    return slot


def section_of(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = report.document["reveals"]
    return found


def by_hand(world: World) -> dict[str, Any]:
    """Count and weigh the changes from the stored answers themselves, case by case."""
    rows = []
    for item in items_of(world):
        first, final = item.decisions.order_by("id").values_list("value", flat=True)
        truth = float(world.y[number_of(item)])
        rows.append((1 / item.draw.counted_probability, first, final, truth, item.prediction.predicted))
    weight, first, final, truth, predicted = np.array(rows).T
    toward, away = (first != truth) & (final == truth), (first == truth) & (final != truth)
    over = (predicted != truth) & (first == truth)
    return {
        "counts": (len(rows), int((first != final).sum()), int(toward.sum()), int(away.sum())),
        "net": float(weight @ (toward.astype(float) - away) / weight.sum()),
        "followed": float(weight[over] @ (final == predicted)[over] / weight[over].sum()),
    }


@pytest.mark.slow
def test_changes_are_counted_and_weighted_by_the_chance_to_be_drawn() -> None:
    world = revealed()
    found, expected = section_of(report_of(world)), by_hand(world)
    whole, *groups = found["groups"]
    assert (whole["answers"], whole["n_changed"], whole["n_toward"], whole["n_away"]) == expected["counts"]
    net, followed = whole["figures"]["net"], whole["figures"]["followed"]
    assert net["value"] == pytest.approx(expected["net"])
    assert net["low"] < net["value"] < net["high"]
    assert followed["value"] == pytest.approx(expected["followed"])
    # The draw is not uniform, so the weights matter.
    assert len(set(Draw.objects.values_list("counted_probability", flat=True))) > 10
    assert [group["shown"] for group in groups] == ["none", "sent"]
    assert sum(group["answers"] for group in groups) == whole["answers"]


@pytest.mark.slow
def test_an_adjudication_stands_in_for_the_outcome_and_weighs_by_its_own_chance() -> None:
    world = revealed(outcomes=False)
    items = items_of(world)
    for place, item in enumerate(items):
        # Chosen with probability one half, and so every other one, or with certainty.
        item.adjudication_probability = 0.5 if place < 40 else 1.0
        item.is_adjudication_chosen = chosen = place >= 40 or place % 2 == 0
        item.adjudicated = float(world.y[number_of(item)]) if chosen else None
        item.needs_resolution = True
    fields = ["adjudication_probability", "is_adjudication_chosen", "adjudicated", "needs_resolution"]
    ReviewItem.objects.bulk_update(items, fields)
    resolving.resolve_due()
    whole = section_of(report_of(world))["groups"][0]
    settled = [*items[:40:2], *items[40:]]
    assert whole["answers"] == len(settled)
    assert whole["figures"]["changed"]["outcomes"] == 0
    weight = np.array([1 / item.draw.counted_probability / item.adjudication_probability for item in settled])
    pairs = [item.decisions.order_by("id").values_list("value", flat=True) for item in settled]
    changed = np.array([first != final for first, final in pairs])
    assert whole["figures"]["changed"]["value"] == pytest.approx(weight @ changed / weight.sum())


@pytest.mark.slow
def test_consensus_made_of_the_same_answers_is_no_truth() -> None:
    found = section_of(report_of(revealed(outcomes=False)))
    assert found["revealed"] > 0
    assert found["groups"][0]["answers"] == 0
    assert found["groups"][0]["figures"]["changed"]["code"] == "no_labels"


@pytest.mark.slow
def test_where_only_one_kind_of_outcome_ever_comes_open_days_wait() -> None:
    """Without an outcome a case is "no": of open days, only "yes" is known so far."""
    world = revealed(outcomes=False, outcome_if_absent="no", maturity_days=3_000)
    send_outcomes(world, np.flatnonzero(world.y))
    assert section_of(report_of(world))["groups"][0]["answers"] == 0
    world.model.maturity_days = 60
    world.model.save()
    whole = section_of(report_of(world))["groups"][0]
    assert whole["answers"] == len(items_of(world))


@pytest.mark.slow
def test_few_changes_have_a_code_and_the_page_says_how_many_it_takes() -> None:
    world = revealed(wrong=10_000, swayed=10_000)
    report = report_of(world)
    whole = section_of(report)["groups"][0]
    assert whole["figures"]["net"]["code"] == "too_few_changes"
    assert whole["figures"]["changed"]["value"] is not None
    assert "and it takes about 6." in page_of(report)


@pytest.mark.slow
def test_page_and_print_say_whether_it_helps() -> None:
    report = report_of(revealed(800))
    page = page_of(report)
    assert "Does the reveal help?" in page
    assert "the reveal changed" in page
    assert "Contributions as sent" in page
    assert render_pdf(report, sheet_of(report)).startswith(b"%PDF-")


@pytest.mark.slow
def test_without_a_reveal_there_is_no_section() -> None:
    world = make_world(200, days=4)
    label_draws(world)
    report = report_of(world)
    assert "reveals" not in report.document
    assert "Does the reveal help?" not in page_of(report)


@pytest.mark.slow
def test_a_final_answer_that_comes_later_makes_another_report() -> None:
    world = make_world(200, days=4)
    label_draws(world)
    send_outcomes(world, range(200))
    first = report_of(world)
    answer(items_of(world)[0], make_member(world.model.project).user, 1.0, 0.0)
    assert report_of(world).pk != first.pk


def test_answers_count_from_the_moment_the_final_one_is_given() -> None:
    world = make_world(200, days=4)
    label_draws(world)
    item, other = items_of(world)[:2]
    reviewer = make_member(world.model.project).user
    answer(other, reviewer, 1.0, None)
    before = timezone.now()
    answer(item, reviewer, 1.0, 0.0)

    def read(as_of: Any) -> list[int]:
        frame = reveals_frame(world.model, start=FIRST, end=world.end, as_of=as_of)
        return [int(key) for key in frame["prediction_id"]]

    assert read(before) == []
    assert read(timezone.now()) == [item.prediction_id]


def looked(world: World, every: int) -> None:
    """Let similar cases be opened with every so many answers, before the final one."""
    slots = list(Slot.objects.filter(item__in=items_of(world)).order_by("pk"))
    for slot in slots[::every]:
        slot.similar_at = slot.opened_at
    Slot.objects.bulk_update(slots, ["similar_at"])


@pytest.mark.slow
def test_similar_cases_opened_or_not_have_groups_of_their_own() -> None:
    world = revealed(800)
    looked(world, 4)
    report = report_of(world)
    whole, *groups = section_of(report)["groups"]
    similar = [group for group in groups if group["kind"] == "similar"]
    n = whole["answers"]
    assert [(group["shown"], group["answers"]) for group in similar] == [
        ("not_opened", n - -(-n // 4)),
        ("opened", -(-n // 4)),
    ]
    assert sum(group["n_changed"] for group in similar) == whole["n_changed"]
    assert "Similar cases opened" in page_of(report)
    assert render_pdf(report, sheet_of(report)).startswith(b"%PDF-")


@pytest.mark.slow
def test_readers_see_no_similar_group_that_gives_single_cases_away() -> None:
    """Each kind of group is a partition: what is hidden in one does not hide anything in the other."""
    world = revealed(800)
    looked(world, 4)
    report = report_of(world)
    whole, *groups = section_of(report)["groups"]
    shown, similar = (tuple(each for each in groups if each["kind"] == kind) for kind in ("shown", "similar"))

    def seen(pieces: tuple[dict[str, Any], ...]) -> list[str]:
        report.document["reveals"]["groups"] = [whole, *shown, *pieces]
        return [group["shown"] for group in section_of(visible(report, role=Role.STAKEHOLDER))["groups"]]

    noted = [group["shown"] for group in shown]
    assert seen(similar) == ["", *noted, "not_opened", "opened"]
    # Three opened: the whole less the others would tell of them.
    n = whole["answers"]
    most, few = similar[0] | {"cases": n - 3, "answers": n - 3}, similar[1] | {"cases": 3, "answers": 3}
    assert seen((most, few)) == ["", *noted]
    # Of three, nobody noted anything: they are in neither group.
    assert seen((similar[0] | {"answers": similar[0]["answers"] - 3}, similar[1])) == ["", *noted, "not_opened"]


@pytest.mark.slow
def test_readers_see_no_group_of_single_cases() -> None:
    world = revealed(800)
    report = report_of(world)
    whole, *groups = section_of(report)["groups"]
    small = groups[0] | {"shown": "tree", "cases": 3, "answers": 3}
    report.document["reveals"]["groups"] = [whole, *groups, small]
    report.document["reveals"]["groups"][1]["figures"]["followed"]["n"] = 4
    seen = section_of(visible(report, role=Role.STAKEHOLDER))["groups"]
    # The three would follow from the whole and the others, so the smallest of these goes with them.
    assert [group["shown"] for group in seen] == ["", "none"]
    assert seen[1]["figures"]["followed"] == NOTHING
    assert len(section_of(visible(report, role=Role.ENGINEER))["groups"]) == 4
