"""Every way around blindness that was ever found, walked as a person would walk it.

Each ends with what counts: whether the judgement was blind, the case's label, and who is served the case next.
"""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.common.errors import ConflictError
from apps.planning.models import Replay
from apps.planning.services.replay_totals import Totals
from apps.predictions.models import CaseView
from apps.predictions.services import sightings
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Decision, Dispute, ReviewItem, Slot
from apps.review.services import probing
from apps.sampling.services import policies
from apps.truth.services import quality, resolving
from tests.factories import make_key, make_member
from tests.review.factories import answer, claim, decide, expire, judge, make_items, make_queue, reviewers, with_rules
from tests.review.people import Desk, Person
from tests.review.planted import PLANTED

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue()
    make_items(queue, 1, **PLANTED)
    return queue


class Walker(Person):
    """Somebody who looks for a way around."""

    def case(self, item: ReviewItem) -> Any:
        return self.client.get(self._url("case", item.pk))

    def back(self, slot: Slot) -> Any:
        return self.client.post(self._url("slot_back", slot.pk), headers={"X-Fragment": "1"})

    def export_labels(self) -> Any:
        _, key = make_key(self.queue.model.project, ["labels:read"], acts_for=self.member.user)
        address = f"/api/v1/models/{self.queue.model.slug}/labels"
        return self.client.get(address, headers={"Authorization": f"Bearer {key}"}).json()["labels"]

    def _url(self, name: str, key: int) -> str:
        return reverse(name, args=[self.queue.model.project.slug, key])


def counted(item: ReviewItem) -> tuple[float | None, str]:
    item.refresh_from_db()
    return item.label, item.state


def test_a_skipped_case_is_not_looked_up_before_one_goes_back_to_it(queue: ReviewQueue) -> None:
    anna, (_,), item = Walker(queue), reviewers(queue, 1), ReviewItem.objects.get()
    slot = anna.slot
    decide(slot, anna.member, "skip")
    assert anna.case(item).status_code == 403
    assert anna.back(slot).status_code == 200
    judgement = judge(claim(queue, anna.member), anna.member, "no")
    decide(claim(queue, anna.member), anna.member)
    assert (judgement.was_blind, *counted(item)) == (True, 0.0, "closed")


@pytest.mark.slow
@pytest.mark.parametrize("verdict", ["skip", "recuse"])
def test_an_adjudicator_who_passed_a_case_on_and_looked_it_up_does_not_get_it_back(
    queue: ReviewQueue, verdict: str
) -> None:
    carla, (ben,) = Walker(queue, Role.ADJUDICATOR), reviewers(queue, 1)
    slot = carla.slot
    decide(slot, carla.member, verdict)
    assert carla.case(slot.item).status_code == 200
    assert carla.back(slot).status_code == 409
    assert services.claim_slots(queue, by=carla.member) == []
    assert (answer(queue, ben, "no").label, Decision.objects.get(is_judgement=True).was_blind) == (0.0, True)


@pytest.mark.parametrize("role", [Role.ADJUDICATOR, Role.ENGINEER])
@pytest.mark.parametrize("left", ["put off", "asked about", "lapsed", "kept", "in hand"])
def test_nobody_looks_up_a_case_that_they_have_yet_to_judge(queue: ReviewQueue, left: str, role: Role) -> None:
    carla, (dan,) = Walker(queue, role), reviewers(queue, 1, Role.ENGINEER)
    slot = Slot.objects.get() if left == "kept" else carla.slot
    match left:
        case "put off":
            decide(slot, carla.member, "cannot_tell")
        case "asked about":
            decide(slot, carla.member, "escalate", note="A pension?")
        case "lapsed":
            expire(slot)
        case "kept":
            services.reassign(slot, to=carla.member, by=dan.user)
    assert carla.case(slot.item).status_code == 409
    carla.back(slot)
    if left == "kept":
        slot = carla.slot
    slot.refresh_from_db()
    assert judge(slot, carla.member, "no").was_blind  # with the old token, where it has lapsed
    assert decide(slot, carla.member, "agree").was_blind
    assert counted(slot.item) == (0.0, "closed")


def test_an_engineer_does_not_keep_a_case_for_somebody_who_has_seen_it(queue: ReviewQueue) -> None:
    carla, (dan,) = Walker(queue, Role.ADJUDICATOR), reviewers(queue, 1, Role.ENGINEER)
    slot = Slot.objects.get()
    assert carla.case(slot.item).status_code == 200
    with pytest.raises(ConflictError, match="has seen"):
        services.reassign(slot, to=carla.member, by=dan.user)


