"""Forms of keys: filter, create, replace."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet

from apps.accounts.models import Project, Scope, User
from apps.accounts.querysets import ApiKeyQuerySet
from apps.accounts.services.keys import LIFETIME, OVERLAP
from apps.common.errors import NotFoundError

SCOPES = {
    Scope.REGISTRY_WRITE: "Register and change models",
    Scope.PREDICTIONS_WRITE: "Send predictions",
    Scope.OUTCOMES_WRITE: "Send outcomes",
    Scope.SAMPLING_WRITE: "Change the sampling",
    Scope.REVIEWS_WRITE: "Review cases for a person",
    Scope.PREDICTIONS_READ: "Read predictions",
    Scope.LABELS_READ: "Read labels",
    Scope.REPORTS_WRITE: "Request reports",
    Scope.REPORTS_READ: "Read reports",
}
NEVER = "never"
LIFETIMES = {"90": "in 90 days", str(LIFETIME.days): "in a year", NEVER: "never"}
OVERLAPS = {"0": "now", "1": "in an hour", "24": "in 24 hours", "168": "in a week"}
STATES = {"": "All", "usable": "Working", "unused": "Not used for 90 days", "ended": "Ended"}


class KeyFilterForm(forms.Form):
    """Which keys the list shows."""

    q = forms.CharField(
        label="Name, person or beginning", max_length=200, required=False, widget=forms.TextInput({"type": "search"})
    )
    state = forms.ChoiceField(label="State", choices=list(STATES.items()), required=False)

    def chosen(self, keys: ApiKeyQuerySet) -> ApiKeyQuerySet:
        """Return the keys that match. Raises NotFoundError for values that no link of ours has."""
        if not self.is_valid():
            raise NotFoundError("There are no such keys.")
        chosen = {"usable": keys.usable, "unused": keys.long_unused, "ended": keys.ended}
        kept = chosen.get(self.cleaned_data["state"], keys.all)()
        text = self.cleaned_data["q"].strip()
        return kept.mentioning(text) if text else kept


class KeyForm(forms.Form):
    """A new key for a client system."""

    name = forms.CharField(label="What it is for", max_length=200, help_text="For example: nightly scoring job")
    scopes = forms.MultipleChoiceField(
        label="What it may do", choices=list(SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )
    acts_for = forms.ModelChoiceField(
        label="Acts for",
        queryset=User.objects.none(),
        required=False,
        empty_label="nobody",
        help_text="A key that reviews cases acts in one person's name, with that person's role.",
    )
    days = forms.ChoiceField(label="Expires", choices=list(LIFETIMES.items()), initial=str(LIFETIME.days))

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people: QuerySet[User] = User.objects.filter(memberships__project=project).order_by("name", "email")
        field = self.fields["acts_for"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = people

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if Scope.REVIEWS_WRITE in cleaned.get("scopes", []) and not cleaned.get("acts_for"):
            self.add_error("acts_for", "Choose the person in whose name it reviews.")
        return cleaned

    @property
    def lifetime(self) -> timedelta | None:
        days = self.cleaned_data["days"]
        return timedelta(days=int(days)) if days != NEVER else None


class RotateForm(forms.Form):
    """How long a replaced key goes on working."""

    hours = forms.ChoiceField(
        label="The old key ends",
        choices=list(OVERLAPS.items()),
        initial=str(OVERLAP // timedelta(hours=1)),
        help_text="Until then both work. Choose “now” if others may know the key.",
    )

    @property
    def overlap(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["hours"]))
