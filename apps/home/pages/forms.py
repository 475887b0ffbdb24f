"""The form of the portfolio: which models, in which order, of which month."""

from django import forms

from apps.home.pages.lines import SORTS
from apps.home.services.portfolio import Row
from apps.registry.models import Task


class PortfolioForm(forms.Form):
    """What is senseless filters nothing."""

    text = forms.CharField(label="Find", required=False, max_length=200)
    task = forms.ChoiceField(label="Task", required=False, choices=[("", "any"), *Task.choices])
    alerts = forms.BooleanField(label="With open alerts", required=False)
    sort = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    month = forms.CharField(required=False, max_length=7, widget=forms.HiddenInput)

    def wanted(self, name: str) -> str:
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")

    @property
    def sort_by(self) -> str:
        return chosen if (chosen := self.wanted("sort")) in SORTS else ""

    @property
    def is_filtered(self) -> bool:
        return any(self.wanted(name) for name in ("text", "task", "alerts"))

    def keeps(self, row: Row) -> bool:
        """Say whether a model is asked for."""
        text, task = self.wanted("text").lower(), self.wanted("task")
        return (
            (not text or text in f"{row.model.name} {row.model.slug} {row.model.question}".lower())
            and (not task or row.model.task == task)
            and (not self.wanted("alerts") or row.alerts.open > 0)
        )
