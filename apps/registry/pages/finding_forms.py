"""Forms of findings, of what is done about them and about incidents, and of the lists."""

from typing import Any

from django import forms

from apps.accounts.models import Project, User
from apps.registry.models import FollowUp, Helped
from apps.registry.models.follow_up import LONGEST_TEXT
from apps.registry.services.follow_ups import FIELDS, possible_owners


class FollowUpForm(forms.Form):
    """Who sees to it, until when, and what came of it."""

    owner = forms.ModelChoiceField(
        label="Who sees to it", queryset=User.objects.none(), required=False, empty_label="nobody yet"
    )
    due_on = forms.DateField(label="Until", required=False, widget=forms.DateInput({"type": "date"}))
    cause = forms.CharField(
        label="Cause", required=False, max_length=LONGEST_TEXT, widget=forms.Textarea({"rows": 3}), empty_value=""
    )
    action = forms.CharField(
        label="What was done",
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea({"rows": 3}),
        empty_value="",
    )
    helped = forms.ChoiceField(label="Did it help?", required=False, choices=[("", "not known yet"), *Helped.choices])

    def __init__(self, *arguments: Any, project: Project, **options: Any) -> None:
        super().__init__(*arguments, **options)
        people = possible_owners(project).values("user")
        self.fields["owner"].queryset = User.objects.filter(pk__in=people).order_by("name", "email")  # type: ignore[attr-defined]  # it is a ModelChoiceField

    @classmethod
    def of(cls, row: FollowUp, data: Any = None, *, project: Project) -> "FollowUpForm":
        return cls(data, initial={name: getattr(row, name) for name in FIELDS}, project=project)


class FindingForm(FollowUpForm):
    """A new finding."""

    title = forms.CharField(label="Finding", max_length=200, help_text="In one sentence.")
    text = forms.CharField(
        label="What you saw, and why it matters",
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea({"rows": 5}),
        empty_value="",
    )
    cause = action = helped = None  # type: ignore[assignment]  # they come later
    field_order = ("title", "text", "owner", "due_on")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # The filters of the list stand on the same page, and have a field of text too.
        super().__init__(*arguments, auto_id="finding_%s", **options)


class FindingsForm(forms.Form):
    """Which findings to list."""

    text = forms.CharField(label="Text", required=False, max_length=200)
    state = forms.ChoiceField(
        label="State", required=False, choices=[("open", "open"), ("closed", "closed"), ("all", "all")]
    )

    @property
    def wanted(self) -> dict[str, str]:
        """Return the valid filters; what is senseless filters nothing."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
