"""The score bins of a model, frozen once it has drawn enough predictions."""

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.registry.models.monitored_model import MonitoredModel

if TYPE_CHECKING:
    # Loads scipy, which few requests need.
    from apps.stats.score_bins import ScoreBins


class ScoreBinningQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def frozen_by(self, moment: datetime | None) -> Self:
        """Keep those in force at a moment, now if None."""
        return self if moment is None else self.filter(frozen_at__lte=moment)


class ScoreBinning(models.Model):
    """One version of a model's score bins. Cells keep the version they are counted in; reports read that of their day.

    Version 0 is the equal bins of the logit. They need no row; with one, the model keeps them for good.
    """

    model = models.ForeignKey(MonitoredModel, models.CASCADE, related_name="score_binnings")
    version = models.PositiveSmallIntegerField()
    # As in `ScoreBins`
    edges = ArrayField(models.FloatField())
    centers = ArrayField(models.FloatField())
    frozen_at = models.DateTimeField()

    objects = ScoreBinningQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "version"], name="one_score_binning_per_version")]

    def __str__(self) -> str:
        return f"score bins of {self.model}, version {self.version}"

    @classmethod
    def of(cls, model: MonitoredModel, version: int, bins: "ScoreBins") -> "ScoreBinning":
        return cls(model=model, version=version, edges=bins.edges.tolist(), centers=bins.centers.tolist())

    @classmethod
    def in_force(cls, model: MonitoredModel, *, at: datetime | None = None) -> "ScoreBinning":
        """Return the bins in force at a moment, now by default: until any are frozen, the equal bins of the logit."""
        from apps.stats.score_bins import LOGIT_BINS  # noqa: PLC0415  # see above

        found: ScoreBinning | None = cls.objects.filter(model=model).frozen_by(at).order_by("-version").first()
        return found or cls.of(model, 0, LOGIT_BINS)

    @cached_property
    def score_bins(self) -> "ScoreBins":
        from apps.stats.score_bins import ScoreBins  # noqa: PLC0415  # see above

        return ScoreBins(np.array(self.edges), np.array(self.centers))
