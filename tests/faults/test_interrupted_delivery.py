"""Workers are killed while they deliver: each event still arrives, with the same key, in order for each prediction."""

import pytest
from pytest_django import Settings

from apps.notifications.models import Delivery
from apps.notifications.services import delivering
from apps.registry.models import MonitoredModel
from tests.common.test_egress import LOOPBACK
from tests.factories import make_model, prediction_row, push_predictions
from tests.faults.workers import stuck_worker
from tests.notifications.receiver import receiving
from tests.notifications.services.test_delivering import happen, pass_time, steps

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# Sends what it has claimed, and hangs before it writes down what became of it.
HANGING_WORKER = """
import django, time
django.setup()
from django.conf import settings
from ipaddress import ip_network
from apps.notifications.services import delivering
settings.EGRESS_NETWORKS = [ip_network("127.0.0.0/8")]

def hang(*args, **kwargs):
    print("in the middle", flush=True)
    time.sleep(600)

delivering._note = hang
delivering.deliver_due()
"""


@pytest.fixture
def model(settings: Settings) -> MonitoredModel:
    settings.EGRESS_NETWORKS = LOOPBACK
    model = make_model()
    push_predictions(model, [prediction_row(number) for number in range(1, 6)])
    return model


def test_what_two_killed_workers_had_in_hand_arrives_with_the_same_keys(model: MonitoredModel) -> None:
    with receiving(model.project) as (receiver, _):
        made = happen(model, *[1 + number % 5 for number in range(40)])
        with stuck_worker(HANGING_WORKER):
            # The first event of each case is in hand: no other worker has anything to send.
            assert delivering.deliver_due() == 0
        pass_time(1)
        with stuck_worker(HANGING_WORKER):
            pass
        pass_time(1)
        assert delivering.deliver_due() == 40
        assert not Delivery.objects.waiting().exists()
        # Each worker is killed once its first message is answered; up to four more are on their way.
        assert 42 <= len(receiver.keys) <= 50
        assert set(receiver.keys) == {str(event.key) for event in made}
        for number in range(1, 6):
            own = [each["data"]["step"] for each in receiver.got if each["data"]["id"] == f"case-{number}"]
            assert own == sorted(own)
        assert sorted(set(steps(receiver))) == list(range(1, 41))
