"""What is wrong with a sampling document, each with its place, so that a form can show it beside the right control."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from apps.common.errors import DomainError

# The names and positions that lead to a part of the document: ("policies", 2, "condition", "all", 0, "value")
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `message` is for people; `code` is stable."""

    path: Path
    message: str
    code: str = "invalid"

    def under(self, *path: str | int) -> "Problem":
        """Return it with its place in a larger document."""
        return replace(self, path=(*path, *self.path))

    def __str__(self) -> str:
        place = ""
        for step in self.path:
            place += f" {step + 1}" if isinstance(step, int) else f", {step}" if place else step
        return f"{place}: {self.message}" if place else self.message


class InvalidDocumentError(DomainError):
    """The document cannot be saved. `problems` has everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        codes = {each.code for each in problems}
        super().__init__(
            " ".join(map(str, problems)),
            code=codes.pop() if len(codes) == 1 else None,
            problems=[{"path": list(each.path), "message": each.message} for each in problems],
        )
        self.problems = problems


def of_serializer(errors: Any, path: Path = ()) -> Iterator[Problem]:
    """Flatten a serializer's nested errors."""
    if isinstance(errors, dict):
        for name, inner in errors.items():
            yield from of_serializer(inner, path if name == "non_field_errors" else (*path, name))
    elif isinstance(errors, list) and any(isinstance(each, dict | list) for each in errors):
        for place, inner in enumerate(errors):
            yield from of_serializer(inner, (*path, place))
    else:
        yield from (Problem(path, str(each)) for each in (errors if isinstance(errors, list) else [errors]))