def exported(queue: ReviewQueue) -> tuple[Walker, Slot]:
    """Return an engineer with a case in hand that they have exported."""
    engineer = Walker(queue, Role.ENGINEER)
    slot = engineer.slot
    export(engineer, slot.item)
    return engineer, slot


def export(engineer: Walker, item: ReviewItem) -> None:
    key = item.prediction_id
    sightings.note_export(engineer.member.user, item.model, filters={}, first=key, last=key)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["decided", "disputed", "lapsed", "given back", "released", "left"])
def test_a_case_seen_before_it_is_judged_counts_as_unanswered(queue: ReviewQueue, ending: str) -> None:
    (engineer, slot), ben = exported(queue), Person(queue)
    token = slot.lease_token
    if ending == "left":
        said = services.judge_and_leave(slot, by=engineer.member, lease_token=token, value="no", note="Said anyway")
    else:
        said = judge(slot, engineer.member, "no", note="Said anyway")
    slot.refresh_from_db()
    match ending:
        case "decided":
            assert not decide(slot, engineer.member, "agree").was_blind
        case "disputed":
            decide(slot, engineer.member, "dispute", note="Looks retired")
        case "lapsed":
            expire(slot)
            services.close_lapsed()
        case "given back":
            services.give_back(slot, by=engineer.member, lease_token=token)
        case "released":
            services.release(slot, by=engineer.member.user)
    slot.refresh_from_db()
    assert (said.was_blind, said.note, slot.outcome) == (False, "Said anyway", "seen")
    assert counted(slot.item) == (None, "open")
    assert not Dispute.objects.exists()
    answers = quality.first_answers(queue.model, period=quality.Period.of(queue.model))
    assert len(answers) == 0
    # Whoever has not seen it judges it afresh.
    assert (ben.slot.item, ben.slot.position) == (slot.item, slot.position)
    answer(queue, ben.member, "yes")
    assert counted(slot.item) == (1.0, "closed")
    assert Decision.objects.answers().count() == 2  # both of Ben


@pytest.mark.slow
def test_the_desk_tells_nothing_and_the_record_tells_adjudicators(queue: ReviewQueue) -> None:
    (engineer, slot), (carla,) = exported(queue), [Walker(queue, Role.ADJUDICATOR)]
    blind = Walker(make_queue())
    make_items(blind.queue, 1, **PLANTED)
    pages = [
        (person.say("class:0", slot=held).status_code, person.say("keep", slot=held).status_code)
        for person, held in ((engineer, slot), (blind, blind.slot))
    ]
    assert pages == [(200, 200)] * 2
    assert b"not counted" not in engineer.look().content
    assert b"not counted" in carla.case(slot.item).content


def test_adjudicators_read_which_answer_does_not_count(queue: ReviewQueue) -> None:
    (engineer, slot), (ben,), carla = exported(queue), reviewers(queue, 1), Desk(queue, Role.ADJUDICATOR)
    judge(slot, engineer.member, "no")
    slot.refresh_from_db()
    decide(slot, engineer.member)
    answer(queue, ben, "yes", verdict="dispute", note="Looks retired")
    answers = carla.claim()["answers"]
    assert [(each["is_judgement"], each["counts"]) for each in answers] == [
        (True, False),
        (False, False),
        (True, True),
        (False, True),
    ]


def test_nobody_left_to_judge_it_leads_to_an_adjudicator(queue: ReviewQueue) -> None:
    engineer, slot = exported(queue)
    judge(slot, engineer.member, "no")
    slot.refresh_from_db()
    decide(slot, engineer.member)
    slot.item.refresh_from_db()
    assert (slot.item.state, slot.item.adjudication_reason, slot.item.label) == ("adjudicating", "nobody_left", None)


def test_a_case_seen_while_it_waits_for_its_person_goes_to_somebody_else(queue: ReviewQueue) -> None:
    (engineer, slot), (ben,) = exported(queue), reviewers(queue, 1)
    decide(slot, engineer.member, "cannot_tell")
    assert engineer.back(slot).status_code == 409
    assert services.claim_slots(queue, by=engineer.member) == []
    slot.refresh_from_db()
    assert slot.outcome == "passed"
    assert claim(queue, ben).item == slot.item


