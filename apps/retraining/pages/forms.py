"""The form that asks for a study."""

from django import forms

from apps.retraining.services.studies import DAYS, USUAL_DAYS


class StudyForm(forms.Form):
    """Which labels a new model would learn from."""

    days = forms.TypedChoiceField(
        label="Labels of predictions of the last",
        coerce=int,
        choices=[(days, f"{days} days") for days in DAYS],
        initial=USUAL_DAYS,
    )
    without_sensitive = forms.BooleanField(
        label="Without sensitive features", required=False, help_text="As if a new model were not allowed to use them."
    )
