"""The sides of a comparison, as one names them beside each other."""

from datetime import date

from apps.reports.engine.comparison_document import ComparisonDocument, SideSection
from apps.reports.services.periods import is_month, period


def names_of_sides(document: ComparisonDocument) -> tuple[str, str]:
    """Name both sides as one would say them beside each other: “August” and “September”, or two versions."""
    one, other = document["sides"]
    first, second = days_of(one), days_of(other)
    is_same_time = first == second
    if is_same_time and one["version"] != other["version"]:
        return _version_of(one), _version_of(other)
    if is_same_time:
        return f"prices {one['value_model']}", f"prices {other['value_model']}"
    names = [_period_of(days, other=others) for days, others in ((first, second), (second, first))]
    versions = [f" with version {side['version']}" if side["version"] else "" for side in (one, other)]
    return names[0] + versions[0], names[1] + versions[1]


def days_of(side: SideSection) -> tuple[date, date]:
    """Return the days that the figures of a side are about, half-open."""
    return date.fromisoformat(side["first"]), date.fromisoformat(side["until"])


def _version_of(side: SideSection) -> str:
    return f"version {side['version']}" if side["version"] else "all versions"


def _period_of(days: tuple[date, date], *, other: tuple[date, date]) -> str:
    """Name a period; a month without its year where the other side is of the same one."""
    if is_month(*days) and days[0].year == other[0].year:
        return f"{days[0]:%B}"
    return period(*days)
