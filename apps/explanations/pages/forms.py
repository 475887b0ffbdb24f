"""The form with which engineers register a model file."""

from typing import Any

from django import forms

from apps.common import strict_json
from apps.common.errors import DomainError
from apps.explanations.services.registering import LONGEST_VERSION
from apps.registry.models import MonitoredModel

LONGEST_DOCUMENT = 2_000_000


class ModelFileForm(forms.Form):
    """A file, the version that it is, and what it takes to feed it."""

    version = forms.CharField(
        max_length=LONGEST_VERSION,
        help_text="As predictions name it.",
        widget=forms.TextInput({"list": "versions", "autocomplete": "off"}),
    )
    file = forms.FileField(
        help_text="XGBoost JSON, LightGBM text, ONNX or skops. Pickled models are refused: they can hold code.",
        widget=forms.ClearableFileInput(attrs={"accept": ".json,.txt,.onnx,.skops"}),
    )
    document = forms.CharField(
        required=False,
        max_length=LONGEST_DOCUMENT,
        label="How to feed it, as JSON",
        help_text="Without it, the inputs are the declared features in their order, as float32 with missing values as"
        " NaN.",
        widget=forms.Textarea({"rows": 8, "spellcheck": "false", "class": "code"}),
    )

    def __init__(self, *arguments: Any, model: MonitoredModel, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.versions = list(model.versions.order_by("-pk").values_list("name", flat=True)[:50])

    def clean_document(self) -> dict[str, Any]:
        text = self.cleaned_data["document"].strip()
        if not text:
            return {}
        try:
            found = strict_json.loads(text.encode())
        except DomainError as error:
            raise forms.ValidationError(error.message) from error
        if not isinstance(found, dict):
            raise forms.ValidationError("This is not a JSON object.")
        return found
