"""What the columns of a labels export hold."""

from apps.registry.models import MonitoredModel
from apps.truth.services.labels import FIELDS, MOMENTS, VALUES

INTEGERS = frozenset({"seq"})
NUMBERS = frozenset({"adjudication_probability", "inclusion_probability", "log_share", "weight"})


def kinds(model: MonitoredModel) -> dict[str, str]:
    """Return the kind of each column: see `apps.common.exports`."""

    def kind(name: str) -> str:
        if name in MOMENTS:
            return "moment"
        if name in INTEGERS:
            return "integer"
        if name == "targeted":
            return "flag"
        return "number" if name in NUMBERS or (name in VALUES and model.is_regression) else "text"

    return {name: kind(name) for name in FIELDS}
