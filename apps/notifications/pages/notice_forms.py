"""The forms with which people look through their notices and say how they want to be told."""

from typing import Any

from django import forms

from apps.accounts.models import Project, User
from apps.notifications.models import How, NoticeKind
from apps.notifications.services.inbox import Wanted

LONGEST = 200


class NoticesForm(forms.Form):
    """Which notices to list."""

    text = forms.CharField(label="Find", required=False, max_length=LONGEST, widget=forms.TextInput({"type": "search"}))
    kind = forms.ChoiceField(label="About", required=False, choices=[("", "anything"), *NoticeKind.choices])
    project = forms.ModelChoiceField(
        Project.objects.none(), label="Project", required=False, empty_label="any", to_field_name="slug"
    )
    state = forms.ChoiceField(label="State", required=False, choices=[("", "any"), ("unread", "unread")])

    def __init__(self, *arguments: Any, user: User, **options: Any) -> None:
        super().__init__(*arguments, **options)
        project = self.fields["project"]
        assert isinstance(project, forms.ModelChoiceField)
        project.queryset = Project.objects.of(user)

    @property
    def wanted(self) -> Wanted:
        """The conditions; one that makes no sense narrows nothing."""
        self.is_valid()
        return Wanted(**{name: self.cleaned_data[name] for name in self.fields if self.cleaned_data.get(name)})


class PreferencesForm(forms.Form):
    """How to be told of each kind of thing."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for kind in NoticeKind:
            self.fields[kind.value] = forms.ChoiceField(label=kind.label, choices=How.choices)

    @property
    def chosen(self) -> dict[NoticeKind, How]:
        return {NoticeKind(name): How(how) for name, how in self.cleaned_data.items()}


class UntilForm(forms.Form):
    """When the person saw the list."""

    until = forms.DateTimeField(required=False)
