"""Guidelines: kept in versions, and compared line by line."""

import time

import pytest

from apps.accounts.models import Role
from apps.common.errors import ConflictError, DomainError
from apps.common.markdown import to_html
from apps.registry.models import Guideline, ReviewQueue
from apps.registry.services import guidelines
from apps.registry.services.guidelines import Kind, difference, write
from apps.sampling.services.policies import current_document, put_document
from tests.factories import make_member, make_model


@pytest.fixture
def queue() -> ReviewQueue:
    return make_model().queues.get()


@pytest.mark.django_db
def test_a_change_makes_a_new_version_and_keeps_the_old_one(queue: ReviewQueue) -> None:
    anna = make_member(queue.model.project, Role.ENGINEER).user
    first = write(queue, text="Say yes.", by=anna)
    second = write(queue, text="Say no.", change=" The answer ", by=anna)
    assert (first.version, second.version, second.change, second.written_by) == (1, 2, "The answer", anna)
    assert queue.guideline == second
    first.refresh_from_db()
    assert first.text == "Say yes."


@pytest.mark.django_db
def test_the_same_text_again_makes_no_version(queue: ReviewQueue) -> None:
    first = write(queue, text="Say yes.\nOr no.", by=None)
    assert write(queue, text="Say yes.\r\nOr no.\r\n", change="Nothing", by=None) == first
    assert Guideline.objects.get().change == ""


@pytest.mark.django_db
def test_each_queue_counts_its_own_versions(queue: ReviewQueue) -> None:
    other = make_model().queues.get()
    write(queue, text="one", by=None)
    assert write(other, text="one", by=None).version == 1


@pytest.mark.django_db
def test_a_version_saved_meanwhile_is_not_overwritten(queue: ReviewQueue) -> None:
    write(queue, text="one", by=None)
    write(queue, text="two", by=None, instead_of=1)
    with pytest.raises(ConflictError):
        write(queue, text="three", by=None, instead_of=1)
    assert queue.guidelines.count() == 2
    assert write(queue, text="three", by=None, instead_of=2).version == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "change", "field"),
    [
        ("", "", "text"),
        (" \n\t", "", "text"),
        ("x" * (guidelines.LONGEST_TEXT + 1), "", "text"),
        ("x", "y" * (guidelines.LONGEST_CHANGE + 1), "change"),
        ("x", "two\nlines", "change"),
    ],
)
def test_invalid_guidelines_are_refused(queue: ReviewQueue, text: str, change: str, field: str) -> None:
    with pytest.raises(DomainError) as error:
        write(queue, text=text, change=change, by=None)
    assert error.value.details["field"] == field
    assert not Guideline.objects.exists()


def test_the_longest_text_is_rendered() -> None:
    assert len(to_html("x" * guidelines.LONGEST_TEXT)) > guidelines.LONGEST_TEXT


def versions(*texts: str) -> list[Guideline]:
    return [Guideline(version=number, text=text) for number, text in enumerate(texts, 1)]


def test_a_difference_shows_added_and_removed_lines_with_their_context() -> None:
    lines = ["one", "two", "three", "four", "five", "six", "seven"]
    before, after = versions("\n".join(lines), "\n".join([*lines[:3], "FOUR", *lines[4:]]))
    assert [(line.kind, line.text) for line in difference(before, after)] == [
        (Kind.GAP, ""),
        (Kind.SAME, "two"),
        (Kind.SAME, "three"),
        (Kind.REMOVED, "four"),
        (Kind.ADDED, "FOUR"),
        (Kind.SAME, "five"),
        (Kind.SAME, "six"),
        (Kind.GAP, ""),
    ]


def test_a_moved_line_is_removed_and_added() -> None:
    before, after = versions("a\nb\nc\nd\ne", "b\nc\nd\ne\na")
    changes = [(line.kind, line.text) for line in difference(before, after) if line.kind not in (Kind.SAME, Kind.GAP)]
    assert changes == [(Kind.REMOVED, "a"), (Kind.ADDED, "a")]


def test_long_runs_of_equal_lines_are_compared_quickly() -> None:
    before, after = versions("a\n" * 20_000 + "b\n" * 4_000, "b\n" * 4_000 + "a\n" * 20_000)
    started = time.process_time()
    lines = difference(before, after)
    assert time.process_time() - started < 5
    assert sum(line.kind == Kind.ADDED for line in lines) == sum(line.kind == Kind.REMOVED for line in lines)


def test_equal_texts_have_no_difference() -> None:
    before, after = versions("a\nb\nc\nd\ne", "a\nb\nc\nd\ne")
    assert difference(before, after) == []


@pytest.mark.django_db
def test_the_policies_document_makes_a_version_when_the_text_changes() -> None:
    model = make_model()
    for text in ("Look **twice**.", "Look **twice**.", "Look once.", ""):
        put_document(model, {"queues": [{"name": "main", "guidelines": text}]})
    (queue,) = current_document(model)["queues"]
    assert queue["guidelines"] == "Look once."
    assert list(Guideline.objects.order_by("version").values_list("version", "text")) == [
        (1, "Look **twice**."),
        (2, "Look once."),
    ]
