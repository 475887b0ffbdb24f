"""The sampling document as text to edit, read as strictly as the API reads it."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from apps.common import strict_json
from apps.common.strict_json import StrictJSONError


class SamplingForm(forms.Form):
    document = forms.CharField(
        label="Configuration",
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "class": "mono", "autocomplete": "off"}),
        help_text="Floor, policies and queues in one document, as in the API. "
        "Each change starts a new version and applies from now on.",
    )

    @classmethod
    def showing(cls, document: dict[str, Any], *, draft: str = "") -> "SamplingForm":
        """Show the configuration in force, with a drafted policy that is not saved yet."""
        if policy := _policy(draft):
            others = [each for each in document["policies"] if each["name"] != policy.get("name")]
            document = {**document, "policies": [policy, *others]}
        return cls(initial={"document": json.dumps(document, indent=2, ensure_ascii=False)})

    def clean_document(self) -> Any:
        try:
            return strict_json.loads(self.cleaned_data["document"].encode())
        except StrictJSONError as error:
            raise ValidationError(error.message) from error


def _policy(draft: str) -> dict[str, Any] | None:
    """Read a drafted policy; None where it is none, so that a broken link shows what is in force."""
    try:
        policy = strict_json.loads(draft.encode())
    except StrictJSONError:
        return None
    return policy if isinstance(policy, dict) else None