def test_a_probe_seen_while_it_waits_ends(queue: ReviewQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, probe = repeat(queue, monkeypatch)
    export(anna, probe.item)
    services.claim_slots(queue, by=anna.member, limit=9)
    probe.refresh_from_db()
    assert (probe.outcome, counted(probe.item)) == ("passed", (None, "closed"))


def repeat(queue: ReviewQueue, monkeypatch: pytest.MonkeyPatch) -> tuple[Walker, Slot]:
    """Return somebody with a repeat of a case that they have answered, still to be judged."""
    monkeypatch.setattr(probing, "FORGOTTEN_AFTER", 0)
    anna = Walker(queue)
    answer(queue, anna.member, "no")
    queue = with_rules(queue, repeat_rate=0.5)
    while not (probe := Slot.objects.filter(item__purpose="repeat").first()):
        make_items(queue)
    return anna, probe


def test_the_original_stays_shut_while_its_repeat_waits(queue: ReviewQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, probe = repeat(queue, monkeypatch)
    original = probe.item.repeats
    assert anna.case(original.item).status_code == 409
    assert anna.back(original).status_code == 409
    first = original.decisions.get(is_judgement=True)
    with pytest.raises(ConflictError):  # sent again, it would show the reveal again
        services.judge(original, by=anna.member, lease_token=first.lease_token, value="no")
    held = next(slot for slot in services.claim_slots(queue, by=anna.member, limit=99) if slot.pk == probe.pk)
    # The desk showed it to her before: that is what a repeat measures.
    assert judge(held, anna.member, "yes").was_blind
    decide(held, anna.member)
    assert anna.case(original.item).status_code == 200


@pytest.mark.slow
def test_the_case_of_a_known_answer_stays_shut_while_it_waits(queue: ReviewQueue) -> None:
    (anna,), carla = reviewers(queue, 1), Walker(queue, Role.ADJUDICATOR)
    item = answer(queue, anna, "no")
    make_items(queue)
    answer(queue, carla.member)
    services.mark_gold(item, by=anna.user)
    queue = with_rules(queue, gold_rate=0.5)
    while not (probe := Slot.objects.filter(item__purpose="gold", reviewer=carla.member.user).first()):
        make_items(queue)
    assert carla.case(item).status_code == 409
    held = next(slot for slot in services.claim_slots(queue, by=carla.member, limit=99) if slot.pk == probe.pk)
    assert judge(held, carla.member, "no").was_blind


def test_a_new_round_is_not_served_blind_to_those_who_saw_the_reveal_before(queue: ReviewQueue) -> None:
    (anna, ben), (dan,) = reviewers(queue, 2), reviewers(queue, 1, Role.ENGINEER)
    item = answer(queue, anna, "no")
    services.reopen_item(item, by=dan.user, why="The guidelines have changed.")
    assert services.claim_slots(queue, by=anna) == []
    slot = Slot.objects.get(item=item, round=2)
    with pytest.raises(ConflictError, match="has seen"):
        services.reassign(slot, to=anna, by=dan.user)
    again = answer(queue, ben, "yes")
    assert (again.label, Decision.objects.filter(slot=slot, was_blind=False).count()) == (1.0, 0)


def test_the_second_reviewer_does_not_learn_that_the_first_differs() -> None:
    queue = make_queue(overlap=2)
    make_items(queue, 1, **PLANTED)
    (anna,), ben = reviewers(queue, 1), Walker(queue)
    item = answer(queue, anna, "no")
    services.add_comment(item, by=anna, text="Surely no job.")
    desk = Desk(queue, member=ben.member)
    slot = desk.claim()
    token = {"lease_token": slot["lease_token"]}
    desk.post(f"slots/{slot['slot']}/judgement", token | {"value": "yes"})
    decided = desk.post(f"slots/{slot['slot']}/decision", token | {"verdict": "agree"}).json()
    item.refresh_from_db()
    assert item.state == "adjudicating"
    assert set(decided) == {"decision", "next"}
    page = ben.case(item).content.decode()
    for told in ("waits for an adjudicator", "settled", "Surely no job", "due", "under way"):
        assert told not in page, told


def test_an_engineer_who_exported_a_case_is_not_served_it(queue: ReviewQueue) -> None:
    item = answer(queue, reviewers(queue, 1)[0], "no")
    dan, ben = Walker(queue, Role.ENGINEER), Walker(queue)
    resolving.resolve_due()
    assert [label["id"] for label in dan.export_labels()] == [item.prediction.external_id]
    services.reopen_item(item, by=dan.member.user, why="The guidelines have changed.")
    assert services.claim_slots(queue, by=dan.member) == []
    assert claim(queue, ben.member).item == item


def test_whatever_shows_a_prediction_notes_it_first(queue: ReviewQueue) -> None:
    (anna, ben), carla = reviewers(queue, 2), Walker(queue, Role.ADJUDICATOR)
    slot = claim(queue, anna)
    assert not CaseView.objects.exists()
    judge(slot, anna)
    assert places(anna) == ["desk"]
    decide(slot, anna, "dispute", note="Looks retired")
    claim(queue, carla.member)
    assert places(carla.member) == ["settling"]
    shown = make_queue(queue.model.project, blind=False)
    make_items(shown)
    claim(shown, ben)
    assert places(ben) == ["desk"]


def places(member: Membership) -> list[str]:
    return sorted(CaseView.objects.filter(user=member.user).values_list("place", flat=True))


def test_somebody_who_saw_what_others_said_cannot_change_their_answer(queue: ReviewQueue) -> None:
    carla, item = Walker(queue, Role.ADJUDICATOR), ReviewItem.objects.get()
    answer(queue, carla.member, "no")
    slot = Slot.objects.get()
    assert carla.back(slot).status_code == 200
    assert carla.case(item).status_code == 200
    assert carla.back(slot).status_code == 409


def test_what_an_adjudicator_writes_is_read_once_the_answer_is_final(queue: ReviewQueue) -> None:
    anna, ben, carla = Walker(queue), make_member(queue.model.project), make_member(queue.model.project, Role.OWNER)
    item = answer(queue, anna.member, "no")
    services.add_comment(item, by=ben, text="From a reviewer.")
    assert b"From a reviewer." not in anna.case(item).content
    assert anna.back(Slot.objects.get()).status_code == 200
    services.add_comment(item, by=carla, text="From an adjudicator.")
    page = anna.case(item).content
    assert b"From a reviewer." in page
    assert b"From an adjudicator." in page
    assert anna.back(Slot.objects.get()).status_code == 409


@pytest.mark.slow
@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADJUDICATOR])
def test_nobody_at_the_desk_learns_which_policy_brought_a_case(role: Role) -> None:
    """That a case came because model and baseline differ says what the model said."""
    queue = make_queue()
    planted = {"name": "planted-policy", "kind": "disagreement", "rate": 0.999876, "queue": "main", "rank": 1}
    policies.put_document(queue.model, {"floor": 0.5, "policies": [planted]})
    make_items(queue, 6, **PLANTED)
    anna = Walker(queue, role)
    before, slot = anna.look(), anna.slot
    judge(slot, anna.member)
    revealed = anna.look()
    decide(slot, anna.member)
    project, model = queue.model.project.slug, queue.model.slug
    others = [("reviews", project, model), ("project", project), ("sampling_told", project, model)]
    pages = [before, revealed, anna.case(slot.item), anna.look()]
    pages += [anna.client.get(reverse(name, args=where)) for name, *where in others]
    assert {page.status_code for page in pages} == {200}
    for page in pages:
        assert not [word for word in (b"planted-policy", b"0.9998", b"99.9", b"disagreement") if word in page.content]


