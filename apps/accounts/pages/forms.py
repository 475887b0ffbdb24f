"""Forms of accounts and members, and the filters of the audit record."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from apps.accounts.models import Role, User
from apps.common.errors import NotFoundError

ROLES = {
    Role.STAKEHOLDER: "Stakeholder: reads the reports",
    Role.REVIEWER: "Reviewer: also judges cases",
    Role.ADJUDICATOR: "Adjudicator: also settles disputes and disagreements",
    Role.ENGINEER: "Engineer: also sets up models, policies and queues",
    Role.OWNER: "Owner: also manages members and keys",
}
FORM_INVALID = 422


def form_status(*, bound: bool) -> int:
    """Return 422 for a page that shows a rejected form again, else 200."""
    return FORM_INVALID if bound else 200


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
