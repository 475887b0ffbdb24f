"""What the pages about reviewers show, computed when they are asked for."""

from typing import Any

from django.http import QueryDict

from apps.accounts.models import User
from apps.registry.models import MonitoredModel
from apps.truth.pages import charts, figure_texts
from apps.truth.pages.settled_cases import settled_page
from apps.truth.services import quality, team
from apps.truth.services.streaks import STREAK_LENGTH


def of_person(model: MonitoredModel, person: User, *, query: QueryDict) -> dict[str, Any]:
    """One person's figures, pace, streaks, and what became of their cases."""
    wanted = _asked(query)
    window = quality.Window.of(model, days=wanted["days"])
    answers = quality.answers_of(model, window=window, reviewer=person.pk)
    found = quality.quality(model, answers, window=window).get(person.pk) or quality.nothing()
    days = quality.pace(model, answers, window=window)
    only_differing = wanted["only_differing"]
    return {
        "window": window,
        "windows": quality.WINDOWS,
        "quality": found,
        "figures": figure_texts.person_figures(model, found),
        "reveals": figure_texts.reveal_figures(found.reveals),
        "pace": [charts.answers_by_day(days), charts.seconds_by_day(days)],
        "streak_length": STREAK_LENGTH,
        "only_differing": only_differing,
        "page": settled_page(model, answers, number=wanted["number"], only_differing=only_differing),
    }


def of_team(model: MonitoredModel, *, query: QueryDict) -> dict[str, Any]:
    """Everybody's figures, and agreement by queue."""
    window = quality.Window.of(model, days=_asked(query)["days"])
    answers = quality.answers_of(model, window=window)
    people = team.team(model, answers, window=window)
    return {
        "window": window,
        "windows": quality.WINDOWS,
        "lines": figure_texts.team_lines(model, people),
        "rates": figure_texts.rate_lines(model, people),
        "queues": [
            (each, figure_texts.agreement_figures(model, each), figure_texts.confusion_lines(model, each.confusion))
            for each in team.agreements(model, answers)
        ],
        "most_classes": team.MOST_CLASSES,
        "streak_length": STREAK_LENGTH,
    }


def _asked(query: QueryDict) -> dict[str, Any]:
    """`days` of the window, whether only cases that differ are wanted, and the page."""
    days = {str(each): each for each in quality.WINDOWS}.get(query.get("days", ""), quality.WINDOW)
    return {"days": days, "only_differing": query.get("differs") == "1", "number": query.get("page", "1")}
