"""The form in which the choices of a file are made, on the page and over the API."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from apps.common.zones import ZoneField
from apps.predictions.reading.choices import DELIMITERS, ENCODINGS, Choices

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
LONGEST = 200
MOST_WORDS = 50


class WordsField(forms.CharField):
    """Words with commas between them, or a list of words."""

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list, not a text
        words = value if isinstance(value, list) else str(value or "").split(",")
        if len(words) > MOST_WORDS or not all(isinstance(word, str) and len(word) <= LONGEST for word in words):
            raise forms.ValidationError(f"Give at most {MOST_WORDS} words of at most {LONGEST} characters.")
        return [word.strip() for word in words if word.strip()]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def validate(self, value: Any) -> None:
        """Each word was checked above."""

    def run_validators(self, value: Any) -> None:
        """The same."""


class ChoicesForm(forms.Form):
    """How to read a file. Left empty, a choice follows from the file, or what is ambiguous is rejected."""

    delimiter = forms.ChoiceField(
        label="Cells are separated by",
        required=False,
        choices=[("", "found in the first line"), *((sign, NAMES[sign]) for sign in DELIMITERS)],
    )
    encoding = forms.ChoiceField(
        label="Encoding",
        required=False,
        choices=[("", "UTF-8, or as its first bytes say"), *((name, name) for name in ENCODINGS)],
    )
    decimal_comma = forms.BooleanField(label="Numbers have a decimal comma: 1.234,5", required=False)
    missing = WordsField(
        label="Words for missing", required=False, help_text="In texts too, such as NA, unknown. Commas between them."
    )
    zone = ZoneField(label="Times without a zone are in", required=False)
    time_of_day = forms.TimeField(label="Days without a time get", required=False, help_text="Such as 12:00.")
    is_day_first = forms.BooleanField(label="3/4/2026 is the third of April", required=False)
    moment = forms.CharField(
        label="One time for all rows",
        required=False,
        max_length=64,
        help_text="For a file without a column of times, such as 2026-03-02 12:00, in the zone above or UTC.",
    )
    row_ids = forms.CharField(
        label="Ids are row numbers behind",
        required=False,
        max_length=LONGEST,
        strip=False,
        help_text="For a file without ids, such as penguins-; its rows are then penguins-1, penguins-2, …",
    )

    @property
    def choices(self) -> Choices:
        return Choices.of({name: value for name, value in self.cleaned_data.items() if value})

    def clean_time_of_day(self) -> str:
        time = self.cleaned_data["time_of_day"]
        return time.isoformat("minutes") if time else ""

    def clean_moment(self) -> str:
        text = str(self.cleaned_data["moment"]).strip()
        if not text:
            return ""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise forms.ValidationError("Write a time such as 2026-03-02 12:00.") from None
        zone = ZoneInfo(self.cleaned_data.get("zone") or "UTC")
        return moment.replace(tzinfo=moment.tzinfo or zone).isoformat()

    def clean_row_ids(self) -> str:
        prefix = str(self.cleaned_data["row_ids"])
        if not prefix.isprintable():
            raise forms.ValidationError("Use printable characters.")
        return prefix
