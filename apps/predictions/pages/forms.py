"""Forms of the pages of rejected rows and uploads."""

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
    def read(cls, query: QueryDict) -> dict[str, Any]:
        """Read the filters. Raises NotFoundError for values that no link of ours has."""
        form = cls(query)
        if not form.is_valid():
            raise NotFoundError("There are no such rows.")
        return form.cleaned_data


class UploadForm(forms.Form):
    file = forms.FileField(
        help_text="CSV, NDJSON or Parquet. You see a preview before anything is stored.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.ndjson,.jsonl,.parquet,.pq"}),
    )
    kind = forms.ChoiceField(label="Rows are", choices=BatchKind.choices)
