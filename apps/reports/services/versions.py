"""The versions of a model: which one decided from when on."""

from dataclasses import dataclass
from datetime import date

from django.core.cache import caches
from django.db.models import Min

from apps.registry.models import MonitoredModel, ScoreBinning
from apps.sampling.models import PopulationCell

# A new version shows after at most this long.
KEPT_SECONDS = 60
SHOWN = 8


@dataclass(frozen=True)
class Version:
    """A version of the model with the first day that it decided on."""

    pk: int
    name: str
    since: date


def versions_of(model: MonitoredModel) -> list[Version]:
    """Return the newest versions that have predictions, the newest first."""
    kept: list[Version] = caches["process"].get_or_set(f"versions:{model.pk}", lambda: _read(model), KEPT_SECONDS) or []
    return kept


def _read(model: MonitoredModel) -> list[Version]:
    names = dict(model.versions.order_by("-pk").values_list("pk", "name")[:SHOWN])
    cells = PopulationCell.objects.filter(model=model, version__in=names).of_everyone()
    cells = cells.in_bins(ScoreBinning.in_force(model).version)
    firsts = cells.order_by().values("version").annotate(since=Min("day")).values_list("version", "since")
    versions = [Version(pk, names[pk], since) for pk, since in firsts]
    return sorted(versions, key=lambda version: (version.since, version.pk), reverse=True)
