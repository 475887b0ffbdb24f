"""What the pages of rejected rows and of files are asked for."""

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


class UploadForm(forms.Form):
    file = forms.FileField(
        help_text="CSV, NDJSON or Parquet. You see what becomes of it before anything is stored.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.ndjson,.jsonl,.parquet,.pq"}),
    )
    kind = forms.ChoiceField(label="What its rows are", choices=BatchKind.choices)
