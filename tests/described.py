"""The API's own description, for tests that check the API against it."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

EXAMPLE_MODEL = "credit"


@cache
def description() -> dict[str, Any]:
    """Return the document that /api/v1/schema serves."""
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return document


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Return the path, method and description of every call."""
    return [
        (path, method, operation)
        for path, methods in description()["paths"].items()
        for method, operation in methods.items()
    ]


def request_example(operation_id: str) -> Any:
    """Return the example body in the description of a call."""
    (operation,) = (each for _, _, each in operations() if each["operationId"] == operation_id)
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    (example,) = examples.values()
    return example["value"]
