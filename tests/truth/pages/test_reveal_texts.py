"""The section of the team's page on whether the reveal helps."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Role
from apps.review.models import ReviewItem
from tests.factories import make_member
from tests.truth.factories import come_true, make_cases, say
from tests.truth.pages.test_views import page

pytestmark = pytest.mark.django_db


def team_of(items: list[ReviewItem], changed: int, *, kept: float = 1.0, outcome: str = "yes") -> str:
    """Read the page after so many answers changed to the model's "yes"."""
    project = items[0].model.project
    anna = make_member(project).user
    for n, item in enumerate(items):
        say(item, anna, 1 - kept if n < changed else kept, kept=kept, shown="sent")
    come_true(items, outcome)
    return page(make_member(project, Role.ENGINEER), items[0].model, "team")


def test_the_first_sentence_counts_and_the_second_weighs_up() -> None:
    team = team_of(make_cases(20), 6)
    assert "The reveal changed 6 of 20 answers: 6 to the right one." in team
    assert "toward the truth less away from it, is +30" in team
    assert "it helps." in team
    assert "Contributions as sent" in team


def test_similar_cases_have_rows_of_their_own() -> None:
    items = make_cases(4)
    project = items[0].model.project
    anna, looked = make_member(project).user, timezone.now() - timedelta(days=2)
    for n, item in enumerate(items):
        say(item, anna, 1.0, similar_at=looked if n else None)
    come_true(items)
    team = page(make_member(project, Role.ENGINEER), items[0].model, "team")
    assert "Similar cases opened" in team
    assert "Similar cases not opened" in team


def test_changes_away_from_the_truth_harm() -> None:
    team = team_of(make_cases(20), 8, outcome="no")
    assert "8 away from it." in team
    assert "it harms." in team


def test_few_changes_say_how_many_it_takes() -> None:
    team = team_of(make_cases(20), 3)
    assert "cannot be told yet: 3 changed answers, and it takes about 6." in team
    assert "too few changed to tell" in team


def test_the_share_that_changed_stands_without_any_change() -> None:
    team = team_of(make_cases(8), 0)
    assert "The reveal changed none of 8 answers." in team


def test_without_a_known_truth_the_page_says_what_to_do() -> None:
    items = make_cases(1)
    project = items[0].model.project
    say(items[0], make_member(project).user, 1.0)
    assert "a longer period may show more" in page(make_member(project, Role.ENGINEER), items[0].model, "team")
