"""The forms in which people say what is sent to them, and owners whom else it is sent to."""

from typing import Any

from django import forms

from apps.accounts.models import Membership, Project, User
from apps.common.zones import ZoneField
from apps.notifications.models import EVENTS, Cadence, Schedule
from apps.notifications.services.subscribing import LONGEST_WAIT_DAYS, Wanted
from apps.registry.models import MonitoredModel
from apps.reports.models import Standing

WINDOWS = {
    Standing.FINAL_MONTH: "the last final month",
    Standing.LAST_MONTH: "last month",
    Standing.THIS_MONTH: "this month so far",
    Standing.LAST_28_DAYS: "the last 28 days",
    Standing.LAST_QUARTER: "last quarter",
    Standing.THIS_QUARTER: "this quarter so far",
}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CADENCES = {
    Cadence.DAILY: "Every day",
    Cadence.WEEKLY: "Every week",
    Cadence.MONTHLY: "Every month",
    Cadence.FINAL: "When a month or quarter becomes final",
    Cadence.RESTATED: "When a figure is restated by more than half its range",
    Cadence.TARGET: "When right decisions cross their target",
}
HOUR = 8
HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]


class SubscribeForm(forms.Form):
    """What is sent, and when. A field that the chosen cadence does not need is ignored."""

    standing = forms.ChoiceField(label="Which time", choices=list(WINDOWS.items()))
    cadence = forms.ChoiceField(label="How often", choices=list(CADENCES.items()))
    weekday = forms.TypedChoiceField(
        label="Day of the week", coerce=int, choices=list(enumerate(WEEKDAYS, start=1)), empty_value=None
    )
    day = forms.IntegerField(
        label="Day of the month",
        min_value=1,
        max_value=31,
        help_text="Where a month is shorter, on its last day.",
    )
    hour = forms.TypedChoiceField(label="At", coerce=int, choices=HOURS, empty_value=None)
    zone = ZoneField(label="Time zone")
    attaches_pdf = forms.TypedChoiceField(
        label="The PDF",
        coerce=lambda value: value == "attached",
        choices=[("linked", "as a link"), ("attached", "attached to the mail")],
    )
    waits_days = forms.IntegerField(
        label="Wait for final figures, at most",
        min_value=0,
        max_value=LONGEST_WAIT_DAYS,
        help_text="Days. 0 does not wait: a mail with preliminary figures says that they are.",
    )

    def __init__(self, *arguments: Any, model: MonitoredModel | None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.model = model
        if model is None:
            field = self.fields["cadence"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(key, label) for key, label in CADENCES.items() if key not in EVENTS]
            del self.fields["attaches_pdf"]
        if self.is_bound:
            cadence = self.data.get("cadence")
            needed = {"weekday": cadence == Cadence.WEEKLY, "day": cadence == Cadence.MONTHLY}
            needed |= dict.fromkeys(("hour", "zone"), cadence not in EVENTS)
            for name, is_needed in needed.items():
                self.fields[name].required = is_needed

    @staticmethod
    def usual(project: Project, standing: str) -> dict[str, Any]:
        """Return what is chosen at first: monthly reports for months, weekly ones for days."""
        is_weekly = standing == Standing.LAST_28_DAYS
        return {
            "standing": standing or Standing.FINAL_MONTH,
            "cadence": Cadence.WEEKLY if is_weekly else Cadence.MONTHLY,
            "weekday": 1,
            "day": 1,
            "hour": HOUR,
            "zone": project.time_zone,
            "attaches_pdf": "linked",
            "waits_days": 0,
        }

    def wanted(self, kind: str) -> Wanted:
        """Return the answers of a valid form."""
        data = self.cleaned_data
        is_weekly = data["cadence"] == Cadence.WEEKLY
        return Wanted(
            cadence=data["cadence"],
            standing=data["standing"],
            model=self.model,
            kind=kind,
            day=data["weekday"] if is_weekly else data["day"],
            hour=data["hour"],
            zone=data["zone"] or "UTC",
            attaches_pdf=data.get("attaches_pdf", False),
            waits_days=data["waits_days"],
        )


class PersonForm(forms.Form):
    """Who else of the project gets what a schedule sends."""

    user = forms.ModelChoiceField(User.objects.none(), label="Member", empty_label=None)

    def __init__(self, *arguments: Any, schedule: Schedule, **options: Any) -> None:
        super().__init__(*arguments, **options)
        user = self.fields["user"]
        assert isinstance(user, forms.ModelChoiceField)
        members = Membership.objects.in_project(schedule.project).filter(user__is_active=True, user__is_simulated=False)
        there = schedule.subscriptions.filter(left_at=None).values("user")
        user.queryset = User.objects.filter(memberships__in=members).exclude(pk__in=there).order_by("name", "email")
