"""The forms of the desk and of the pages about cases."""

from typing import Any

from django import forms

from apps.accounts.models import Membership, Role, User
from apps.common.errors import DomainError, ForbiddenError
from apps.registry.models import ReviewQueue
from apps.review.models import Slot
from apps.review.pages.cases import CERTAINTIES, SKIP_REASONS
from apps.review.pages.numbers import NumberField
from apps.review.services import Answer, Only, OwnWork, Verdict
from apps.review.services.answers import LARGEST_INT, LONGEST_NOTE

CLASS = "class:"
NUMBER = "number"
KEEP = "keep"
WRONG = "wrong:"
NAMES = {
    "lease_token": "The lease",
    "number": "The number",
    "note": "The note",
    "until": "The day",
    "ask": "The person",
}


class HolderForm(forms.Form):
    """The lease under which the page holds its slot."""

    lease_token = forms.UUIDField()

    def checked(self) -> dict[str, Any]:
        """Return the cleaned fields. Raises DomainError with the first mistake."""
        if self.is_valid():
            return self.cleaned_data
        field, errors = next(iter(self.errors.items()))
        if field == "choice":
            raise DomainError("Choose an answer first.", code="value_missing")
        raise DomainError(f"{NAMES.get(field, 'The answer')}: {errors[0]}", code="invalid")


class HeldForm(forms.Form):
    """Which cases a browser already has, which kind it wants, and who it thinks is signed in."""

    have = forms.CharField(required=False, max_length=2_000)
    only = forms.ChoiceField(choices=[(each, each) for each in Only], required=False)
    reviewer = forms.IntegerField(required=False)

    def check_reviewer(self, user: User) -> None:
        """Refuse answers kept in a browser if another person has signed in since."""
        self.full_clean()
        if self.cleaned_data.get("reviewer") not in (None, user.pk):
            raise ForbiddenError("Somebody else has signed in here.", code="another_person")

    @property
    def slots(self) -> set[int]:
        """The slots whose cards the browser already has."""
        self.full_clean()
        return {int(key) for key in self.cleaned_data.get("have", "").split(",") if key.isdecimal()}

    @property
    def wanted(self) -> Only | None:
        """The kind of case wanted; None for any."""
        self.full_clean()
        return Only(kind) if (kind := self.cleaned_data.get("only")) else None


class AnswerForm(HolderForm):
    """An answer. `choice` is a class by its position, `number`, `keep`, or a verdict."""

    choice = forms.CharField(max_length=32)
    number = NumberField(required=False, max_length=400)
    disputed_for = forms.CharField(max_length=32, required=False)
    certainty = forms.TypedChoiceField(choices=CERTAINTIES, coerce=int, empty_value=None, required=False)
    reasons = forms.Field(required=False, widget=forms.SelectMultiple)
    skip_reasons = forms.MultipleChoiceField(choices=[(reason, reason) for reason in SKIP_REASONS], required=False)
    note = forms.CharField(max_length=LONGEST_NOTE, required=False, strip=False)
    until = forms.DateField(required=False)
    ask = forms.IntegerField(required=False, max_value=LARGEST_INT)
    precedent = forms.BooleanField(required=False)
    active_ms = forms.IntegerField(min_value=0, max_value=LARGEST_INT, required=False)
    # The phase the page showed: a repeated answer must not count for the next phase.
    phase = forms.CharField(max_length=16, required=False)
    # The browser moved on without the reveal: the judgement is the whole answer.
    leave = forms.BooleanField(required=False)
    # The decision this one replaces, if somebody goes back to an answer.
    supersedes = forms.IntegerField(required=False)

    def clean_reasons(self) -> tuple[str, ...]:
        return tuple(str(reason)[:200] for reason in self.cleaned_data["reasons"] or ())

    @property
    def wrong_features(self) -> tuple[tuple[str, str], ...]:
        """The marked features; the page has one field for each, empty if nothing is wrong."""
        fields = [(name, self.data[name]) for name in self.data if name.startswith(WRONG)]
        return tuple((name.removeprefix(WRONG), problem) for name, problem in fields if problem)

    def common(self) -> dict[str, Any]:
        """Return the fields common to all answers."""
        return {name: self.checked()[name] for name in ("certainty", "note", "active_ms")}

    def value(self, slot: Slot) -> str | float | None:
        """Return the class or number chosen, or None."""
        choice = self.checked()["choice"]
        if choice == KEEP:
            judgement = slot.judgement
            return None if judgement is None or judgement.value is None else slot.item.model.decode(judgement.value)
        return self._value(choice, slot)

    def answer(self, slot: Slot) -> Answer:
        """Return the decision: choosing the prediction agrees, another class or number corrects."""
        fields, value = self.checked(), self.value(slot)
        if value is not None:
            model = slot.item.model
            agrees = model.agrees(model.encode(value), slot.item.prediction.predicted)
            verdict = Verdict.AGREE if agrees else Verdict.CORRECT
            return Answer(verdict=verdict, value=value, is_precedent=fields["precedent"], **self.common())
        if fields["choice"] not in list(Verdict):
            raise DomainError("Choose one of the answers on the page.", code="unknown_class")
        verdict = Verdict(fields["choice"])
        if verdict == Verdict.DISPUTE:
            disputed = self._value(fields["disputed_for"], slot)
            return Answer(verdict=verdict, value=disputed, reasons=fields["reasons"], **self.common())
        return Answer(verdict=verdict, **self._withheld(verdict), **self.common())

    def _withheld(self, verdict: Verdict) -> dict[str, Any]:
        """Return the fields of a verdict that gives no label; the page sends those of all verdicts."""
        return {
            Verdict.CANNOT_TELL: {"until": self.cleaned_data["until"]},
            Verdict.WRONG_DATA: {"wrong_features": self.wrong_features},
            Verdict.ESCALATE: {"asked_of": self.cleaned_data["ask"]},
            Verdict.SKIP: {"reasons": tuple(self.cleaned_data["skip_reasons"])},
        }.get(verdict, {})

    def _value(self, choice: str, slot: Slot) -> str | float | None:
        classes = slot.item.model.classes
        if choice == NUMBER:
            if self.cleaned_data["number"] is None:
                raise DomainError("Enter a number first.", code="value_missing")
            number: float = self.cleaned_data["number"]
            return number
        position = choice.removeprefix(CLASS)
        if choice.startswith(CLASS) and position in {str(each) for each in range(len(classes))}:
            return str(classes[int(position)])
        return None


