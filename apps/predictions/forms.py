"""Which rejected rows a page is asked for."""

from typing import Any

from django import forms
from django.http import QueryDict

from apps.common.errors import NotFoundError
from apps.predictions.models import BatchKind


class RejectedForm(forms.Form):
    code = forms.CharField(max_length=64, required=False)
    kind = forms.ChoiceField(choices=[("", ""), *BatchKind.choices], required=False)
    cursor = forms.IntegerField(min_value=1, required=False)

    @classmethod
    def read(cls, asked: QueryDict) -> dict[str, Any]:
        """What is asked for; NotFoundError where no link of ours leads."""
        form = cls(asked)
        if not form.is_valid():
            raise NotFoundError("There are no such rows.")
        return form.cleaned_data
