"""A file upload in a browser: chosen, checked, loaded, followed to the end."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.predictions.models import Prediction
from apps.predictions.services import loading
from tests.factories import make_member, make_model, make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
URL = "/p/office/models/employment/uploads/"
LONG = "a-name-without-any-break-" * 6
ROWS = [f"case-{n},2026-03-02T12:00:00Z,{'perhaps' if n == 3 else 'yes'},{20 + n},0.9" for n in range(6)]


def test_a_file_is_checked_loaded_and_followed_to_the_end(
    page: Page, width: int, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    project = make_project("office")
    make_model(project, "employment")
    sign_in(page, make_member(project, Role.ENGINEER).user)
    page.goto(URL)
    expect(page.get_by_text("No uploads yet")).to_be_visible()
    is_sound(page)

    text = "\n".join([f"reference,predicted_at,prediction,age,{LONG}", *ROWS])
    page.get_by_label("File").set_input_files({"name": f"{LONG}.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Check the file").press("Enter")
    expect(page.get_by_text("6 of 6 rows would be rejected.")).to_be_visible()
    is_sound(page)

    page.get_by_label("What the column reference becomes").select_option("id")
    page.get_by_label(f"What the column {LONG} becomes").select_option("score")
    page.get_by_role("button", name="Check again").press("Enter")
    expect(page.get_by_text("1 of 6 rows would be rejected.")).to_be_visible()
    expect(page.get_by_role("cell", name="unknown_class")).to_be_visible()
    is_sound(page)

    page.get_by_role("button", name="Load the file").press("Enter")
    expect(page.get_by_text("Waiting for its turn.")).to_be_visible()
    is_sound(page)
    assert loading.load_due() == 1
    expect(page.get_by_text("The file is loaded.")).to_be_visible()
    is_sound(page)
    assert Prediction.objects.count() == 5
    page.get_by_role("link", name="See the rows").click()
    expect(page.get_by_role("article")).to_have_count(1)
    page.goto(URL)
    expect(page.get_by_role("row", name="done")).to_be_visible()
    is_sound(page)
