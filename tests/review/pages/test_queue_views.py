"""The settings of a queue, and the preview of what they mean."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import Role
from apps.audit.models import Entry
from apps.common.errors import ForbiddenError
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.pages.rule_effects import sentences
from apps.review.services import Change
from apps.review.services.expecting import Observed, Seen, expect, observe
from tests.factories import make_member, make_model
from tests.pages import shown
from tests.review.factories import answer, make_items, make_queue, reviewers
from tests.review.people import Person

pytestmark = pytest.mark.django_db
# The form as it stands for a queue of `make_queue`.
FORM = {
    "title": "Main queue",
    "overlap": "1",
    "four_eyes_amount": "",
    "adjudication_rate_agreed": "0",
    "adjudication_rate_differs": "0",
    "adjudication_rate_disagreed": "100",
    "blind_share": "100",
    "order": "random",
    "due_hours": "",
    "lease_seconds": "15",
    "prefetch": "2",
    "dispute_reasons": "A fact speaks against it",
    "gold_rate": "0",
    "repeat_rate": "0",
    "sensitive_role": "engineer",
}
CHANGED = FORM | {
    "title": "Large loans",
    "overlap": "3",
    "is_extra_reviewer_asked": "on",
    "four_eyes_amount": "25000.5",
    "adjudication_rate_agreed": "7",
    "adjudication_rate_differs": "29",
    "adjudication_rate_disagreed": "50",
    "blind_share": "90",
    "order": "due",
    "due_hours": "48",
    "lease_seconds": "1.5",
    "prefetch": "25",
    "dispute_reasons": " One \r\n\r\nTwo",
    "gold_rate": "5",
    "repeat_rate": "2.5",
    "sensitive_role": "adjudicator",
}


@pytest.fixture
def queue() -> ReviewQueue:
    return make_queue(dispute_reasons=["A fact speaks against it"])


def path(queue: ReviewQueue, name: str = "queue_settings") -> str:
    return reverse(name, args=[queue.model.project.slug, queue.pk])


def save(queue: ReviewQueue, fields: dict[str, str], role: Role = Role.OWNER) -> Any:
    return Person(queue, role).client.post(path(queue), fields, follow=True)


def rules_of(queue: ReviewQueue) -> dict[str, Any]:
    return ReviewQueue.objects.filter(pk=queue.pk).values().get()


def test_every_rule_can_be_set(queue: ReviewQueue) -> None:
    assert save(queue, CHANGED).status_code == 200
    expected = {
        "name": "Large loans",
        "slug": "main",
        "overlap": 3,
        "is_extra_reviewer_asked": True,
        "four_eyes_amount": 25000.5,
        "adjudication_rate_agreed": 0.07,
        "adjudication_rate_differs": 0.29,
        "adjudication_rate_disagreed": 0.5,
        "order": "due",
        "due_hours": 48,
        "lease_seconds": 90,
        "prefetch": 25,
        "dispute_reasons": ["One", "Two"],
        "gold_rate": 0.05,
        "repeat_rate": 0.025,
        "sensitive_role": "adjudicator",
    }
    saved = rules_of(queue)
    assert {name: saved[name] for name in expected} == expected
    queue.model.refresh_from_db()
    assert queue.model.blind_share == 0.9


def test_rules_that_were_set_can_be_taken_back(queue: ReviewQueue) -> None:
    before = rules_of(queue)
    save(queue, CHANGED)
    save(queue, FORM)
    assert rules_of(queue) == before


def test_saving_the_form_as_shown_changes_nothing(queue: ReviewQueue) -> None:
    ReviewQueue.objects.filter(pk=queue.pk).update(
        adjudication_rate_agreed=1 / 3, gold_rate=0.07, four_eyes_amount=123456789.25, lease_seconds=100
    )
    before = rules_of(queue)
    form = Person(queue, Role.ENGINEER).client.get(path(queue)).context["form"]
    shown = {field.name: "" if field.value() in (None, False) else field.value() for field in form}
    said = save(queue, shown)
    assert "No changes." in said.content.decode()
    assert rules_of(queue) == before


def test_saving_says_what_changes_and_from_when(queue: ReviewQueue) -> None:
    said = save(queue, FORM | {"overlap": "2", "blind_share": "50"}).content.decode()
    assert "The new number of people applies to cases opened from now on" in said
    assert "The blind share applies to predictions drawn from now on, in all queues of the model." in said
    assert "time-out holds" not in said


def test_another_order_comes_with_a_warning_that_figures_wait(queue: ReviewQueue) -> None:
    assert "most at stake first from now on. Figures of open days count only once the queue is drained." in save(
        queue, FORM | {"order": "stakes"}
    ).content.decode().replace("handed out ", "")


def test_a_rule_changed_elsewhere_stays_if_the_form_does_not_change_it(queue: ReviewQueue) -> None:
    changes = services.change_queue(queue, by=reviewers(queue, 1)[0].user, document={"overlap": 2, "title": "New"})
    assert changes == [Change("overlap", 1, 2), Change("name", "Main queue", "New")]
    services.change_queue(queue, by=reviewers(queue, 1)[0].user, document={"prefetch": 5})
    assert (rules_of(queue)["overlap"], rules_of(queue)["prefetch"]) == (2, 5)


def test_a_rule_that_stays_is_no_change(queue: ReviewQueue) -> None:
    by = reviewers(queue, 1)[0].user
    assert services.change_queue(queue, by=by, document={"overlap": 1}, blind_share=1.0) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 201),
        ("overlap", "0"),
        ("overlap", "10"),
        ("overlap", "1.5"),
        ("overlap", ""),
        ("four_eyes_amount", "-1"),
        ("four_eyes_amount", "much"),
        ("four_eyes_amount", "1e400"),
        ("adjudication_rate_agreed", "101"),
        ("adjudication_rate_agreed", "-1"),
        ("adjudication_rate_differs", "nan"),
        ("adjudication_rate_disagreed", ""),
        ("blind_share", "100.1"),
        ("order", "newest"),
        ("due_hours", "0"),
        ("due_hours", "9" * 30),
        ("lease_seconds", "0.4"),
        ("lease_seconds", "1441"),
        ("prefetch", "26"),
        ("prefetch", "0"),
        ("dispute_reasons", "\n".join("abcdefghij")),
        ("dispute_reasons", "same\nsame"),
        ("dispute_reasons", "x" * 201),
        ("dispute_reasons", "a\x00b"),
        ("gold_rate", "51"),
        ("repeat_rate", "inf"),
        ("sensitive_role", "owner"),
        ("sensitive_role", "stakeholder"),
    ],
)
def test_a_refused_rule_is_kept_on_the_page_with_the_reason_and_nothing_is_saved(
    queue: ReviewQueue, field: str, value: str
) -> None:
    before = rules_of(queue)
    refused = save(queue, CHANGED | {field: value})
    assert refused.status_code == 400
    assert list(refused.context["form"].errors) == [field]
    assert refused.context["form"][field].value() == value
    assert f'id="id_{field}_error"' in refused.content.decode()
    assert rules_of(queue) == before
    queue.model.refresh_from_db()
    assert queue.model.blind_share == 1.0


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_rules_are_for_engineers(queue: ReviewQueue, role: Role) -> None:
    client = Person(queue, role).client
    assert client.get(path(queue)).status_code == 403
    assert client.post(path(queue), CHANGED).status_code == 403
    assert client.post(path(queue, "queue_preview"), CHANGED).status_code == 403
    assert rules_of(queue)["overlap"] == 1


def test_only_engineers_see_links_to_the_settings(queue: ReviewQueue) -> None:
    where = [queue.model.project.slug, queue.model.slug]
    ada, anna = Person(queue, Role.ENGINEER), Person(queue)
    assert path(queue) in ada.client.get(reverse("reviews", args=where)).content.decode()
    assert path(queue) in ada.client.get(reverse("sampling", args=where)).content.decode()
    assert path(queue) not in anna.client.get(reverse("reviews", args=where)).content.decode()


def test_another_projects_queue_is_not_found(queue: ReviewQueue) -> None:
    stranger = Person(make_queue(), Role.OWNER)
    for project in (queue.model.project.slug, stranger.queue.model.project.slug):
        for name in ("queue_settings", "queue_preview"):
            address = reverse(name, args=[project, queue.pk])
            assert stranger.client.post(address, CHANGED).status_code == 404
    assert rules_of(queue)["overlap"] == 1


def test_a_post_from_elsewhere_is_refused(queue: ReviewQueue) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_member(queue.model.project, Role.ENGINEER).user)
    assert client.post(path(queue), CHANGED).status_code == 403


def test_the_page_costs_the_same_for_many_cases(
    queue: ReviewQueue, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_items(queue, 6)
    (anna,) = reviewers(queue, 1)
    for _ in range(6):
        answer(queue, anna)
    ada = Person(queue, Role.ENGINEER)
    with django_assert_max_num_queries(9):
        assert ada.client.get(path(queue)).status_code == 200


def test_the_preview_shows_the_form_of_the_desk_with_what_is_typed(queue: ReviewQueue) -> None:
    ada = Person(queue, Role.ENGINEER)
    said = shown(ada.client.post(path(queue, "queue_preview"), CHANGED))
    assert "<html" not in said
    assert "Not employed</span> <kbd" in said
    assert "<span>Two</span>" in said
    assert "300 answers" in said
    assert rules_of(queue)["overlap"] == 1


def test_the_preview_keeps_the_current_value_of_a_mistaken_field_and_names_it(queue: ReviewQueue) -> None:
    ada = Person(queue, Role.ENGINEER)
    said = ada.client.post(path(queue, "queue_preview"), CHANGED | {"overlap": "many"}).content.decode()
    assert "Not valid yet, so not applied here: People who judge each case." in said
    assert "100 answers" in said


def test_the_preview_of_a_number_asks_for_one() -> None:
    fields = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}}
    model = make_model(**fields, prediction_range=[0.0, 100.0], unit="days")
    page = Person(model.queues.get(), Role.ENGINEER).client.get(path(model.queues.get())).content.decode()
    assert "A number, in days" in page
    assert 'aria-label="Your number"' in page


def test_hostile_reasons_are_text(queue: ReviewQueue) -> None:
    evil = '"><script>x()</script>{{7*7}}'
    page = save(queue, FORM | {"dispute_reasons": evil, "title": evil}).content.decode()
    assert "<script>x" not in page
    assert "{{7*7}}" in page


# What it means for a hundred cases: small enough to do by hand.

RULES = {
    "overlap": 1,
    "is_extra_reviewer_asked": False,
    "four_eyes_amount": None,
    "adjudication_rate_agreed": 0.1,
    "adjudication_rate_differs": 0.5,
    "adjudication_rate_disagreed": 0.2,
    "gold_rate": 0.05,
    "repeat_rate": 0.03,
}
SEEN = Observed(
    amounts=[None, 50.0, 100.0, 200.0],
    agreement=Seen(8, 10),
    disagreement=Seen(1, 5),
    median_ms=36_000.0,
    people=2,
)


def test_one_person_each_has_no_disagreement() -> None:
    found = expect(RULES, SEEN)
    # 80 agree with the model, 20 do not: 80 × 0.1 + 20 × 0.5
    assert (found.reviews, found.extra, found.second_opinions) == pytest.approx((100, 0, 18))
    assert found.answers == pytest.approx(108)


def test_two_who_disagree_are_always_settled() -> None:
    found = expect(RULES | {"overlap": 2}, SEEN)
    # 20 disagree; of the other 80 it is 18 %
    assert (found.reviews, found.second_opinions) == pytest.approx((200, 20 + 0.8 * 18))


def test_with_one_more_reviewer_the_probability_of_a_majority_counts() -> None:
    found = expect(RULES | {"overlap": 2, "is_extra_reviewer_asked": True}, SEEN)
    assert (found.extra, found.second_opinions) == pytest.approx((20, 20 * 0.2 + 0.8 * 18))


def test_an_amount_asks_for_a_second_person_where_one_is_the_rule() -> None:
    found = expect(RULES | {"four_eyes_amount": 100}, SEEN)
    # half of the cases reach it, one in five of those disagrees
    assert (found.by_amount, found.reviews, found.second_opinions) == pytest.approx((50, 150, 10 + 0.9 * 18))
    assert expect(RULES | {"four_eyes_amount": 100, "overlap": 3}, SEEN).reviews == 300


def test_without_data_the_preview_names_its_assumptions() -> None:
    nothing = Observed(amounts=[], agreement=None, disagreement=None, median_ms=None, people=0)
    said = " ".join(" ".join(each) for each in sentences(RULES | {"overlap": 2, "four_eyes_amount": 5}, nothing))
    assert "this assumes 9 cases in 10" in said
    assert "this assumes 1 case in 10" in said
    assert "is not known yet: nobody has answered here" in said
    said = " ".join(" ".join(each) for each in sentences(RULES | {"four_eyes_amount": 5}, nothing))
    assert "No case has come with an amount yet" in said


def test_hours_are_those_of_each_person() -> None:
    said = dict(sentences(RULES, SEEN))
    # 108 answers of 36 s by two people
    assert said["About 32 min"] == "for each of 2 people, at 36 seconds an answer. Second opinions come on top."
    # 308 answers
    assert "About 1.5 hours" in dict(sentences(RULES | {"overlap": 3}, SEEN))


def test_first_answers_are_what_is_observed() -> None:
    queue = make_queue(overlap=2)
    make_items(queue, 3, amount=70)
    anna, ben = reviewers(queue, 2)
    for member, values in ((anna, ("yes", "yes", "no")), (ben, ("yes", "no", "no"))):
        for value in values:
            answer(queue, member, value, active_ms=2_000)
    found = observe([queue])[queue.pk]
    assert found.amounts == [70.0] * 3
    assert found.disagreement == Seen(1, 3)
    # At a tie the first slot's answer is the label, which is Anna's "yes".
    assert found.agreement == Seen(2, 3)
    assert (found.median_ms, found.people) == (2_000, 2)


def test_only_an_owner_changes_who_sees_sensitive_features(queue: ReviewQueue) -> None:
    """Engineers change the rest: the page disables the field, and the service refuses."""
    shows = {"sensitive_role": "reviewer"}
    said = save(queue, FORM | shows | {"overlap": "2"}, Role.ENGINEER)
    assert said.context["form"].fields["sensitive_role"].disabled
    assert (rules_of(queue)["overlap"], rules_of(queue)["sensitive_role"]) == (2, "engineer")
    engineer = make_member(queue.model.project, Role.ENGINEER)
    with pytest.raises(ForbiddenError) as refused:
        services.change_queue(queue, by=engineer.user, document=shows)
    assert refused.value.code == "owners_choice"
    save(queue, FORM | shows)
    assert rules_of(queue)["sensitive_role"] == "reviewer"
    entry = Entry.objects.filter(act="queue.changed").latest("id")
    assert entry.details["sensitive_role"] == {"was": "engineer", "is": "reviewer"}
