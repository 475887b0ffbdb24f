"""The page of rejected rows in a browser."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.predictions.models import RejectedRow
from tests.factories import make_member, make_model, make_project, prediction_row, push_predictions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_rejected_rows_are_viewed_filtered_and_retried(
    page: Page, width: int, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    project = make_project("office")
    model = make_model(project, "employment")
    sign_in(page, make_member(project, Role.ENGINEER).user)
    page.goto("/p/office/models/employment/rejected/")
    expect(page.get_by_text("No rejected rows")).to_be_visible()
    is_sound(page)

    long = {"note": "wide " * 900, "unbroken" * 40: "x" * 600, "<b>bold</b>": 1}
    push_predictions(model, [prediction_row(1, score=7), prediction_row(2, nonsense=1, features=long)])
    RejectedRow.objects.filter(external_id="case-1").update(raw=json.dumps(prediction_row(1)).encode())
    page.goto("/p/office/models/employment/")
    page.get_by_role("link", name="See the reasons").click()
    expect(page.get_by_role("article")).to_have_count(2)
    is_sound(page)

    page.get_by_role("link", name="unknown_field").click()
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_text("<b>bold</b>")).to_be_visible()
    is_sound(page)

    page.get_by_role("button", name="Try again: probability_range").click()
    expect(page.get_by_text("1 stored.")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(1)
