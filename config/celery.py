"""The Celery application. Its messages are doorbells only, so a lost or repeated one does no harm."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init

from config import database
from config.local import launch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if "worker" in sys.argv:
    os.environ.setdefault(database.KIND, "worker")

app = Celery("countersign", task_cls="apps.common.doorbell:BellTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Beat rings bells by name, and needs no task.
if "beat" not in sys.argv:
    app.autodiscover_tasks()


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """Keep Celery from replacing the logging of Django's settings; a receiver of this signal is enough."""


@worker_process_init.connect
def die_with_parent(**_: Any) -> None:
    """Let no pool process outlive its worker, however the worker ends."""
    launch.die_with_parent()
