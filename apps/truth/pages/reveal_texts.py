"""Whether the reveal helps, in sentences, as dots and as a table."""

from dataclasses import dataclass

from django.utils.text import capfirst

from apps.common.charts import PHONE, WIDE, Chart, percent_label
from apps.common.dots import Axis, Ranged, by_group
from apps.common.numerals import count
from apps.registry.models import MonitoredModel
from apps.review.models import Shown, Similar
from apps.stats.estimate import Estimate
from apps.stats.reviewers.reveals import LEAST_CHANGED, RevealEffect
from apps.truth.pages.figure_texts import NO_BREAK, FigureRow, FigureText, figure_text, points, share
from apps.truth.services.reveals import RevealEffects

FOLLOWED = "Model wrong, and followed"
HELPED = "Model right, and taken up"


@dataclass(frozen=True)
class RevealText:
    """The section of the team's page."""

    sentences: list[str]
    chart: Chart | None
    rows: list[FigureRow]


def reveal_text(model: MonitoredModel, effects: RevealEffects) -> RevealText | None:
    """Describe the effect; None while no truth is known."""
    if not effects.whole.answers:
        return None
    groups = [
        ("All", effects.whole),
        *((capfirst(Shown.words(shown)), effect) for shown, effect in effects.by_shown),
        *((capfirst(Similar(similar).label), effect) for similar, effect in effects.by_similar),
    ]
    rows = [FigureRow(name, _figures(effect), answers=effect.answers) for name, effect in groups]
    sentences = [_changes(model, effects.whole), _net(effects.whole.net)]
    if effects.partial:
        answers = "one answer" if effects.partial == 1 else f"{count(effects.partial)} answers"
        sentences.append(f"For {answers}, contributions of sensitive features were left out.")
    return RevealText(sentences, _chart(effects.whole), rows)


def _changes(model: MonitoredModel, effect: RevealEffect) -> str:
    """Count the changes by where they lead.

    >>> from types import SimpleNamespace as Some
    >>> counts = {"answers": 120, "n_changed": 6, "n_toward": 4, "n_away": 1, "n_elsewhere": 1}
    >>> _changes(Some(is_regression=False), Some(**counts))
    'The reveal changed 6 of 120 answers: 4 to the right one, 1 away from it, 1 from one wrong answer to another.'
    """
    of = "answer" if effect.answers == 1 else "answers"
    if not effect.n_changed:
        return f"The reveal changed none of {count(effect.answers)} {of}."
    words = (
        ("nearer the truth", "further from it", "as far from it as before")
        if model.is_regression
        else ("to the right one", "away from it", "from one wrong answer to another")
    )
    counts = (effect.n_toward, effect.n_away, effect.n_elsewhere)
    where = ", ".join(f"{count(n)} {word}" for n, word in zip(counts, words, strict=True) if n)
    return f"The reveal changed {count(effect.n_changed)} of {count(effect.answers)} {of}: {where}."


def _net(net: Estimate) -> str:
    """Say whether that helped, or how many changes it takes to tell."""
    if net.value is None or net.low is None or net.high is None:
        changed = "1 changed answer" if net.n == 1 else f"{count(net.n)} changed answers"
        return f"Whether it helps cannot be told yet: {changed}, and it takes about {LEAST_CHANGED}."
    low, value, high = (points(each, net) for each in (net.low, net.value, net.high))
    verdict = "it helps" if net.low > 0 else "it harms" if net.high < 0 else "chance alone can explain that"
    return (
        f"The balance, toward the truth less away from it, is {value} (95{NO_BREAK}% range {low} to {high}): {verdict}."
    )


def _figures(effect: RevealEffect) -> list[FigureText]:
    of_net = "answers" if effect.net.code is None else "changed answers"
    figures = [
        figure_text("Changed", effect.changed, unit=share, of="answers"),
        figure_text("Toward the truth", effect.toward, unit=share, of="answers"),
        figure_text("Away from it", effect.away, unit=share, of="answers"),
        figure_text("Net", effect.net, unit=points, of=of_net),
    ]
    relied = ((FOLLOWED, effect.followed, "right answers"), (HELPED, effect.helped, "wrong answers"))
    figures += [figure_text(name, each, unit=share, of=of, why="no such case") for name, each, of in relied if each]
    return figures


def _chart(effect: RevealEffect) -> Chart | None:
    shares = {
        "Changed": effect.changed,
        "Toward the truth": effect.toward,
        "Away from it": effect.away,
    }
    shares |= {name: each for name, each in ((FOLLOWED, effect.followed), (HELPED, effect.helped)) if each}
    dots = [Ranged(name, each.value, each.low, each.high) for name, each in shares.items()]
    axis = Axis(percent_label, limit=1.0)
    known = [f"{dot.label} {share(dot.value, shares[dot.label])}" for dot in dots if dot.value is not None]
    title = "How often the reveal changed an answer"
    description = f"{'; '.join(known)}. The table below has every range.".replace(NO_BREAK, " ")
    return Chart(title, description, *(by_group(dots, axis, None, width=width) for width in (WIDE, PHONE)))
