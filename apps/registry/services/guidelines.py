"""What reviewers of a queue go by: written in versions, shown as a page, compared line by line."""

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
from apps.registry.models import Guideline, ReviewQueue

LONGEST_TEXT = 50_000
LONGEST_CHANGE = 300
# Lines that stay as they were, shown around those that changed.
CONTEXT = 2
# Comparing takes the product of both in the worst case; beyond it the whole is shown as taken out and put in.
MOST_LINES_COMPARED = 2_000


def write(
    queue: ReviewQueue, *, text: str, change: str = "", by: User | None, instead_of: int | None = None
) -> Guideline:
    """A new version, unless the text stays as it is. `instead_of`: the version that its writer had before them."""
    text = "\n".join(text.splitlines()).strip("\n")
    _check(text, change)
    with transaction.atomic():
        # Two who write at once come one after the other.
        locked = ReviewQueue.objects.select_for_update(no_key=True).get(pk=queue.pk)
        current: Guideline | None = locked.guideline
        last = current.version if current else 0
        if current is not None and current.text == text:
            return current
        if instead_of is not None and instead_of != last:
            raise ConflictError(
                f"Version {last} was written meanwhile. Look at what it changes, then save again to replace it.",
                code="guideline_changed",
                version=last,
            )
        made: Guideline = Guideline.objects.create(
            queue=queue, version=last + 1, text=text, change=change.strip(), written_by=by
        )
        model = queue.model
        details = {"version": made.version, "change": made.change}
        audit_log.record(
            model.project, "guideline.written", subject=f"queue {model.slug}:{queue.slug}", by=by, details=details
        )
    return made


def _check(text: str, change: str) -> None:
    if not text.strip():
        raise DomainError("Write something for reviewers to go by.", code="text_missing", field="text")
    if len(text) > LONGEST_TEXT:
        raise DomainError(f"At most {LONGEST_TEXT:,} characters.", code="text_too_long", field="text")
    if len(change) > LONGEST_CHANGE or "\n" in change.strip():
        raise DomainError(f"One line of at most {LONGEST_CHANGE} characters.", code="change_too_long", field="change")


def rendered(guideline: Guideline) -> SafeString:
    """The text as HTML that a page may show."""
    return to_html(guideline.text)


class Kind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    # Lines left out because they stay as they were.
    GAP = "gap"


@dataclass(frozen=True)
class Line:
    kind: Kind
    text: str = ""


def difference(before: Guideline, after: Guideline) -> list[Line]:
    """What the later version adds and removes, line by line, with a few lines around it."""
    old, new = before.text.splitlines(), after.text.splitlines()
    ahead = _shared(old, new)
    behind = _shared(old[ahead:][::-1], new[ahead:][::-1])
    old_part, new_part = old[ahead : len(old) - behind], new[ahead : len(new) - behind]
    lines = [Line(Kind.SAME, text) for text in old[:ahead]]
    lines += _compared(old_part, new_part)
    lines += [Line(Kind.SAME, text) for text in old[len(old) - behind :]]
    return list(_without_long_rests(lines))


def _shared(one: list[str], other: list[str]) -> int:
    """How many lines both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _compared(old: list[str], new: list[str]) -> Iterator[Line]:
    if max(len(old), len(new)) > MOST_LINES_COMPARED:
        yield from _exchanged(old, new)
        return
    for step, from_old, to_old, from_new, to_new in SequenceMatcher(None, old, new).get_opcodes():
        if step == "equal":
            yield from (Line(Kind.SAME, text) for text in old[from_old:to_old])
        else:
            yield from _exchanged(old[from_old:to_old], new[from_new:to_new])


def _exchanged(old: list[str], new: list[str]) -> Iterator[Line]:
    yield from (Line(Kind.REMOVED, text) for text in old)
    yield from (Line(Kind.ADDED, text) for text in new)


def _without_long_rests(lines: list[Line]) -> Iterator[Line]:
    changed = [at for at, line in enumerate(lines) if line.kind != Kind.SAME]
    near = {at for one in changed for at in range(one - CONTEXT, one + CONTEXT + 1)}
    for at, line in enumerate(lines):
        if at in near:
            yield line
        elif near and (at == 0 or at - 1 in near):
            yield Line(Kind.GAP)
