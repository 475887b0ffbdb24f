"""The key in the OpenAPI document. Loaded when the apps are ready, because drf-spectacular looks for it then."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from apps.accounts.models import Scope
from apps.accounts.services.permissions import Needs, needs_of
from apps.common.schema import DescribedSchema


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself, untyped
    target_class = "apps.accounts.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002  # the library's signature
        return {"type": "http", "scheme": "bearer"}


class AccessSchema(DescribedSchema):
    """Adds to each call's description the scope and the role that it needs."""

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular's signature, not that of its base
        said, needs = super().get_description(), needs_of(self.view, self.method)
        return f"{said}\n\n{_needed(needs)}" if needs else said


def _needed(needs: Needs) -> str:
    """Say what a key needs for a call."""
    scopes = "any" if set(needs.scopes) == set(Scope) else " or ".join(f"`{scope}`" for scope in needs.scopes)
    role = f"at least the role {needs.role}"
    person = (
        f"The key acts for a person with {role}." if needs.needs_person else f"A key that acts for a person: {role}."
    )
    return f"Scope: {scopes}. {person}"
