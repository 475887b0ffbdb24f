from celery import shared_task

from apps.sampling.services import binning, drawing, filling, keeping, pacing, policy_hours


@shared_task(name="draw")
def draw() -> None:
    drawing.draw_due()


@shared_task(name="freeze_bins")
def freeze_bins() -> None:
    binning.freeze_due()


@shared_task(name="fill_slices")
def fill_slices() -> None:
    filling.fill_due()


@shared_task(name="compact_cells")
def compact_cells() -> None:
    drawing.fold_cells()
    policy_hours.fold()


@shared_task(name="fill_samples")
def fill_samples() -> None:
    keeping.fill_due()
    keeping.read_features()


@shared_task(name="forget_sampled_features")
def forget_sampled_features() -> None:
    keeping.forget_features()


@shared_task(name="pace")
def pace() -> None:
    pacing.pace_due()
