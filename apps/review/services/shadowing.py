"""Cases of shadows: what a shadow draws is judged as a case of the model in use, under the same id.

The label then counts for both. A case is opened by whichever comes later: the draw of the shadow, or the passing of the
prediction of the model in use through its own draw, which may put it into review by itself.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Exists, OuterRef

from apps.predictions.models import Batch, BatchStage, Prediction, Stage
from apps.registry.models import MonitoredModel
from apps.review.models import ReviewItem
from apps.review.services.casework import open_cases
from apps.sampling.models import Draw

CHUNK = 2_000


def open_drawn(shadow: MonitoredModel, batches: Sequence[Batch]) -> None:
    """Open a case of the model in use for each draw of these batches of its shadow, where it has gone through."""
    champion = _locked(shadow.champion)
    draws = Draw.objects.filter(batch__in=batches).order_by("pk")
    _open(champion, draws.values_list("prediction__external_id", "queue"))


def open_for_shadows(champion: MonitoredModel, batches: Sequence[Batch]) -> None:
    """Open a case for each prediction of these batches that a shadow of their model has drawn before."""
    shadows = list(champion.shadows.all())
    if not shadows:
        return
    champion = _locked(champion)
    arrived = Prediction.objects.filter(batch__in=batches, external_id=OuterRef("prediction__external_id"))
    draws = Draw.objects.filter(Exists(arrived), model__in=shadows).order_by("pk")
    _open(champion, draws.values_list("prediction__external_id", "queue"))


def _locked(champion: MonitoredModel) -> MonitoredModel:
    """Lock the model: of the two ways to a case, the later one sees what the earlier one did."""
    locked: MonitoredModel = MonitoredModel.objects.select_for_update(no_key=True, of=("self",)).get(pk=champion.pk)
    return locked


def _open(champion: MonitoredModel, drawn: Iterable[tuple[str, int]]) -> None:
    wanted = dict(drawn)
    names, queues = sorted(wanted), champion.queues.in_bulk()
    in_review = Exists(ReviewItem.objects.reviews().filter(prediction=OuterRef("pk")))
    to_come = BatchStage.objects.filter(batch=OuterRef("batch"), stage__in=(Stage.DRAW, Stage.OPEN_ITEMS), done_at=None)
    for start in range(0, len(names), CHUNK):
        rows = Prediction.objects.filter(model=champion, external_id__in=names[start : start + CHUNK])
        free = rows.exclude(in_review).exclude(Exists(to_come)).order_by("pk")
        open_cases(champion, [(each, queues[wanted[each.external_id]]) for each in free])