@pytest.mark.slow
@pytest.mark.parametrize("left", ["in hand", "put off"])
def test_a_replay_of_last_week_leaves_out_what_its_reader_has_yet_to_judge(queue: ReviewQueue, left: str) -> None:
    dan, other = Walker(queue, Role.ENGINEER), Walker(queue, Role.ENGINEER)
    slot = dan.slot
    if left == "put off":
        decide(slot, dan.member, "cannot_tell")
    case = slot.item.prediction
    policy = "a-policy-that-tells"
    found = Totals(seed=1).document | {"waiting": 0, "gone": [{"id": case.pk, "policy": policy}]}
    now = timezone.now()
    replay = Replay.objects.create(
        model=queue.model, document={"policies": []}, result=found, start=now, end=now, finished_at=now
    )
    place = [queue.model.project.slug, queue.model.slug, replay.pk]
    for address in (reverse("replay", args=place), reverse("replay_file", args=[*place, "csv"])):
        page, seen = (each.client.get(address).getvalue().decode() for each in (dan, other))
        assert case.external_id not in page
        assert policy not in page
        assert case.external_id in seen
    if left == "in hand":
        assert judge(slot, dan.member, "no").was_blind
    assert not CaseView.objects.filter(user=dan.member.user, place="list").exists()
    # Whoever saw it there is not served it blind.
    assert services.claim_slots(queue, by=other.member) == []
