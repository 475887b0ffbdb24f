"""Forms of members, and the filters of the audit record."""

from typing import Any

from django import forms

from apps.accounts.models import Role
from apps.common.errors import NotFoundError

ROLES = {
    Role.STAKEHOLDER: "Stakeholder: reads the reports",
    Role.VALIDATOR: "Validator: reads everything but open cases, and writes findings",
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


class InvitationForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(label="E-mail address", widget=forms.EmailInput({"autocomplete": "off"}))
    role = forms.ChoiceField(label="Role", choices=list(ROLES.items()), initial=Role.REVIEWER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)
