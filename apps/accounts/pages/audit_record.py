"""The audit record as its readers see it: names for ids, sentences for codes."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from apps.accounts.models import Project, User
from apps.accounts.pages import audit_wording
from apps.audit import services as audit
from apps.audit.models import Entry
from apps.audit.querysets import EntryQuerySet
from apps.common import dates

NOBODY = "none"
A_SYSTEM = "A system"
# Details that hold a person's id.
OF_PEOPLE = ("acts_for", "person")
# Newest entries that the page checks; `manage verify_audit` checks all of them.
CHECKED = 1_000
COLUMNS = ("number", "at", "who", "person", "act", "what", "details", "previous_hash", "hash")
_PERSON = re.compile(r"person ([0-9]{1,18})")


@dataclass(frozen=True)
class EntryInWords:
    """An entry in words."""

    entry: Entry
    who: str
    key: str
    what: str
    details: list[tuple[str, str]]


@dataclass(frozen=True)
class Check:
    """Whether the chain is whole: `broken` is the first of the `looked_at` newest entries that was changed."""

    entries: int
    looked_at: int
    broken: int | None


def check(project: Project) -> Check:
    last = Entry.objects.of(project.pk).newest().values_list("number", flat=True).first() or 0
    return Check(entries=last, looked_at=min(last, CHECKED), broken=audit.verify(project.pk, newest=CHECKED))


def choices(project: Project) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the acts and the people of the project's record, each with its label."""
    pairs = Entry.objects.of(project.pk).acts_and_actors()
    acts = {act for act, _ in pairs}
    people = {actor for _, actor in pairs if actor}
    names = names_of(people)
    by_name = sorted(((str(person), _name(person, names)) for person in people), key=lambda choice: choice[1].lower())
    system = [(NOBODY, A_SYSTEM)] if any(actor is None for _, actor in pairs) else []
    return sorted(((act, audit_wording.act_label(act)) for act in acts), key=lambda choice: choice[1]), by_name + system


def lines(entries: Iterable[Entry]) -> list[EntryInWords]:
    """Return the entries in words; one query finds all names in them."""
    rows = list(entries)
    names = names_of({number for entry in rows for number in _people_in(entry)})
    return [_line(entry, names) for entry in rows]


def help_told(entries: Iterable[Entry]) -> list[str]:
    """Return messages to a person about acts of help to their account. Each is recorded in all their projects."""
    rows = list(entries)
    names = names_of({entry.actor_id for entry in rows if entry.actor_id})
    return list(dict.fromkeys(_help_text(entry, names) for entry in rows))


def _help_text(entry: Entry, names: dict[int, str]) -> str:
    who = _name(entry.actor_id, names) if entry.actor_id else "The operator of this installation"
    return f"{who} {audit_wording.OF_HELP[entry.act]} on {_moment(entry.at)}."


def names_of(people: Iterable[int]) -> dict[int, str]:
    return {user.pk: user.display_name for user in User.objects.filter(pk__in=set(people))}


def csv_rows(entries: EntryQuerySet) -> Iterator[tuple[object, ...]]:
    """Yield the entries as rows of `COLUMNS`, looking names up in chunks."""
    rows = entries.iterator(chunk_size=audit.AT_ONCE)
    while chunk := list(islice(rows, audit.AT_ONCE)):
        for line in lines(chunk):
            entry = line.entry
            details = json.dumps(entry.details, sort_keys=True, ensure_ascii=False)
            yield (
                *(entry.number, entry.at.isoformat(), line.who, entry.actor_id, entry.act, line.what, details),
                *(entry.previous_hash, entry.hash),
            )


def _people_in(entry: Entry) -> list[int]:
    subject = _PERSON.fullmatch(entry.subject)
    mentioned = [value for name, value in entry.details.items() if name in OF_PEOPLE and type(value) is int]
    return [*([int(subject[1])] if subject else []), *([entry.actor_id] if entry.actor_id else []), *mentioned]


def _line(entry: Entry, names: dict[int, str]) -> EntryInWords:
    person = _PERSON.fullmatch(entry.subject)
    subject = _name(int(person[1]), names) if person else entry.subject
    return EntryInWords(
        entry=entry,
        who=_name(entry.actor_id, names) if entry.actor_id else A_SYSTEM,
        key=str(entry.details.get("key", "")),
        what=audit_wording.act_done(entry.act, subject),
        details=[
            (_spaced(name), _value_text(name, value, names)) for name, value in entry.details.items() if name != "key"
        ],
    )


def _name(person: int, names: dict[int, str]) -> str:
    """Return the person's name, or a number once their account is gone."""
    return names.get(person, f"person {person}")


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _value_text(name: str, value: Any, names: dict[int, str]) -> str:
    if name in OF_PEOPLE and type(value) is int:
        return _name(value, names)
    if name.endswith("_at") and isinstance(value, str):
        return _moment_text(value)
    if isinstance(value, list):
        return ", ".join(_value_text("", each, names) for each in value)
    if isinstance(value, dict):
        return "; ".join(f"{_spaced(inner)}: {_value_text(inner, each, names)}" for inner, each in value.items())
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "nothing"}[value]
    return str(value)


def _moment_text(text: str) -> str:
    try:
        return _moment(datetime.fromisoformat(text))
    except ValueError:
        return text


def _moment(at: datetime) -> str:
    return dates.moment(at.astimezone(UTC))