class OwnWorkForm(forms.Form):
    """Which of a person's own cases to list."""

    kind = forms.ChoiceField(choices=OwnWork, required=False)
    text = forms.CharField(max_length=200, required=False, label="Case or note", widget=forms.SearchInput)

    def chosen(self) -> tuple[OwnWork, str]:
        """Return the kind and the text to search for. What makes no sense is left out."""
        self.is_valid()
        return OwnWork(self.cleaned_data.get("kind") or OwnWork.ANSWERED), self.cleaned_data.get("text") or ""


class GoalForm(forms.Form):
    """How many answers a person wants to give a day."""

    answers = forms.IntegerField(min_value=1, max_value=2_000, required=False, label="Your goal a day")


class TextForm(forms.Form):
    """A text: a comment, an answer, a reason."""

    text = forms.CharField(max_length=LONGEST_NOTE, widget=forms.Textarea({"rows": 3}))


class LiveActForm(forms.Form):
    """What to do with cases that somebody has: take them back, or hand them over to one person."""

    slot = forms.ModelMultipleChoiceField(
        Slot.objects.none(), error_messages={"required": "Select the cases first.", "list": "Select the cases first."}
    )
    act = forms.ChoiceField(choices=[("take_back", "Take back"), ("hand_over", "Hand over")])
    to = forms.ModelChoiceField(
        Membership.objects.none(), to_field_name="user", required=False, label="To", empty_label=None
    )

    def __init__(self, *arguments: Any, queue: ReviewQueue, **options: Any) -> None:
        super().__init__(*arguments, **options)
        members = Membership.objects.in_project(queue.model.project)
        reviewers = members.with_role_at_least(Membership.RANKS[Role.REVIEWER]).select_related("user")
        slot, to = self.fields["slot"], self.fields["to"]
        assert isinstance(slot, forms.ModelMultipleChoiceField)
        assert isinstance(to, forms.ModelChoiceField)
        slot.queryset = Slot.objects.in_queue(queue).on_desk()
        to.label_from_instance = lambda member: member.user.display_name  # type: ignore[method-assign,assignment]  # by name
        to.queryset = reviewers.order_by("user__name", "user__email")

    def clean_to(self) -> Membership | None:
        """Heed the person only where cases are handed over."""
        if self.cleaned_data.get("act") != "hand_over":
            return None
        if self.cleaned_data["to"] is None:
            raise forms.ValidationError("Choose the person first.")
        return self.cleaned_data["to"]  # type: ignore[no-any-return]  # a Membership

    @property
    def receiver(self) -> Membership | None:
        """The person to hand over to; None takes back."""
        return self.cleaned_data["to"]  # type: ignore[no-any-return]  # a Membership
