from django import forms


class CloseIncidentForm(forms.Form):
    """A few words for those who look back."""

    note = forms.CharField(max_length=2_000, required=False)
