"""What serving and reviewing cost, as the value sheet tells it, and what is left of the value."""

from apps.common.numerals import localized
from apps.reports.engine.document import CostsSection, Document, ValueSection
from apps.reports.engine.rounding import money
from apps.reports.pages import contents
from apps.reports.pages.contents import unit
from apps.reports.pages.figures import in_other_terms, in_sentence
from apps.reports.pages.numbers import count
from apps.reports.pages.phrases import BASELINE
from apps.reports.pages.sheets.layout import Facts

# Amounts below this are written in cents and their fractions.
LARGE = 10.0


def facts(document: Document, value: ValueSection) -> Facts:
    """List what the whole window's decisions cost, what one costs, and what an hour of review earned."""
    reviews = f"{count(value['reviews'])} at {exact(value['review_cost_each'], value['currency'])}: "
    reviews += exact(value["review_cost"], value["currency"], rounded=True)
    costs = value.get("costs")
    if costs is None:
        return [("Reviews", reviews)]
    serving = exact(costs["serving_each"], value["currency"])
    total = exact(costs["serving"], value["currency"], rounded=True)
    found = [("Serving", f"{serving} a prediction: {total}" if float(costs["serving"]) else "no cost was stated")]
    found += [("Reviews", reviews)]
    found += [
        ("Cost of one decision", f"{exact(costs['per_decision'], value['currency'])}, serving and reviews together")
    ]
    return [*found, *_left(document, value, costs), *_hours(document, costs)]


def _left(document: Document, value: ValueSection, costs: CostsSection) -> Facts:
    """Take serving and reviews off the value of the whole window."""
    worth, cost = document["sections"].get("all", {}).get("value_total"), _total(value, costs)
    if worth is None or worth["value"] is None or not cost:
        return []
    return [("Value less both costs", in_sentence(in_other_terms(worth, plus=-cost), unit(document, "value_total")))]


def _hours(document: Document, costs: CostsSection) -> Facts:
    """Say what an hour of review went with: more than the baseline earns, or the whole value without one."""
    hours = costs["review_hours"]
    figures = document["sections"].get("all", {})
    metric = "value_difference" if contents.has_difference(document["headline"]["figures"]) else "value_total"
    worth = figures.get(metric)
    if not hours or worth is None or worth["value"] is None:
        return []
    name = f"more than {BASELINE}" if metric == "value_difference" else "in all"
    earned = in_sentence(in_other_terms(worth, times=1 / hours), unit(document, "value_total"))
    spent = count(hours) if hours >= LARGE else localized(f"{hours:.2g}")
    return [("Value for each hour of review", f"{earned} {name}; reviews took {spent} hours")]


def _total(value: ValueSection, costs: CostsSection) -> float:
    return float(costs["serving"]) + float(value["review_cost"])


def exact(amount: str, currency: str, *, rounded: bool = False) -> str:
    """Write an amount as it was stated: cents where there are any, and more digits where it is less than a cent.

    >>> exact("250", "USD"), exact("2.50", "USD"), exact("0.0021", "EUR"), exact("3100.20", "USD", rounded=True)
    ('$250', '$2.50', '€0.0021', '$3,100')
    """
    number = float(amount)
    if rounded and abs(number) >= LARGE:
        return money(number, currency=currency, step=1)
    places = max(2, -int(f"{number:e}".partition("e")[2]) + 1) if 0 < abs(number) < 1 else 2
    return money(number, currency=currency, step=1 if number.is_integer() else 10.0**-places)
