"""Forms of the alert pages: which alerts to list, for how long to mute, and what a rule's level is."""

from typing import Any

from django import forms

from apps.accounts.models import Project
from apps.notifications.models import Alert, RuleKind
from apps.registry.models import MonitoredModel

LONGEST_DAYS = 90


class AlertsForm(forms.Form):
    """Which alerts to list."""

    text = forms.CharField(label="Text", required=False, max_length=200)
    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "any"), *((each, each.label) for each in Alert.State)]
    )
    kind = forms.ChoiceField(label="Rule", required=False, choices=[("", "any"), *RuleKind.choices])
    model = forms.ChoiceField(label="Model", required=False)

    def __init__(self, *arguments: Any, project: Project, **options: Any) -> None:
        super().__init__(*arguments, **options)
        models = MonitoredModel.objects.in_project(project).order_by("name").values_list("slug", "name")
        self.fields["model"].choices = [("", "any"), *models]  # type: ignore[attr-defined]  # it is a ChoiceField

    @property
    def wanted(self) -> dict[str, str]:
        """Return the valid filters; what is senseless filters nothing."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class DaysForm(forms.Form):
    """For how many days."""

    days = forms.IntegerField(min_value=1, max_value=LONGEST_DAYS, initial=7)


class RuleForm(forms.Form):
    """A rule: whether it is on, and its level. Points and shares are written in 100."""

    is_on = forms.BooleanField(label="On", required=False)
    level = forms.FloatField(label="Level", required=False, min_value=0, max_value=1e12)
