"""A worker is killed while it draws: the batch is still drawn exactly once."""

import pytest

from apps.predictions.models import BatchStage, Stage
from apps.sampling.models import Draw, PopulationCell
from apps.sampling.services import drawing, policies
from apps.sampling.services.randomness import permanent_number
from tests.factories import make_model, prediction_row, push_predictions
from tests.faults.workers import stuck_worker

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# Draws, and hangs after the draws are written but before the commit.
HANGING_WORKER = """
import django, time
django.setup()
from apps.sampling.services import drawing

def hang(*args, **kwargs):
    print("in the middle", flush=True)
    time.sleep(600)

drawing.write_cells = hang
drawing.draw_due()
"""


def test_a_batch_whose_worker_is_killed_while_drawing_is_drawn_once():
    model = make_model()
    policies.put_document(model, {"floor": 0.3})
    push_predictions(model, [prediction_row(n) for n in range(500)])
    expected = {f"case-{n}" for n in range(500) if permanent_number(bytes(model.salt), f"case-{n}") < 0.3}

    for _ in range(3):
        with stuck_worker(HANGING_WORKER):
            # While the worker lives, no other gets its batch.
            assert drawing.draw_due() == 0
        assert not Draw.objects.exists()
        BatchStage.objects.filter(stage=Stage.DRAW).update(lease_expires_at="2020-01-01T00:00:00Z")

    assert drawing.draw_due() == 1
    assert drawing.draw_due() == 0
    assert set(Draw.objects.values_list("prediction__external_id", flat=True)) == expected
    assert sum(PopulationCell.objects.of_everyone().values_list("n", flat=True)) == 500
