"""The page on which people state what a decision is worth."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Role
from apps.audit.models import Entry
from apps.registry.models import MonitoredModel, ValueModel
from tests.factories import make_member, make_model, prediction_row, push_predictions
from tests.reports.documents import document
from tests.reports.stored import make_report, report_model

pytestmark = pytest.mark.django_db

KINDS = ["oak", "pine", "ash"]
BINARY = {
    "instead_of": "0",
    "currency": "usd",
    "cell_0_0": "650",
    "cell_0_1": "−250",
    "cell_1_0": "0",
    "cell_1_1": "0",
    "is_per_amount": "",
    "review_cost": "2.50",
    "serving_cost": "0.0021",
    "prices": "gpu_s 0.0004\ncpu_s = 0.00002",
    "statement": "An offer costs 250 and is worth 900.",
    "reason": "",
}
RENT = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}, "prediction_range": [0, 5000]}


def text_of(response: Any) -> str:
    """The words of the page."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


@pytest.fixture
def model() -> MonitoredModel:
    return make_model()


def signed_in(model: MonitoredModel, role: Role = Role.ENGINEER) -> Client:
    client = Client()
    client.force_login(make_member(model.project, role).user)
    return client


def address(model: MonitoredModel, more: str = "") -> str:
    return f"/p/{model.project.slug}/models/{model.slug}/worth/{more}"


def save(model: MonitoredModel, **changes: Any) -> Any:
    return signed_in(model).post(address(model), BINARY | changes)


def test_amounts_are_stated_as_the_first_version(model: MonitoredModel) -> None:
    response = save(model)
    assert response.status_code == 302
    stated = model.current_value_model
    assert stated is not None
    assert (stated.version, stated.currency, stated.review_cost) == (1, "USD", Decimal("2.50"))
    assert stated.matrix == {
        "no": {"no": "650.000000", "yes": "-250.000000"},
        "yes": {"no": "0.000000", "yes": "0.000000"},
    }
    assert stated.prices == {"gpu_s": "0.0004000000", "cpu_s": "0.0000200000"}
    assert stated.serving_cost == Decimal("0.0021")


def test_who_changed_the_amounts_and_why_is_recorded(model: MonitoredModel) -> None:
    save(model)
    save(model, instead_of="1", cell_0_1="-300", reason="Offers cost more since May")
    versions = ValueModel.objects.order_by("version")
    assert [each.reason for each in versions] == ["", "Offers cost more since May"]
    assert all(each.stated_by for each in versions)
    entry = Entry.objects.filter(act="value.stated").latest("number")
    assert entry.details == {"version": 2, "reason": "Offers cost more since May"}
    page = text_of(signed_in(model).get(address(model)))
    assert "“Not employed” where “Employed” is true: −250 → −300" in page
    assert "Offers cost more since May" in page


def test_saving_without_a_change_makes_no_version(model: MonitoredModel) -> None:
    save(model)
    assert save(model, instead_of="1").status_code == 302
    assert ValueModel.objects.count() == 1


def test_a_version_that_somebody_else_saved_meanwhile_is_not_overwritten(model: MonitoredModel) -> None:
    save(model)
    response = save(model, cell_0_0="700")
    assert response.status_code == 409
    assert "Somebody else saved version 1 meanwhile" in text_of(response)
    assert 'value="700"' in response.content.decode()
    assert 'name="instead_of" value="1"' in response.content.decode()
    assert ValueModel.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cell_0_1": "a lot"}, "Write a number, such as 250"),
        ({"currency": "dollars"}, "Three letters, such as EUR."),
        ({"review_cost": "-1"}, "greater than or equal to 0"),
        ({"prices": "gpu_s"}, "is not a name and an amount"),
        ({"prices": "gpu_s 1\ngpu_s 2"}, "gpu_s stands there twice."),
        ({"cell_1_1": ""}, "This field is required."),
    ],
)
def test_what_was_typed_stays_with_a_message_beside_the_field(
    model: MonitoredModel, changes: dict[str, str], said: str
) -> None:
    response = save(model, **changes)
    page = response.content.decode()
    assert response.status_code == 400
    assert said in text_of(response)
    (name, typed), *_ = changes.items()
    assert f'id="id_{name}_error"' in page
    assert typed in page
    assert not ValueModel.objects.exists()


def test_amounts_are_read_as_people_type_them(model: MonitoredModel) -> None:
    save(model, cell_0_0="1,250.50", cell_0_1="- 1 000")
    stated = model.current_value_model
    assert stated is not None
    assert stated.matrix["no"] == {"no": "1250.500000", "yes": "-1000.000000"}


def test_the_example_uses_round_numbers_until_there_is_a_report(model: MonitoredModel) -> None:
    """9 of 10 right, over two classes: 450 of each right, 50 of each wrong."""
    response = signed_in(model).post(address(model, "example/"), BINARY)
    told = text_of(response)
    assert "An invented example" in told
    assert (
        "Predicting “Not employed” where “Employed” is true costs $250. Of 1,000 decisions that would be 50: −$12,500."
        in told
    )
    assert "Together, 1,000 decisions bring $280,000." in told
    assert "Serving 1,000 predictions costs $2.10." in told
    assert "One hundred reviews cost $250." in told


