"""Contexts of the pages about reviewers. Importing this module loads pandas and scipy."""

from typing import Any

from django.http import QueryDict

from apps.accounts.models import Membership, User
from apps.predictions.services import sightings
from apps.predictions.services.sightings import Place
from apps.registry.models import MonitoredModel
from apps.truth.pages import charts, figure_texts
from apps.truth.pages.reveal_texts import reveal_text
from apps.truth.pages.settled_cases import settled_page
from apps.truth.services import quality, team
from apps.truth.services.reveals import reveal_effects
from apps.truth.services.streaks import STREAK_LENGTH


def person_context(model: MonitoredModel, person: User, *, reader: Membership, query: QueryDict) -> dict[str, Any]:
    """Compute one person's figures, pace, streaks and settled cases."""
    period = _period(model, query)
    answers = quality.first_answers(model, period=period, reviewer=person.pk)
    if person == reader.user:
        # From here on these answers stay: the figures say something of those of others.
        compared = answers.loc[answers["from_others"].notna(), "prediction"]
        sightings.note(compared.tolist(), person, Place.FIGURES)
    figures = quality.quality_by_person(model, answers, period=period).get(person.pk) or quality.without_answers()
    days = quality.pace(model, answers, period=period)
    only_differing = query.get("differs") == "1"
    page = settled_page(model, answers, reader=reader, number=query.get("page", "1"), only_differing=only_differing)
    return {
        "window": period,
        "windows": quality.PERIODS,
        "quality": figures,
        "figures": figure_texts.person_figures(model, figures),
        "reveals": figure_texts.reveal_figures(figures.reveals),
        "pace": [charts.answers_by_day(days), charts.seconds_by_day(days)],
        "streak_length": STREAK_LENGTH,
        "only_differing": only_differing,
        "page": page,
    }


def team_context(model: MonitoredModel, *, query: QueryDict) -> dict[str, Any]:
    """Compute each person's figures, the effect of the reveal, and agreement by queue."""
    period = _period(model, query)
    answers = quality.first_answers(model, period=period)
    people = team.team_quality(model, answers, period=period)
    return {
        "window": period,
        "windows": quality.PERIODS,
        "lines": figure_texts.team_rows(model, people),
        "rates": figure_texts.rate_rows(model, people),
        "reveal": reveal_text(model, reveal_effects(model, answers)),
        "queues": [
            (
                agreement,
                figure_texts.agreement_figures(model, agreement),
                figure_texts.confusion_rows(model, agreement.confusion),
            )
            for agreement in team.agreements(model, answers)
        ],
        "most_classes": team.MOST_CLASSES,
        "streak_length": STREAK_LENGTH,
    }


def _period(model: MonitoredModel, query: QueryDict) -> quality.Period:
    """Return the period that `days` names; the usual one for any other value."""
    choices = {str(days): days for days in quality.PERIODS}
    return quality.Period.of(model, days=choices.get(query.get("days", ""), quality.PERIOD))
