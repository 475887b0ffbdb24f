"""The forms for a queue's rules and guidelines."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.boundfield import BoundField

from apps.registry.models import Guideline, ReviewQueue
from apps.registry.services.documents import LONGEST_DUE_HOURS, SENSITIVE_ROLES
from apps.registry.services.guidelines import LONGEST_CHANGE, LONGEST_TEXT

MOST_REASONS = 9
LONGEST_REASON = 200
ORDERS = {
    ReviewQueue.Order.RANDOM: "In random order (recommended)",
    ReviewQueue.Order.STAKES: "Most at stake first",
    ReviewQueue.Order.DUE: "Oldest first",
}


class ScaledField(forms.FloatField):
    """A number shown in another unit than it is stored in: a share in percent, seconds in minutes."""

    scale = 1.0

    def __init__(self, *, least: float, most: float, unit: str = "", **options: Any) -> None:
        limits = [
            MinValueValidator(least, f"At least {least:,g} {unit}".strip() + "."),
            MaxValueValidator(most, f"At most {most:,g} {unit}".strip() + "."),
        ]
        widget = forms.NumberInput({"min": f"{least:g}", "max": f"{most:g}", "step": "any", "inputmode": "decimal"})
        super().__init__(validators=limits, widget=widget, **options)

    def prepare_value(self, value: Any) -> Any:
        return f"{value * self.scale:.15g}" if isinstance(value, int | float) else value

    def clean(self, value: Any) -> Any:
        shown = super().clean(value)
        return None if shown is None else self.stored(shown)

    def stored(self, shown: float) -> float:
        return shown / self.scale

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(None if initial is None else float(self.prepare_value(initial)), data)


class ShareField(ScaledField):
    scale = 100.0

    def __init__(self, *, most: float = 100, **options: Any) -> None:
        super().__init__(least=0, most=most, unit="percent", **options)


class MinutesField(ScaledField):
    scale = 1 / 60

    def stored(self, shown: float) -> float:
        return round(super().stored(shown))


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return self.lines(super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.lines(data or "") != initial)

    @staticmethod
    def lines(text: str) -> list[str]:
        return [line.strip() for line in text.splitlines() if line.strip()]


def _whole(least: int, most: int, **options: Any) -> forms.IntegerField:
    limits = [
        MinValueValidator(least, f"At least {least:,}."),
        MaxValueValidator(most, f"At most {most:,}."),
    ]
    widget = forms.NumberInput({"min": least, "max": most, "inputmode": "numeric"})
    return forms.IntegerField(validators=limits, widget=widget, **options)


class QueueForm(forms.Form):
    """The rules of a queue, with fields named as `put_queue` takes them; the blind share is its model's."""

    title = forms.CharField(label="Name of the queue", max_length=200, help_text="What people see.")
    overlap = _whole(
        1, 9, label="People who judge each case", help_text="Each answers without seeing what the others said."
    )
    is_extra_reviewer_asked = forms.BooleanField(
        label="Where they disagree, ask one more reviewer before an adjudicator", required=False
    )
    four_eyes_amount = ScaledField(
        least=0,
        most=1e15,
        label="Two people from this amount on",
        required=False,
        help_text="Two people judge each case of at least this amount, whatever the number above.",
    )
    adjudication_rate_agreed = ShareField(label="Reviewers and model agree, in %")
    adjudication_rate_differs = ShareField(label="Reviewers agree with each other, but not with the model, in %")
    adjudication_rate_disagreed = ShareField(
        label="Most reviewers say one thing, others another, in %",
        help_text="Without a majority, and after a dispute, an adjudicator always settles the case.",
    )
    blind_share = ShareField(
        label="Cases judged before the model’s answer is shown, in %",
        help_text="Belongs to the model: applies to all its queues, for predictions drawn from now on. "
        "Figures use only these cases unless a report says otherwise.",
    )
    order = forms.ChoiceField(
        label="Cases are handed out",
        choices=list(ORDERS.items()),
        widget=forms.RadioSelect,
        help_text="In another order, the figures of open days count only once the queue is drained: cases answered "
        "first are then unlike the rest.",
    )
    due_hours = _whole(
        1,
        LONGEST_DUE_HOURS,
        label="Due after this many hours",
        required=False,
        help_text="Older open cases are marked late. Empty: no due time.",
    )
    lease_seconds = MinutesField(
        least=0.5,
        most=1_440,
        unit="minutes",
        label="Minutes until an abandoned case goes to somebody else",
        help_text="Counted from the last sign of life from the page.",
    )
    prefetch = _whole(
        1,
        25,
        label="Cases a browser keeps ready",
        help_text="Two are enough to show the next case at once; up to 25 let people work offline.",
    )
    dispute_reasons = LinesField(
        label="Reasons for a dispute",
        required=False,
        widget=forms.Textarea({"rows": 6, "autocomplete": "off"}),
        help_text=f"One per line, at most {MOST_REASONS}; digit keys choose them. Without any, people write a note.",
    )
    gold_rate = ShareField(
        most=50,
        label="Cases with a known answer, in %",
        help_text="Per case opened. Reviewers cannot tell them from others.",
    )
    repeat_rate = ShareField(
        most=50,
        label="Cases the same person has answered before, in %",
        help_text="Shows how consistent people are. Neither kind enters any figure of the model.",
    )
    sensitive_role = forms.ChoiceField(
        label="Sensitive features are shown from this role on",
        choices=[(role.value, role.label) for role in SENSITIVE_ROLES],
        help_text="Others see that there is a value, but neither the value nor what it does to the prediction. "
        "Only an owner changes this.",
    )

    GROUPS = (
        ("The queue", "", ("title",)),
        ("Who judges", "", ("overlap", "is_extra_reviewer_asked", "four_eyes_amount")),
        (
            "Second opinions",
            "How often an adjudicator looks at a case as well. The probability is recorded with each case, so figures "
            "stay unbiased: a lower one is cheaper and makes ranges wider.",
            ("adjudication_rate_agreed", "adjudication_rate_differs", "adjudication_rate_disagreed"),
        ),
        ("Blind first", "", ("blind_share",)),
        ("At the desk", "", ("order", "due_hours", "lease_seconds", "prefetch")),
        ("Disputes", "", ("dispute_reasons",)),
        ("Known and repeated cases", "", ("gold_rate", "repeat_rate")),
        ("Sensitive features", "", ("sensitive_role",)),
    )

    @classmethod
    def of(cls, queue: ReviewQueue, data: Any = None, *, is_owner: bool) -> "QueueForm":
        """Return the form with the queue's current rules, and the data sent, if any."""
        initial = {name: getattr(queue, name) for name in cls.base_fields if name not in {"title", "blind_share"}}
        form = cls(data, initial=initial | {"title": queue.name, "blind_share": queue.model.blind_share})
        form.fields["sensitive_role"].disabled = not is_owner
        return form

    @property
    def groups(self) -> Iterator[tuple[str, str, list[BoundField]]]:
        """The fields under their headings."""
        for heading, intro, names in self.GROUPS:
            yield heading, intro, [self[name] for name in names]

    def clean_dispute_reasons(self) -> list[str]:
        reasons: list[str] = self.cleaned_data["dispute_reasons"]
        if len(reasons) > MOST_REASONS:
            raise ValidationError(f"At most {MOST_REASONS} reasons; these are {len(reasons)}.")
        if long := [reason for reason in reasons if len(reason) > LONGEST_REASON]:
            raise ValidationError(f"“{long[0][:40]}…” is longer than {LONGEST_REASON} characters.")
        if len(set(reasons)) < len(reasons):
            raise ValidationError("Two reasons are the same.")
        return reasons

    @property
    def document(self) -> dict[str, Any]:
        """The changed rules, as `put_queue` takes them."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name != "blind_share"}

    @property
    def blind_share_changed(self) -> float | None:
        return self.cleaned_data["blind_share"] if "blind_share" in self.changed_data else None


class GuidelineForm(forms.Form):
    """A new version of a queue's guidelines; the service checks the text."""

    text = forms.CharField(
        label="The text",
        strip=False,
        widget=forms.Textarea({"rows": 18, "maxlength": LONGEST_TEXT, "autocomplete": "off", "class": "mono"}),
        help_text="Markdown: # a heading, - a list, **bold**, [a link](https://…). Pictures and HTML are not shown.",
        error_messages={"required": "Write the guidelines first."},
    )
    change = forms.CharField(
        label="What is different",
        required=False,
        widget=forms.TextInput({"maxlength": LONGEST_CHANGE, "autocomplete": "off"}),
        help_text="In one line, for people who know the previous version.",
    )
    # The version its writer started from.
    instead_of = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @classmethod
    def following(cls, guideline: Guideline | None) -> "GuidelineForm":
        """Return a form that starts from the current version."""
        return cls(
            initial={"text": guideline.text, "instead_of": guideline.version} if guideline else {"instead_of": 0}
        )

    def now_follows(self, version: int) -> None:
        """Let the next save replace that version."""
        self.data = {**dict(self.data.items()), "instead_of": str(version)}
