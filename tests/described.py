"""The API as it describes itself, for tests that hold it to that."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

EXAMPLE_MODEL = "credit"


@cache
def description() -> dict[str, Any]:
    """The document that /api/v1/schema serves."""
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every call."""
    return [
        (path, method, operation)
        for path, methods in description()["paths"].items()
        for method, operation in methods.items()
    ]


def request_example(operation_id: str) -> Any:
    """The body that the description shows for a call."""
    (operation,) = (found for _, _, found in operations() if found["operationId"] == operation_id)
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    (example,) = examples.values()
    return example["value"]
