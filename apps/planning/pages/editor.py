"""The editor's left side: the policies of a draft as sentences, one of them open."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import prefetch_related_objects

from apps.planning.models import Draft
from apps.planning.pages.condition_form import ConditionForm
from apps.planning.pages.consequences import Consequences
from apps.planning.pages.matches import Matches
from apps.planning.pages.policy_form import PolicyForm, form_of
from apps.planning.services import drafts, editing, trees
from apps.planning.services.preview import Preview, known
from apps.registry.models import MonitoredModel
from apps.sampling.models import PolicyKind
from apps.sampling.services import policies, validation, wording
from apps.sampling.services.problems import InvalidDocumentError, Problem

ADDED = {
    PolicyKind.UNIFORM: "A group",
    PolicyKind.UNCERTAINTY: "Unsure cases",
    PolicyKind.DISAGREEMENT: "Model and baseline differ",
    PolicyKind.BANDS: "By score",
    PolicyKind.SLICE: "By slice",
    PolicyKind.AMOUNT: "By amount",
    PolicyKind.RECOMMENDED: "What sharpens figures most",
    PolicyKind.MUST_REVIEW: "Always review",
}


# Where the form of each kind tells problems, beside those of all.
FIELDS = {
    PolicyKind.BANDS: "bands",
    PolicyKind.SLICE: "rates",
    PolicyKind.AMOUNT: "full_at",
    PolicyKind.RECOMMENDED: "metrics",
}


@dataclass(frozen=True)
class PolicyRow:
    """One policy of the draft. `was` is how it reads in force, where that differs."""

    place: int
    name: str
    who: str
    how_often: str
    queue: str
    origin: str
    is_on: bool
    is_new: bool
    was: str
    problems: list[str]


class Editor:
    """A person's draft, with the policy of this name open."""

    def __init__(self, draft: Draft, *, opened: str = "") -> None:
        self.draft = draft
        self.model: MonitoredModel = draft.model
        self._opened = opened
        # Each sentence names its queue.
        prefetch_related_objects([self.model.champion], "own_queues")
        self.is_draft = drafts.is_changed(draft)

    @cached_property
    def number(self) -> int:
        """The number of the configuration in force."""
        return policies.current_number(self.model)

    @property
    def is_outdated(self) -> bool:
        """Whether somebody else has changed the sampling since the draft was begun."""
        return self.is_draft and self.draft.based_on != self.number

    @cached_property
    def problems(self) -> list[Problem]:
        try:
            validation.validated(self.draft.document, model=self.model)
        except InvalidDocumentError as error:
            return error.problems
        return []

    @cached_property
    def rows(self) -> list[PolicyRow]:
        saved = {each["name"]: each for each in policies.current_document(self.model)["policies"]}
        return [
            self._row(place, each, saved.get(each["name"]))
            for place, each in enumerate(editing.in_order(self.draft.document), start=1)
        ]

    @cached_property
    def _policy(self) -> editing.Policy | None:
        """The open policy."""
        return next((each for each in self.draft.document["policies"] if each["name"] == self._opened), None)

    @cached_property
    def form(self) -> PolicyForm | None:
        if self._policy is None:
            return None
        return form_of(self.model, self._policy, self.conditions, slice_values=known(self.model).recent.slice_values)

    @cached_property
    def conditions(self) -> ConditionForm:
        return ConditionForm(self.model, known(self.model).recent.values)

    @cached_property
    def matches(self) -> Matches | None:
        """What part of recent predictions the open policy's conditions hold for."""
        if self._policy is None or known(self.model).recent.is_empty:
            return None
        return Matches(known(self.model).recent, trees.group_of(self._policy.get("condition")), self.model)

    @cached_property
    def floor(self) -> dict[str, Any]:
        rate = self.draft.document["floor"]
        text = wording.rate(rate) if isinstance(rate, int | float) else str(rate)
        return {"rate": text, "problems": [each.message for each in self.problems if each.path[:1] == ("floor",)]}

    @cached_property
    def consequences(self) -> Consequences | None:
        """What the draft costs and buys; None without predictions, or while it has mistakes."""
        if self.problems or known(self.model).recent.is_empty:
            return None
        return Consequences(Preview(self.model, self.draft.document), is_draft=self.is_draft)

    @property
    def has_predictions(self) -> bool:
        return not known(self.model).recent.is_empty

    @property
    def kinds(self) -> Iterable[tuple[str, str]]:
        """The kinds of policy that this model can have, as buttons that add one."""
        for kind, words in ADDED.items():
            needs_scores = kind in (PolicyKind.BANDS, PolicyKind.UNCERTAINTY, PolicyKind.RECOMMENDED)
            if not (needs_scores and self.model.is_regression) and (kind != PolicyKind.SLICE or self.model.slice_list):
                yield kind, words

    @cached_property
    def proposals(self) -> list[Draft]:
        """Changes that others propose."""
        waiting = Draft.objects.proposed().filter(model=self.model).exclude(owner=self.draft.owner)
        return list(waiting.select_related("owner"))

    @property
    def fields(self) -> list[str]:
        """The places of the open policy's form at which a problem can be told."""
        if self.form is None:
            return []
        kind, places = self.form.policy["kind"], ["kind", "queue"]
        if self.form.has_frequency:
            places += ["rate", "budget.per_day"]
        if kind in FIELDS:
            places.append(FIELDS[kind])
        places += [each.field for each in self.form.bands]
        return places + [f"c.{each.path}" for each in trees.group_of(self.form.policy.get("condition")).leaves()]

    def field_problems(self) -> dict[str, str]:
        """The problems of the open policy, by field."""
        found: dict[str, str] = {}
        for problem in self._problems_of(self._opened):
            found.setdefault(_field_of(problem, self.draft.document), problem.message)
        return found

    @cached_property
    def _queue_names(self) -> dict[str, str]:
        return dict(self.model.queues.values_list("slug", "name"))

    def _problems_of(self, name: str) -> list[Problem]:
        places = {place for place, each in enumerate(self.draft.document["policies"]) if each["name"] == name}
        return [each for each in self.problems if each.path[:1] == ("policies",) and each.path[1] in places]

    def _row(self, place: int, policy: editing.Policy, saved: editing.Policy | None) -> PolicyRow:
        problems = [each.message for each in self._problems_of(policy["name"])]
        before = wording.policy(self.model, saved) if saved else None
        # A policy with mistakes has no sentence yet.
        said = wording.policy(self.model, policy) if not problems else None
        return PolicyRow(
            place=place,
            name=policy["name"],
            who=said.who if said else policy["name"],
            how_often=said.how_often if said else "not complete yet",
            queue=said.queue if said else self._queue_names.get(policy.get("queue", ""), ""),
            origin=policy.get("origin", ""),
            is_on=policy.get("is_on", True),
            is_new=saved is None,
            was="" if before is None or str(before) == str(said) else str(before),
            problems=problems,
        )


def _field_of(problem: Problem, document: dict[str, Any]) -> str:
    """Return the form's name for the field of a problem: a place in a condition is the path of its comparison."""
    path = problem.path[2:]
    if path[:1] in {("rates",), ("metrics",)}:
        return str(path[0])
    if path[:1] != ("condition",):
        return ".".join(str(each) for each in (path[:2] if path[:1] == ("bands",) else path))
    places = [str(each) for each in path[1:] if isinstance(each, int)]
    condition = document["policies"][problem.path[1]].get("condition") or {}
    is_single = "field" in condition or "field" in condition.get("not", {})
    return ".".join(["c", trees.ROOT, *(places or (["0"] if is_single else []))])
