"""One sentence for everybody about how much people review, and how precise that makes a model's first figure."""

from django.core.cache import caches

from apps.common.numerals import count, localized
from apps.planning.services.expected import metrics_of
from apps.planning.services.precision import Draw, Precision
from apps.planning.services.preview import answered_share, known
from apps.registry.models import MonitoredModel
from apps.sampling.services import policies

# Recent predictions change little within an hour, and looking at them takes a while.
KEPT_SECONDS = 3_600
WEEKS = 2
WEEK_WORDS = {1: "one week", 2: "two weeks", 4: "four weeks"}
RIGHT = "the share of right decisions"
ERROR = "the mean error of a prediction"


def planned(model: MonitoredModel) -> str:
    """Say what the sampling in force brings; empty before the first predictions."""
    key = f"planned:{model.pk}:{policies.current_number(model)}"
    return str(caches["default"].get_or_set(key, lambda: _planned(model), KEPT_SECONDS))


def sentence(
    a_day: float,
    decisions_a_day: float,
    half_width: float | None,
    weeks: int,
    *,
    what: str = RIGHT,
    unit: str = "points",
    has_rules: bool = False,
) -> str:
    """Tell cases and decisions a day, and the ± of a figure, in its `unit`, after so many weeks.

    With rules some cases are certain to come; nothing here says why any single one did.

    >>> sentence(57.8, 2_874, 1.9, 2)  # doctest: +NORMALIZE_WHITESPACE
    'Of about 2,900 decisions a day, people review about 58, chosen by chance;
    after two weeks the share of right decisions is known to within ± 1.9 points.'
    >>> sentence(12, 60, None, 2, has_rules=True), sentence(60, 60, None, 2)  # doctest: +NORMALIZE_WHITESPACE
    ('Of about 60 decisions a day, people review about 12, chosen by rules and by chance.',
     'Of about 60 decisions a day, people review all.')
    >>> sentence(0.4, 72, None, 2)
    'Of about 72 decisions a day, people review fewer than one, chosen by chance.'
    """
    chosen = "chosen by rules and by chance" if has_rules else "chosen by chance"
    how_many = "all" if a_day >= decisions_a_day * (1 - 1e-9) else f"{_about(a_day)}, {chosen}"
    said = f"Of {_about(decisions_a_day)} decisions a day, people review {how_many}"
    if half_width is None:
        return f"{said}."
    return f"{said}; after {WEEK_WORDS[weeks]} {what} is known to within ± {_width(half_width)} {unit}."


def _planned(model: MonitoredModel) -> str:
    seen = known(model)
    if seen.recent.is_empty:
        return ""
    draw = Draw.of(seen.now, response=answered_share(seen, seen.now))
    half_width = Precision(seen.recent, [draw], seen.expectations).after(metrics_of(model)[0], WEEKS)[0].half_width
    is_number = model.is_regression
    return sentence(
        seen.now.all.mean,
        seen.recent.decisions_a_day,
        half_width if half_width is None or is_number else 100 * half_width,
        WEEKS,
        what=ERROR if is_number else RIGHT,
        unit=model.unit or "units" if is_number else "points",
        has_rules=bool((seen.now.pi >= 1).any()),
    )


def _about(number: float) -> str:
    """Round to two digits.

    >>> _about(2_874), _about(57.8), _about(3.26), _about(0.2)
    ('about 2,900', 'about 58', 'about 3', 'fewer than one')
    """
    if number < 1:
        return "fewer than one" if number else "none"
    return f"about {count(float(f'{number:.2g}'))}"


def _width(half_width: float) -> str:
    return localized(f"{half_width:.2g}") if half_width < 100 else count(half_width)
