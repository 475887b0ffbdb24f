"""Guidelines of a queue: written in versions, shown as a page, compared line by line."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from django.db import transaction
from django.utils.safestring import SafeString

from apps.accounts.models import User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError, DomainError
from apps.common.markdown import to_html
from apps.common.numerals import count
from apps.registry.models import Guideline, ReviewQueue

LONGEST_TEXT = 50_000
LONGEST_CHANGE = 300
# Unchanged lines shown around each change.
CONTEXT = 2
# Comparison is quadratic in the worst case; longer texts are shown as removed and added as a whole.
MOST_LINES_COMPARED = 2_000


def write(
    queue: ReviewQueue, *, text: str, change: str = "", by: User | None, instead_of: int | None = None
) -> Guideline:
    """Save a new version, unless the text is unchanged. `instead_of` is the version its writer started from."""
    text = "\n".join(text.splitlines()).strip("\n")
    _check(text, change)
    with transaction.atomic():
        # Serialize concurrent writers.
        locked = ReviewQueue.objects.select_for_update(no_key=True).get(pk=queue.pk)
        current: Guideline | None = locked.guideline
        last = current.version if current else 0
        if current is not None and current.text == text:
            return current
        if instead_of is not None and instead_of != last:
            raise ConflictError(
                f"Somebody else saved version {last} meanwhile. Look at its changes, then save again to replace it.",
                code="guideline_changed",
                version=last,
            )
        guideline: Guideline = Guideline.objects.create(
            queue=queue, version=last + 1, text=text, change=change.strip(), written_by=by
        )
        model = queue.model
        details = {"version": guideline.version, "change": guideline.change}
        audit_log.record(
            model.project, "guideline.written", subject=f"queue {model.slug}:{queue.slug}", by=by, details=details
        )
    return guideline


def _check(text: str, change: str) -> None:
    if not text.strip():
        raise DomainError("Write the guidelines first.", code="text_missing", field="text")
    if len(text) > LONGEST_TEXT:
        raise DomainError(f"At most {count(LONGEST_TEXT)} characters.", code="text_too_long", field="text")
    if len(change) > LONGEST_CHANGE or "\n" in change.strip():
        raise DomainError(f"One line of at most {LONGEST_CHANGE} characters.", code="change_too_long", field="change")


def rendered(guideline: Guideline) -> SafeString:
    """Return the text as HTML that is safe to show."""
    return to_html(guideline.text)


class Kind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    # Unchanged lines that are left out.
    GAP = "gap"


@dataclass(frozen=True)
class DiffLine:
    kind: Kind
    text: str = ""


def difference(before: Guideline, after: Guideline) -> list[DiffLine]:
    """Return the lines that the later version adds and removes, with a few unchanged lines around them."""
    old, new = before.text.splitlines(), after.text.splitlines()
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    old_part, new_part = old[head : len(old) - tail], new[head : len(new) - tail]
    lines = [DiffLine(Kind.SAME, text) for text in old[:head]]
    lines += _compared(old_part, new_part)
    lines += [DiffLine(Kind.SAME, text) for text in old[len(old) - tail :]]
    return list(_without_long_rests(lines))


def _shared(one: list[str], other: list[str]) -> int:
    """Return how many lines both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def _compared(old: list[str], new: list[str]) -> Iterator[DiffLine]:
    if max(len(old), len(new)) > MOST_LINES_COMPARED:
        yield from _exchanged(old, new)
        return
    for step, from_old, to_old, from_new, to_new in SequenceMatcher(None, old, new).get_opcodes():
        if step == "equal":
            yield from (DiffLine(Kind.SAME, text) for text in old[from_old:to_old])
        else:
            yield from _exchanged(old[from_old:to_old], new[from_new:to_new])


def _exchanged(old: list[str], new: list[str]) -> Iterator[DiffLine]:
    yield from (DiffLine(Kind.REMOVED, text) for text in old)
    yield from (DiffLine(Kind.ADDED, text) for text in new)


def _without_long_rests(lines: list[DiffLine]) -> Iterator[DiffLine]:
    changed = [index for index, line in enumerate(lines) if line.kind != Kind.SAME]
    near = {index for one in changed for index in range(one - CONTEXT, one + CONTEXT + 1)}
    for index, line in enumerate(lines):
        if index in near:
            yield line
        elif near and (index == 0 or index - 1 in near):
            yield DiffLine(Kind.GAP)
