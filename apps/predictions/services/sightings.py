"""Sightings: who has been shown a prediction, its answers or its truth, and so cannot judge it blind any more.

Whatever shows one notes it first, in the transaction of the answer that shows it.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.models import User
from apps.predictions.models import CaseView, ExportView, Prediction
from apps.registry.models import MonitoredModel

Place = CaseView.Place
# A repeat goes to a person who answered the case at their desk, and who may have read how they compare with others.
REPEATED = (Place.DESK, Place.FIGURES)
# Sorted, so that two requests at once wait for each other in the same order.
NOTE = """
INSERT INTO predictions_caseview (prediction_id, user_id, place, opened_at)
SELECT prediction, %(user)s, %(place)s, now() FROM unnest(%(predictions)s::bigint[]) AS prediction ORDER BY prediction
ON CONFLICT DO NOTHING
"""


def note(predictions: Iterable[int], user: User, place: Place) -> None:
    """Note that the person sees these predictions (their keys) there. Noted again, it stays one row."""
    with connection.cursor() as cursor:
        cursor.execute(NOTE, {"predictions": list(predictions), "user": user.pk, "place": str(place)})


def note_export(user: User, model: MonitoredModel, *, filters: dict[str, Any], first: int, last: int) -> None:
    """Note an export of the model's predictions, by the lowest and the highest key it may hold."""
    ExportView.objects.create(user=user, model=model, filters=filters, first_prediction=first, last_prediction=last)


def has_seen(user: User, prediction: Prediction, *, besides: Collection[Place] = ()) -> bool:
    """True if the person has seen the prediction, these places aside. All that an export may hold counts as seen."""
    views = CaseView.objects.filter(prediction=prediction, user=user).exclude(place__in=besides)
    return views.exists() or ExportView.objects.holding(prediction.pk, prediction.model_id).filter(user=user).exists()


def viewers(prediction: Prediction) -> QuerySet[User]:
    """Return the people who have seen the prediction."""
    exports = ExportView.objects.holding(prediction.pk, prediction.model_id)
    views = CaseView.objects.filter(prediction=prediction)
    return User.objects.filter(Q(pk__in=views.values("user")) | Q(pk__in=exports.values("user")))


def seen_by(user: int, *, prediction: str, model: MonitoredModel, besides: Collection[Place] = ()) -> Q:
    """Return the condition on rows about a model's predictions that the person has seen that of the row."""
    views = CaseView.objects.filter(prediction=OuterRef(prediction), user=user).exclude(place__in=besides)
    exports = ExportView.objects.holding(OuterRef(prediction), model.pk).filter(user=user)
    return Exists(views) | Exists(exports)
