"""What was said of a window, and when: its stored reports as a reader may see them, the oldest first."""

from collections.abc import Iterator

from apps.accounts.models import Role
from apps.reports.models import Report
from apps.reports.services.visible import visible

# Documents are large: more of them take longer than anybody waits, and a picture shows no more.
MOST = 24


def said(report: Report, *, role: Role) -> Iterator[Report]:
    """Yield the first report on this window and the newest others, one document in memory at a time."""
    same = Report.objects.of_same_window(report).up_to_date()
    numbers = list(same.values_list("pk", flat=True))
    shown = [*numbers[: MOST - 1], numbers[-1]] if len(numbers) > MOST else numbers
    for pk in reversed(shown):
        yield visible(same.select_related("model__project").get(pk=pk), role=role)


def times_said(report: Report) -> int:
    """Count the reports on this window."""
    return Report.objects.of_same_window(report).up_to_date().count()
