"""What every call can answer besides its success, told by what the call is; and that strict forms are closed.

Views describe their own answers; the refusals are added here, so that a new call has them without a word.
"""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.utils import Direction

from apps.common.api import ProblemSerializer

WHY = {
    "400": "The request cannot be read, or a field or parameter is not acceptable; `details` says which.",
    "401": "The key is missing, unknown, expired or revoked.",
    "403": "The key lacks the scope, or its person the role.",
    "404": "There is no such thing in the key's project.",
    "406": "None of the forms of answer that are accepted is there.",
    "409": "The state has moved on, or the call was made before with other content.",
    "411": "The body comes without its length; send Content-Length.",
    "413": "More than a limit allows; `details` names the limit and its value.",
    "415": "The form, charset or encoding of the body is not read here.",
    "422": "Understood, but not acceptable as a whole.",
    "429": "More than the key may send, or the project may ask for; come back after a while.",
}
RETRY_AFTER = {"description": "Seconds to wait, where the wait is known", "schema": {"type": "integer"}}


class DescribedSchema(AutoSchema):
    """Adds to each operation the errors that it can answer."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation is None:
            return None
        body = operation.get("requestBody", {"content": {}})
        if len(body["content"]) > 1:
            body["required"] = True  # of whichever form
        responses = operation["responses"]
        for status in self._refusals(needs_key=bool(operation.get("security"))):
            responses[status] = self._refusal(status, responses.get(status))
        operation["responses"] = {status: responses[status] for status in sorted(responses)}
        return operation

    def _refusals(self, *, needs_key: bool) -> list[str]:
        found = ["400", "406"]
        if needs_key:
            found += ["401", "429"]
        if getattr(self.view, "required_scope", None) is not None:
            found += ["403"]
        if "{" in self.path:
            found += ["404"]
        if self.method in {"POST", "PUT", "PATCH"}:
            found += ["411", "413", "415"]
        if self.method == "POST":
            found += ["409", "422"]
        return found

    def _refusal(self, status: str, own: dict[str, Any] | None) -> dict[str, Any]:
        """An error's answer; where the view has an answer of its own under this status, either of them."""
        schema = self.resolve_serializer(ProblemSerializer, "response").ref
        if own is not None:
            schema = {"anyOf": [own["content"]["application/json"]["schema"], schema]}
        answer = {"description": WHY[status], "content": {"application/json": {"schema": schema}}}
        return answer | ({"headers": {"Retry-After": RETRY_AFTER}} if status == "429" else {})


class StrictForms(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # registers itself, untyped
    """A form that refuses fields it does not know says so, and the `short_form` in which it may be written too."""

    target_class = "apps.common.api.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # type: ignore[no-untyped-call]  # the library has no public name for it
        if type(self.target).__doc__ is None:  # or the base's would stand here
            schema.pop("description", None)
        schema["additionalProperties"] = False
        short = getattr(self.target, "short_form", None)
        return schema if short is None else {"anyOf": [short, schema]}
