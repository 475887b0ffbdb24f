"""What the pages about reviewers show, computed when they are asked for."""

from typing import Any

from django.http import QueryDict

from apps.accounts.models import User
from apps.registry.models import MonitoredModel
from apps.truth.pages import charts, wording
from apps.truth.pages.feedback import settled_page
from apps.truth.pages.forms import asked
from apps.truth.services import quality, team
from apps.truth.services.streaks import STREAK_LENGTH


def of_person(model: MonitoredModel, person: User, *, query: QueryDict) -> dict[str, Any]:
    """One person's figures, pace, streaks, and what became of their cases."""
    wanted = asked(query)
    window = quality.Window.of(model, days=wanted["days"])
    answers = quality.answers_of(model, window=window, reviewer=person.pk)
    found = quality.quality(model, answers, window=window).get(person.pk) or quality.nothing()
    days = quality.pace(model, answers, window=window)
    only_differing = wanted["only_differing"]
    return {
        "window": window,
        "windows": quality.WINDOWS,
        "quality": found,
        "figures": wording.person_figures(model, found),
        "reveals": wording.reveal_figures(found.reveals),
        "pace": [charts.answers_by_day(days), charts.seconds_by_day(days)],
        "streak_length": STREAK_LENGTH,
        "only_differing": only_differing,
        "page": settled_page(model, answers, number=wanted["number"], only_differing=only_differing),
    }


def of_team(model: MonitoredModel, *, query: QueryDict) -> dict[str, Any]:
    """Everybody's figures, and agreement by queue."""
    window = quality.Window.of(model, days=asked(query)["days"])
    answers = quality.answers_of(model, window=window)
    people = team.team(model, answers, window=window)
    return {
        "window": window,
        "windows": quality.WINDOWS,
        "lines": wording.team_lines(model, people),
        "rates": wording.rate_lines(model, people),
        "queues": [
            (each, wording.agreement_figures(model, each), wording.confusion_lines(model, each.confusion))
            for each in team.agreements(model, answers)
        ],
        "most_classes": team.MOST_CLASSES,
        "streak_length": STREAK_LENGTH,
    }
