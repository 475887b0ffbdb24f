from celery import shared_task

from apps.common import doorbell
from apps.monitoring.services import day_counting, inspecting, judging, parked, truth_counting, weakness


@shared_task(name="inspect")
def inspect() -> None:
    inspecting.inspect_due()


@shared_task(name="watch_parked")
def watch_parked() -> None:
    parked.watch()


@shared_task(name="count_days")
def count_days() -> None:
    day_counting.catch_up_due()


@shared_task(name="count_truth")
def count_truth() -> None:
    truth_counting.count_due()


@shared_task(name="judge_days")
def judge_days() -> None:
    if judging.judge_due():
        doorbell.ring("look_at_rules")


@shared_task(name="seek_weak_slices")
def seek_weak_slices() -> None:
    weakness.search_due()
