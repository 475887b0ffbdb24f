"""The form that chooses which contributions the page *Explanations* shows."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils.dateparse import parse_date

from apps.explanations.models import PushBins
from apps.explanations.services.moves import Window

DAYS = 28
# Half a year is what a page reads at once.
MOST_DAYS = 366
BEFORE = "before"


class DayField(forms.DateField):
    """A day that has days around it."""

    widget = forms.DateInput({"type": "date"})
    default_validators = [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(9000, 1, 1))]


class MovesForm(forms.Form):
    """Days, a version, and what to compare with. What is not chosen, or not possible, is as usual."""

    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)
    version = forms.ChoiceField(label="Version", required=False)
    against = forms.ChoiceField(label="Compare with", required=False)
    method = forms.ChoiceField(label="Contributions", required=False)

    def __init__(
        self,
        asked: QueryDict,
        *,
        bins: Sequence[tuple[PushBins, str]],
        versions: Mapping[int, str],
        last: date,
    ) -> None:
        super().__init__(_with_days(asked, last))
        self.last, self.methods = last, {str(each.pk): each for each, _ in bins}
        self.others = {str(key): f"version {name}" for key, name in versions.items()}
        named = [(str(key), name) for key, name in versions.items()]
        version, against, method = (self.fields[name] for name in ("version", "against", "method"))
        assert isinstance(version, forms.ChoiceField)
        assert isinstance(against, forms.ChoiceField)
        assert isinstance(method, forms.ChoiceField)
        version.choices = [("", "all"), *named]
        against.choices = [("", "nothing"), (BEFORE, "the days before"), *self.others.items()]
        method.choices = [(str(each.pk), words) for each, words in bins]
        if len(bins) < 2:
            del self.fields["method"]
        self.is_valid()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "The last day is before the first.")
        elif since and until and (until - since).days >= MOST_DAYS:
            self.add_error("until", f"Choose at most {MOST_DAYS} days.")
        return cleaned

    @property
    def bins(self) -> PushBins:
        """The chosen set of bins, else the one with most rows."""
        return self.methods.get(self._said("method") or "") or next(iter(self.methods.values()))

    @property
    def window(self) -> Window:
        """The chosen days; without any, the last 28 with contributions."""
        has_errors = "until" in self.errors
        until = self.last if has_errors else self._said("until") or self.last
        since = None if has_errors else self._said("since")
        since = min(since, until) if since else until - timedelta(days=DAYS - 1)
        version = self._said("version")
        return Window(since, until + timedelta(days=1), int(version) if version else None)

    @property
    def other(self) -> Window | None:
        """What to compare with, if anything."""
        chosen, window = self._said("against"), self.window
        if not chosen:
            return None
        return window.before if chosen == BEFORE else Window(window.start, window.end, int(chosen))

    @property
    def last_shown(self) -> date:
        """The last day of the window."""
        return self.window.end - timedelta(days=1)

    @property
    def other_words(self) -> str:
        """The other side of the comparison, in words."""
        chosen = self._said("against")
        return f"the {self.window.days} days before" if chosen == BEFORE else self.others[chosen]

    def _said(self, name: str) -> Any:
        return self.cleaned_data.get(name)


def _with_days(asked: QueryDict, last: date) -> QueryDict:
    """Return what is asked with the days that are shown without any: the form says which ones are in force."""
    shown = asked.copy()
    shown.setdefault("until", last.isoformat())
    try:
        until = parse_date(str(shown["until"]))
    except ValueError:
        until = None
    if until is not None and until.toordinal() > DAYS:
        shown.setdefault("since", (until - timedelta(days=DAYS - 1)).isoformat())
    return shown
