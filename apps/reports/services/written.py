"""Reports in words and print, for whoever sends them.

Pages lay reports out, and stand above the services; these look them up when they are needed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from django.utils.module_loading import import_string

from apps.accounts.models import Role
from apps.reports.engine.comparison_document import ComparisonDocument
from apps.reports.models import Report
from apps.reports.services.comparisons import Side, last_comparison
from apps.reports.services.moves import headline, in_short
from apps.reports.services.standing import days_before
from apps.reports.services.visible import visible
from apps.reports.services.visible_comparison import visible_comparison

PAGES = "apps.reports.pages.letters"


@dataclass(frozen=True)
class Tile:
    """A large figure, and its range or where it comes from."""

    label: str
    text: str
    note: str


@dataclass(frozen=True)
class Picture:
    """A picture as PNG, its title, what it shows in words, and its width in pixels."""

    png: bytes
    title: str
    text: str
    width: int


@dataclass(frozen=True)
class Written:
    """A report in short."""

    title: str
    period: str
    state: str
    state_note: str
    sentence: str
    basis: str
    tiles: list[Tile]
    changes: list[str]
    # By how much the figure moved against the time before, and why, in a few words.
    moved: str
    picture: Picture | None


def write(
    report: Report, *, before: Report | None, last: Report | None, role: Role, has_picture: bool = True
) -> Written:
    """Write a report as this role may see it, beside the window before and what was told last.

    Where a comparison with the window before is stored, it says why the figure moved.
    """
    others = {name: each and visible(each, role=role) for name, each in (("before", before), ("last", last))}
    short = cast(Written, _page("written")(visible(report, role=role), has_picture=has_picture, **others))
    document = _comparison(report, role=role)
    if document is None:
        return short
    changes = [headline(document), *short.changes] if before else short.changes
    return replace(short, changes=changes, moved=in_short(document))


def _comparison(report: Report, *, role: Role) -> ComparisonDocument | None:
    version = report.version.name if report.version else None
    days = days_before(report.start, report.end), (report.start, report.end)
    stored = last_comparison(report.model, report.kind, *(Side(start, end, version) for start, end in days))
    return cast(ComparisonDocument, visible_comparison(stored, role=role).document) if stored else None


def print_out(report: Report, *, before: Report | None, role: Role) -> tuple[str, bytes]:
    """Return the name of a report's PDF file as this role may see it, and the file, beside the window before."""
    seen = before and visible(before, role=role)
    return cast(tuple[str, bytes], _page("printed")(visible(report, role=role), before=seen))


def _page(name: str) -> Callable[..., Any]:
    return cast(Callable[..., Any], import_string(f"{PAGES}.{name}"))
