"""The forms with which owners say who is told what."""

from typing import Any

from django import forms

from apps.accounts.models import Project
from apps.common.egress import LONGEST_URL
from apps.notifications.models import EventKind, Form
from apps.notifications.querysets import STATES
from apps.notifications.services.feeds import Wanted
from apps.registry.models import MonitoredModel

LONGEST = 400


class EndpointForm(forms.Form):
    """An address, and what it is told."""

    url = forms.CharField(
        label="Address",
        max_length=LONGEST_URL,
        help_text="It begins with https:// and takes a POST with JSON.",
        widget=forms.TextInput({"inputmode": "url", "autocomplete": "off", "placeholder": "https://"}),
    )
    kinds = forms.MultipleChoiceField(
        label="What it is told",
        choices=[(kind.value, f"{kind.value}: {kind.label}") for kind in EventKind],
        initial=[kind.value for kind in EventKind],
        widget=forms.CheckboxSelectMultiple,
    )

    form = forms.ChoiceField(label="Written as", choices=Form.choices, initial=Form.EVENT, required=False)

    def clean_form(self) -> str:
        return self.cleaned_data["form"] or Form.EVENT


class DeliveriesForm(forms.Form):
    """Which deliveries to list."""

    state = forms.ChoiceField(label="State", required=False, choices=[("", "any"), *((name, name) for name in STATES)])
    kind = forms.ChoiceField(
        label="Event", required=False, choices=[("", "any"), *((kind.value, kind.value) for kind in EventKind)]
    )
    case = forms.CharField(label="Case", required=False, max_length=LONGEST)

    @property
    def wanted(self) -> Wanted:
        """The conditions; one that makes no sense narrows nothing."""
        self.is_valid()
        return Wanted(**{name: self.cleaned_data.get(name, "") for name in self.fields})


class ReplayForm(forms.Form):
    """From where on a model's events are sent again."""

    model = forms.ModelChoiceField(MonitoredModel.objects.none(), label="All events of", empty_label=None)
    after = forms.IntegerField(label="After number", min_value=0, max_value=2**63 - 1, initial=0)

    def __init__(self, *arguments: Any, project: Project, **options: Any) -> None:
        super().__init__(*arguments, **options)
        model = self.fields["model"]
        assert isinstance(model, forms.ModelChoiceField)
        model.queryset = MonitoredModel.objects.in_project(project).order_by("name")
