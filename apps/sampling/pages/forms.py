"""The sampling document as text to edit, parsed as strictly as the API parses it."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from apps.common import strict_json
from apps.common.strict_json import StrictJSONError
from apps.sampling.services.documents import SamplingSerializer
from apps.sampling.services.problems import of_serializer


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

    def clean_document(self) -> dict[str, Any]:
        try:
            document = strict_json.loads(self.cleaned_data["document"].encode())
        except StrictJSONError as error:
            raise ValidationError(error.message) from error
        serializer = SamplingSerializer(data=document)
        if not serializer.is_valid():
            raise ValidationError([str(each) for each in of_serializer(serializer.errors)])
        return dict(serializer.validated_data)


def _policy(draft: str) -> dict[str, Any] | None:
    """Read a drafted policy; None where it is none, so that a broken link shows what is in force."""
    try:
        policy = strict_json.loads(draft.encode())
    except StrictJSONError:
        return None
    return policy if isinstance(policy, dict) else None
