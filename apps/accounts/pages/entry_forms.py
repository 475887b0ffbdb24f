"""Forms behind secret links: each lets a person choose their own password."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from apps.accounts.models import User


class PasswordForm(forms.Form):
    """A new password, checked against what is known about the person."""

    password = forms.CharField(
        label="A password",
        help_text="At least 12 characters. A few words together work well.",
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, person: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "password" in cleaned:
            person = self.person or User(email=cleaned.get("email", ""), name=cleaned.get("name", ""))
            try:
                validate_password(cleaned["password"], person)
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class InvitedForm(PasswordForm):
    """The account of somebody who was invited. The address is the invitation's, whatever is sent."""

    email = forms.EmailField(
        label="E-mail address", disabled=True, widget=forms.EmailInput({"autocomplete": "username"})
    )
    name = forms.CharField(label="Your name", max_length=200, widget=forms.TextInput({"autocomplete": "name"}))

    field_order = ("email", "name", "password")


class SetupForm(PasswordForm):
    """The first owner and the first project."""

    project_name = forms.CharField(
        label="Name of the project", max_length=200, help_text="What the team calls it. Nobody outside sees it."
    )
    name = forms.CharField(label="Your name", max_length=200, widget=forms.TextInput({"autocomplete": "name"}))
    email = forms.EmailField(label="Your e-mail address", widget=forms.EmailInput({"autocomplete": "username"}))

    field_order = ("project_name", "name", "email", "password")

    def __init__(self, *args: Any, projects: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if projects:
            field = self.fields["project_name"]
            field.initial = projects[0]
            field.help_text = (
                f"Scripts have made {', '.join(projects)}: give such a name to own it, another to begin anew."
            )