def test_the_example_leaves_out_what_is_not_a_number_yet(model: MonitoredModel) -> None:
    told = text_of(signed_in(model).post(address(model, "example/"), BINARY | {"cell_0_1": "-"}))
    assert "Not valid yet, so left out here: Predicted “Not employed”, in truth “Employed”." in told
    assert "Together" not in told


def test_the_last_report_is_read_at_other_amounts() -> None:
    model = report_model()
    made = document("value")
    made["value"]["decisions"] = {
        "traffic": 100_000.0,
        "classes": ["no", "yes"],
        "table": [[0.4, 0.1], [0.05, 0.45]],
        "by_amount": None,
    }
    make_report(model, document=made)
    told = text_of(signed_in(model).post(address(model, "example/"), BINARY))
    # 0.4 · 650 − 0.1 · 250 = 235 a decision.
    assert "With decisions like those of 25 May to 27 September 2026." in told
    assert "Together, 1,000 decisions bring $235,000." in told
    assert "would read about $23,500,000; with version 1 of the amounts it reads" in told


def test_amounts_as_they_are_give_the_last_report_as_it_is() -> None:
    model = report_model()
    made = document("value")
    # 235 a decision, as above; the report of 100,000 decisions says 0.4 % more.
    made["headline"]["figures"]["value_total"] |= {"value": 23_600_000.0, "low": 23_600_000.0, "high": 23_600_000.0}
    made["value"]["decisions"] = {
        "traffic": 100_000.0,
        "classes": ["no", "yes"],
        "table": [[0.4, 0.1], [0.05, 0.45]],
        "by_amount": None,
    }
    make_report(model, document=made)
    told = text_of(signed_in(model).post(address(model, "example/"), BINARY))
    assert "reads $23,600,000, as it does." in told
    assert "would read about" not in told


def test_one_amount_fills_all_wrong_answers_without_saving() -> None:
    model = make_model(task="multiclass", classes=KINDS, class_labels={}, positive_class="")
    typed = {"fill": "all", "fill_right": "", "fill_wrong": "-30", "cell_0_0": "5", "cell_0_1": "9", "instead_of": "0"}
    response = signed_in(model).post(address(model), typed)
    assert response.status_code == 200
    assert response.context["form"].initial["cell_0_1"] == "-30"
    assert response.context["form"].initial["cell_0_0"] == "5"
    assert "This field is required" not in text_of(response)
    assert not ValueModel.objects.exists()


def test_several_classes_have_a_field_for_each_pair() -> None:
    model = make_model(task="multiclass", classes=KINDS, class_labels={}, positive_class="")
    cells = {f"cell_{row}_{column}": "0" if row == column else "-30" for row in range(3) for column in range(3)}
    assert save(model, **cells).status_code == 302
    stated = model.current_value_model
    assert stated is not None
    assert stated.matrix["ash"] == {"oak": "-30.000000", "pine": "-30.000000", "ash": "0.000000"}


def test_many_classes_get_one_amount_for_right_and_one_for_wrong_answers() -> None:
    kinds = [f"c{number:02d}" for number in range(30)]
    model = make_model(task="multiclass", classes=kinds, class_labels={}, positive_class="")
    assert save(model, fill_right="2", fill_wrong="-5").status_code == 302
    stated = model.current_value_model
    assert stated is not None
    assert (stated.matrix["c03"]["c03"], stated.matrix["c03"]["c29"]) == ("2.000000", "-5.000000")
    page = signed_in(model).get(address(model)).content.decode()
    assert 'name="fill_wrong" value="-5"' in page


def test_a_number_has_a_cost_for_each_direction() -> None:
    model = make_model(unit="EUR", **RENT)
    assert save(model, over_cost="0.4", under_cost="1.2").status_code == 302
    stated = model.current_value_model
    assert stated is not None
    assert (stated.over_cost, stated.under_cost, stated.matrix) == (Decimal("0.4"), Decimal("1.2"), {})
    told = text_of(
        signed_in(model).post(address(model, "example/"), BINARY | {"over_cost": "0.4", "under_cost": "1.2"})
    )
    # Half a unit too high and half a unit too low on average.
    assert "Each EUR too high costs $0.40. Over 1,000 predictions these add up to 500 EUR: −$200." in told
    assert "Together, 1,000 predictions cost $800." in told


def test_a_validator_reads_and_changes_nothing(model: MonitoredModel) -> None:
    save(model)
    client = signed_in(model, Role.VALIDATOR)
    page = client.get(address(model)).content.decode()
    assert "Save as version" not in page
    assert 'class="bare" disabled' in page
    assert client.post(address(model), BINARY | {"cell_0_0": "1"}).status_code == 403


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_nobody_below_engineer_states_amounts(model: MonitoredModel, role: Role) -> None:
    assert signed_in(model, role).get(address(model)).status_code == 403


def test_an_earlier_version_is_compared_with_the_present_one() -> None:
    model = report_model()
    push_predictions(model, [prediction_row(1, predicted_at=(timezone.now() - timedelta(days=3)).isoformat())])
    for version in (1, 2):
        model.value_models.create(version=version, currency="USD", matrix={})
    links = re.findall(r'href="([^"]*compare[^"]*)"', signed_in(model).get(address(model)).content.decode())
    assert len(links) == 1
    assert "first_prices=1" in unescape(links[0])
    # Both sides are the usual window.
    assert len(set(re.findall(r"(?:first|second)=([\d_-]+)", unescape(links[0])))) == 1
