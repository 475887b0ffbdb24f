"""The sampling document as text to edit: the same document as in the API, read as strictly."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from apps.common import strict_json
from apps.common.strict_json import StrictJSONError
from apps.registry.models import MonitoredModel
from apps.sampling.services import validation
from apps.sampling.services.problems import InvalidDocumentError


class DocumentForm(forms.Form):
    document = forms.CharField(
        label="Draft",
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "false", "class": "mono", "autocomplete": "off"}),
        help_text="Floor, policies and queues in one document, as in the API. "
        "Nothing is drawn by it until the draft is saved.",
    )

    def __init__(self, *given: Any, model: MonitoredModel, **named: Any) -> None:
        super().__init__(*given, **named)
        self._model = model

    @classmethod
    def showing(cls, document: dict[str, Any], *, model: MonitoredModel) -> "DocumentForm":
        text = json.dumps(document, indent=2, ensure_ascii=False)
        return cls(model=model, initial={"document": text})

    def clean_document(self) -> dict[str, Any]:
        try:
            document = strict_json.loads(self.cleaned_data["document"].encode())
            return validation.validated(document, model=self._model)
        except StrictJSONError as error:
            raise ValidationError(error.message) from error
        except InvalidDocumentError as error:
            raise ValidationError([str(each) for each in error.problems]) from error
