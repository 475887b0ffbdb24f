"""The forms with which engineers find predictions."""

import json
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator

from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.pages.numbers import NumberField
from apps.review.services import by_features
from apps.review.services.finding import Wanted
from apps.sampling.services import wording

LONGEST = 400
LONGEST_CONDITION = 4_000
EITHER = ("", "any")
# The states to choose from, each with its words and its conditions.
STATES: dict[str, tuple[str, dict[str, Any]]] = {
    "drawn": ("drawn for review", {"drawn": True}),
    "not_drawn": ("not drawn", {"drawn": False}),
    "reviewed": ("reviewed", {"reviewed": True}),
    "waiting": ("drawn, not reviewed yet", {"drawn": True, "reviewed": False}),
    "disputed": ("disputed", {"disputed": True}),
    "targeted": ("sent to review by a person", {"targeted": True}),
}
# Ready-made lists, each with its words and its conditions.
LISTS: dict[str, tuple[str, dict[str, Any]]] = {
    "sure_and_wrong": ("Sure and wrong", {"sure_and_wrong": True}),
    "contributions": ("Unlike the rest in contributions", {"unusual": "contributions"}),
    "values": ("Outside the usual ranges", {"unusual": "values"}),
}
BASELINES = {"differs": ("another answer", True), "agrees": ("the same answer", False)}
KNOWN, UNKNOWN = "known", "unknown"


def lists_of(model: MonitoredModel) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the ready-made lists that a model can have: no number is sure."""
    return {key: each for key, each in LISTS.items() if not (model.is_regression and key == "sure_and_wrong")}


class DayField(forms.DateField):
    """A day that is not the last of all, so that it has an end."""

    widget = forms.DateInput({"type": "date"})
    default_validators = [MaxValueValidator(date.max - timedelta(days=1))]


class CasesForm(forms.Form):
    """What the wanted predictions have in common."""

    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)
    version = forms.CharField(label="Version", required=False, max_length=LONGEST)
    score_from = NumberField(label="Score from", required=False, max_length=LONGEST)
    score_to = NumberField(label="Score to", required=False, max_length=LONGEST)
    baseline = forms.ChoiceField(
        label="Baseline gave", required=False, choices=[EITHER, *((key, each[0]) for key, each in BASELINES.items())]
    )
    state = forms.ChoiceField(
        label="State", required=False, choices=[EITHER, *((key, each[0]) for key, each in STATES.items())]
    )
    subject = forms.CharField(label="Subject", required=False, max_length=LONGEST)
    only = forms.ChoiceField(label="List", required=False, choices=[EITHER])
    # A condition on features, as policies have it: links bring it along.
    where = forms.CharField(required=False, max_length=LONGEST_CONDITION, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, model: MonitoredModel, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.model = model
        only, known = self.fields["only"], [(KNOWN, "known"), (UNKNOWN, "not known yet")]
        assert isinstance(only, forms.ChoiceField)
        only.choices = [EITHER, *((key, words) for key, (words, _) in lists_of(model).items())]
        if model.is_regression:
            self.fields["prediction"] = NumberField(label="Prediction", required=False, max_length=LONGEST)
            self.fields["outcome"] = forms.ChoiceField(label="Outcome", required=False, choices=[EITHER, *known])
        else:
            classes = [(f"class:{index}", model.label(index)) for index in range(len(model.classes))]
            said, became = [EITHER, *classes], [EITHER, *classes, *known]
            self.fields["prediction"] = forms.ChoiceField(label="Prediction", required=False, choices=said)
            self.fields["outcome"] = forms.ChoiceField(label="Outcome", required=False, choices=became)
            self.fields["truth"] = forms.ChoiceField(label="Outcome or review", required=False, choices=said)
        if model.slice_list:
            names = [(each.name, each.name) for each in model.slice_list]
            self.fields["slice"] = forms.ChoiceField(label="Slice", required=False, choices=[EITHER, *names])
            self.fields["slice_value"] = forms.CharField(label="Its value", required=False, max_length=LONGEST)
        self.order_fields(
            [
                "since",
                "until",
                "prediction",
                "outcome",
                "truth",
                "state",
                "baseline",
                "score_from",
                "score_to",
                "version",
            ]
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("slice")) != bool(cleaned.get("slice_value")):
            self.add_error("slice_value" if cleaned.get("slice") else "slice", "Choose a slice and its value.")
        return cleaned

    def clean_where(self) -> dict[str, Any] | None:
        text = self.cleaned_data["where"]
        if not text:
            return None
        try:
            condition: dict[str, Any] = json.loads(text)
        except (ValueError, RecursionError):
            raise ValidationError("The condition on features cannot be read.") from None
        if problem := by_features.problem(condition, model=self.model):
            raise ValidationError(f"The condition on features cannot be used. {problem}")
        return condition

    @property
    def where_words(self) -> str:
        """The condition on features in words."""
        return wording.condition(self.model, self.cleaned_data.get("where")) if self.is_valid() else ""

    @property
    def wanted(self) -> Wanted:
        """The conditions; days begin and end in the project's time zone."""
        data = self.cleaned_data
        outcome = data["outcome"]
        return Wanted(
            since=self._start(data["since"]),
            until=self._start(data["until"], days=1),
            version=data["version"] or None,
            prediction=self._value(data["prediction"]),
            score_from=data["score_from"],
            score_to=data["score_to"],
            differs=BASELINES[data["baseline"]][1] if data["baseline"] else None,
            outcome=self._value(outcome) if outcome not in (KNOWN, UNKNOWN) else None,
            truth=self._value(data.get("truth")),
            has_outcome={KNOWN: True, UNKNOWN: False}.get(outcome),
            subject=data["subject"] or None,
            slice=(data["slice"], data["slice_value"]) if data.get("slice") else None,
            where=data["where"],
            **(STATES[data["state"]][1] if data["state"] else {}),
            **(LISTS[data["only"]][1] if data["only"] else {}),
        )

    @property
    def query(self) -> str:
        """The conditions as a query string, without empty ones."""
        return self._query(self.fields)

    @property
    def query_of_any_features(self) -> str:
        """The same without the condition on features."""
        return self._query(name for name in self.fields if name != "where")

    def _query(self, names: Iterable[str]) -> str:
        return urlencode({name: self.data[name] for name in names if self.data.get(name)})

    def _start(self, day: Any, *, days: int = 0) -> datetime | None:
        return datetime.combine(day + timedelta(days=days), time(), tzinfo=self.model.zone) if day else None

    def _value(self, chosen: Any) -> Any:
        if chosen in ("", None):
            return None
        return chosen if self.model.is_regression else self.model.classes[int(chosen.removeprefix("class:"))]


