"""The form in which people choose the window of a report."""

from datetime import date, timedelta
from typing import Any, Self

from django import forms

from apps.registry.models import MonitoredModel
from apps.reports.services.windows import first_day, today_of

WEEKS = {"4": "The last 4 weeks", "26": "The last 26 weeks"}
MONTHS_BACK = 12


class WindowForm(forms.Form):
    """One of the usual windows, or dates of one's own; dates win where they are given."""

    window = forms.ChoiceField(label="Period", error_messages={"required": "Choose a period."})
    start = forms.DateField(label="From", required=False, widget=forms.DateInput({"type": "date"}))
    through = forms.DateField(label="Through", required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, *args: Any, today: date, since: date | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        held = [first for first in _months_before(today) if since is None or since < next_month(first)]
        months = [(f"{first:%Y-%m}", f"{first:%B %Y}") for first in held]
        field = self.fields["window"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*WEEKS.items(), *months]
        # Dates are sent without the choice that they replace.
        field.required = not (self.data.get("start") or self.data.get("through"))
        field.initial = "26"

    @classmethod
    def of(cls, model: MonitoredModel, answers: Any = None) -> Self:
        """Return the form with the project's present day; it offers no month before the first prediction."""
        return cls(answers, today=today_of(model), since=first_day(model) if answers is None else None)

    def clean(self) -> dict[str, Any]:
        """Add `days`: the half-open window of the report."""
        cleaned = self.cleaned_data
        start, through = cleaned.get("start"), cleaned.get("through")
        if self.errors:
            return cleaned
        if start or through:
            cleaned["days"] = self._own(start, through)
        else:
            cleaned["days"] = self._usual(cleaned["window"])
        return cleaned

    def _own(self, start: date | None, through: date | None) -> tuple[date, date] | None:
        if not start or not through:
            self.add_error("through" if start else "start", "Enter a first and a last day.")
            return None
        if through < start:
            self.add_error("through", "The last day is before the first.")
            return None
        if through.year > self.today.year + 1:
            self.add_error("through", "The last day is too far ahead.")
            return None
        return start, through + timedelta(days=1)

    def _usual(self, window: str) -> tuple[date, date]:
        if window in WEEKS:
            end = self.today + timedelta(days=1)
            return end - timedelta(weeks=int(window)), end
        first = date.fromisoformat(f"{window}-01")
        return first, next_month(first)


class DaysForm(forms.Form):
    """The half-open days in an address."""

    start = forms.DateField()
    end = forms.DateField()

    def clean(self) -> dict[str, Any]:
        """Refuse a window without a day."""
        start, end = self.cleaned_data.get("start"), self.cleaned_data.get("end")
        if start and end and start >= end:
            self.add_error("end", "A window must end after it starts.")
        return self.cleaned_data

    @property
    def days(self) -> tuple[date, date]:
        return self.cleaned_data["start"], self.cleaned_data["end"]


def _months_before(today: date) -> list[date]:
    """List the first days of this month and of those before it, newest first."""
    firsts = [today.replace(day=1)]
    while len(firsts) < MONTHS_BACK:
        firsts.append((firsts[-1] - timedelta(days=1)).replace(day=1))
    return firsts


def next_month(first: date) -> date:
    """Return the first day of the next month."""
    return (first + timedelta(days=31)).replace(day=1)
