"""Forms of accounts, members and keys."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import Project, Role, Scope, User
from apps.common.errors import NotFoundError

ROLES = {
    Role.STAKEHOLDER: "Stakeholder: reads the reports",
    Role.REVIEWER: "Reviewer: also judges cases",
    Role.ADJUDICATOR: "Adjudicator: also settles disputes and disagreements",
    Role.ENGINEER: "Engineer: also sets up models, policies and queues",
    Role.OWNER: "Owner: also manages members and keys",
}
SCOPES = {
    Scope.REGISTRY_WRITE: "Register and change models",
    Scope.PREDICTIONS_WRITE: "Send predictions",
    Scope.OUTCOMES_WRITE: "Send outcomes",
    Scope.SAMPLING_WRITE: "Change the sampling",
    Scope.REVIEWS_WRITE: "Review cases for a person",
    Scope.LABELS_READ: "Read labels",
    Scope.REPORTS_WRITE: "Request reports",
    Scope.REPORTS_READ: "Read reports",
}
NEVER = "never"
LIFETIMES = {"90": "in 90 days", "365": "in a year", NEVER: "never"}


class AuditForm(forms.Form):
    """Filters of the audit record: by act, by person, or none."""

    act = forms.ChoiceField(label="What", required=False)
    person = forms.ChoiceField(label="Who", required=False)

    def __init__(self, *args: Any, acts: list[tuple[str, str]], people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, known, everything in (("act", acts, "Everything"), ("person", people, "Everybody")):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", everything), *known]

    def filters(self) -> dict[str, str]:
        """Return the filters that are set. Raises NotFoundError for values that no link of ours has."""
        if not self.is_valid():
            raise NotFoundError("The audit record has no such entries.")
        return {name: value for name, value in self.cleaned_data.items() if value}


class SetupForm(forms.Form):
    """The first owner and the first project."""

    project_name = forms.CharField(
        label="Name of the project", max_length=200, help_text="What the team calls it. Nobody outside sees it."
    )
    name = forms.CharField(label="Your name", max_length=200, widget=forms.TextInput({"autocomplete": "name"}))
    email = forms.EmailField(label="Your e-mail address", widget=forms.EmailInput({"autocomplete": "username"}))
    password = forms.CharField(
        label="A password",
        help_text="At least 12 characters. A few words together work well.",
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "password" in cleaned:
            person = User(email=cleaned.get("email", ""), name=cleaned.get("name", ""))
            try:
                validate_password(cleaned["password"], person)
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class MemberForm(forms.Form):
    """A new member."""

    email = forms.EmailField(label="E-mail address", widget=forms.EmailInput({"autocomplete": "off"}))
    name = forms.CharField(
        label="Name", max_length=200, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )
    role = forms.ChoiceField(label="Role", choices=list(ROLES.items()), initial=Role.REVIEWER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


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
    days = forms.ChoiceField(label="Expires", choices=list(LIFETIMES.items()), initial="365")

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
    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days != NEVER else None
