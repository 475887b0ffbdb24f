"""Figures of fewer than ten predictions or labels tell about single cases: what is hidden of them."""

from apps.reports.engine.document import Figure, Figures, NaiveFigure

LEAST = 10
HIDDEN = "fewer_than_ten"
# Reasons why there is no figure that tell about the labels, so few labels give them away.
OF_LABELS = {"no_positives", "no_negatives", "no_errors", "no_variation", "undefined", "too_few"}
NOTHING: Figure = {
    "value": None,
    "low": None,
    "high": None,
    "method": "none",
    "n": 0,
    "n_eff": None,
    "outcomes": 0,
    "reviews": 0,
    "response_rate": None,
    "outcome_share": None,
    "covered_share": None,
    "code": HIDDEN,
    "labels_needed": None,
    "bounds": None,
}
NOTHING_NAIVE: NaiveFigure = {"value": None, "n": 0}


def is_small(n: float) -> bool:
    """Whether so many predictions are single cases."""
    return 0 < n < LEAST


def hidden_with(sizes: list[int], *, rest: int = 0) -> set[int]:
    """Return the positions to hide in a partition: those too small, and the next smallest until they hold ten.

    `rest` counts the predictions that are in none of them: the whole less the others gives them away as well.

    >>> sorted(hidden_with([500, 3, 40, 12])), hidden_with([500, 40]), hidden_with([500, 40], rest=2)
    ([1, 3], set(), {1})
    """
    hidden = {place for place, n in enumerate(sizes) if is_small(n)}
    others = sorted((place for place, n in enumerate(sizes) if n >= LEAST), key=sizes.__getitem__)
    while others and is_small(sum(sizes[place] for place in hidden) + rest):
        hidden.add(others.pop(0))
    return hidden


def figures_of(figures: Figures, *, hide: bool = False) -> Figures:
    return {metric: figure if shows(figure, hide=hide) else NOTHING for metric, figure in figures.items()}


def shows(figure: Figure, *, hide: bool = False) -> bool:
    """Whether the figure may be seen: it has at least ten labels, or says nothing of any."""
    return figure["code"] == "unsupported_task" or not (hide or is_small(labels_told(figure)))


def labels_told(figure: Figure | None) -> int:
    """Count the labels that the figure, or the reason why there is none, tells about."""
    tells = figure is not None and (figure["value"] is not None or figure["code"] in OF_LABELS)
    return figure["n"] if figure is not None and tells else 0