class ViewForm(forms.Form):
    """What to do with the filters: keep them under a name, or forget those of that name."""

    name = forms.CharField(label="Keep these filters as", max_length=80)
    act = forms.ChoiceField(choices=[("keep", "Keep"), ("forget", "Forget")])


class SearchForm(forms.Form):
    """What somebody looks for, in a few words or an id."""

    q = forms.CharField(max_length=LONGEST, required=False, label="Find", widget=forms.SearchInput)

    @property
    def text(self) -> str:
        self.is_valid()
        return str(self.cleaned_data.get("q") or "").strip()


class SendForm(forms.Form):
    """Predictions to send to review, and the queue that gets them."""

    case = forms.ModelMultipleChoiceField(
        Prediction.objects.none(), error_messages={"required": "Select the cases first."}
    )
    queue = forms.ModelChoiceField(ReviewQueue.objects.none(), label="To the queue", empty_label=None)

    def __init__(self, *arguments: Any, model: MonitoredModel, **options: Any) -> None:
        super().__init__(*arguments, **options)
        case, queue = self.fields["case"], self.fields["queue"]
        assert isinstance(case, forms.ModelMultipleChoiceField)
        assert isinstance(queue, forms.ModelChoiceField)
        case.queryset = Prediction.objects.filter(model=model)
        queue.label_from_instance = lambda each: each.name  # type: ignore[method-assign,assignment]  # by name
        queue.queryset = model.queues.order_by("pk")
