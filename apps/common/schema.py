"""The API's description: adds the errors that each call can answer, and that strict documents are closed.

Views describe their own answers. The errors follow from the kind of call, so a new call has them without a word.
"""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.utils import Direction

from apps.common.api import ProblemSerializer

WHY = {
    "400": "The request cannot be read, or a field or parameter is invalid; `details` says which.",
    "401": "The key is missing, unknown, expired or revoked, or its person has left.",
    "403": "The key lacks the scope, or the person it acts for lacks the role.",
    "404": "Not found in the key's project.",
    "406": "The call offers none of the accepted formats.",
    "409": "The state has changed, or the call was made before with other content.",
    "411": "The body comes without its length. Send Content-Length.",
    "413": "A limit is exceeded; `details` has its name and value.",
    "415": "The body's media type, charset or encoding is not supported.",
    "422": "The request is readable, but cannot be accepted as a whole.",
    "429": "The key has sent, or the project has asked for, as much as it may for now. Try again later.",
    "503": "The service or its database is busy or away. Nothing was stored; repeat it after `Retry-After` seconds.",
}
RETRY_AFTER = {"description": "Seconds to wait, if known", "schema": {"type": "integer"}}


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
            body["required"] = True  # in whichever format
        responses = operation["responses"]
        for status in self._refusals(needs_key=bool(operation.get("security"))):
            responses[status] = self._refusal(status, responses.get(status))
        operation["responses"] = {status: responses[status] for status in sorted(responses)}
        return operation

    def _refusals(self, *, needs_key: bool) -> list[str]:
        statuses = ["400", "406", "503"]
        if needs_key:
            statuses += ["401", "403", "429"]
        if "{" in self.path:
            statuses += ["404"]
        if self.method in {"POST", "PUT", "PATCH"}:
            statuses += ["411", "413", "415"]
        if self.method == "POST":
            statuses += ["422"]
        if self.method in {"POST", "DELETE"}:
            statuses += ["409"]
        return statuses

    def _refusal(self, status: str, own: dict[str, Any] | None) -> dict[str, Any]:
        """Describe an error's answer, as an alternative where the view has its own answer with this status."""
        schema = self.resolve_serializer(ProblemSerializer, "response").ref
        if own is not None:
            schema = {"anyOf": [own["content"]["application/json"]["schema"], schema]}
        answer = {"description": WHY[status], "content": {"application/json": {"schema": schema}}}
        return answer | ({"headers": {"Retry-After": RETRY_AFTER}} if status in {"429", "503"} else {})


class StrictForms(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # registers itself, untyped
    """Describes strict documents as closed to other fields, and the `short_form` that some may have."""

    target_class = "apps.common.api.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # type: ignore[no-untyped-call]  # the library has no public name for it
        if type(self.target).__doc__ is None:  # otherwise the base class's would appear
            schema.pop("description", None)
        schema["additionalProperties"] = False
        short = getattr(self.target, "short_form", None)
        return schema if short is None else {"anyOf": [short, schema]}
