"""Versions of a model's sampling in words: what changed from one to the next, and how each reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.planning.services import editing, versions
from apps.planning.services.versions import DRAFT, SAVED, Document, Version
from apps.registry.models import MonitoredModel
from apps.sampling.models import SamplingConfiguration
from apps.sampling.services import wording

KINDS = {
    "number": "integer",
    "since": "moment",
    "saved_by": "text",
    "key": "text",
    "approved_by": "text",
    "reason": "text",
    "changes": "text",
    "document": "text",
}


@dataclass(frozen=True)
class Line:
    """A version in the list."""

    version: SamplingConfiguration
    who: str
    approved_by: str
    changes: list[str]


def lines(model: MonitoredModel, found: Sequence[SamplingConfiguration]) -> list[Line]:
    """Describe versions, each with what it changed."""
    before = versions.documents_before(model, list(found))
    return [
        Line(each, _who(each), _name(each.approved_by), _changed(model, each, before[each.number])) for each in found
    ]


def rows(model: MonitoredModel, found: Sequence[SamplingConfiguration]) -> list[dict[str, Any]]:
    """Describe versions for a file."""
    return [
        {
            "number": line.version.number,
            "since": line.version.starts_at.isoformat() if line.version.starts_at else None,
            "saved_by": _name(line.version.saved_by) or None,
            "key": line.version.key.name if line.version.key else None,
            "approved_by": line.approved_by or None,
            "reason": line.version.reason or None,
            "changes": line.changes,
            "document": line.version.document,
        }
        for line in lines(model, found)
    ]


def changes(model: MonitoredModel, before: Document, after: Document) -> list[str]:
    """Say what one document changes about another, a sentence each."""
    return wording.changes_in_words(model, before, after)


@dataclass(frozen=True)
class Side:
    """One of two versions beside each other."""

    title: str
    since: Any
    policies: list[wording.Said]
    floor: str
    # The number under which it can be taken up again
    number: int | None


def side(model: MonitoredModel, version: Version, *, number: int) -> Side:
    """Describe a version: its policies by rank, each as a sentence."""
    titles = {SAVED: f"In force: version {number}", DRAFT: "Your draft"}
    return Side(
        title=titles.get(version.key, f"Version {version.key}"),
        since=version.since,
        policies=[wording.policy(model, each) for each in editing.in_order(version.document)],
        floor=wording.rate(version.document["floor"]),
        number=int(version.key) if version.key.isdecimal() and int(version.key) != number else None,
    )


def _changed(model: MonitoredModel, version: SamplingConfiguration, before: Document | None) -> list[str]:
    return [] if before is None else changes(model, before, version.document)


def _who(version: SamplingConfiguration) -> str:
    if version.saved_by is not None:
        return _name(version.saved_by)
    return f"the key {version.key.name}" if version.key is not None else ""


def _name(person: Any) -> str:
    return person.display_name if person is not None else ""
