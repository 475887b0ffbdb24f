from celery import shared_task

from apps.sampling import services


@shared_task(name="draw")
def draw() -> None:
    services.draw_due()


@shared_task(name="compact_cells")
def compact_cells() -> None:
    services.fold_cells()
