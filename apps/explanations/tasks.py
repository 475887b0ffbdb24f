from celery import shared_task

from apps.explanations.services import checking, explaining, summing, trials


@shared_task(name="explain")
def explain() -> None:
    explaining.explain_due()


@shared_task(name="add_up")
def add_up() -> None:
    summing.add_up_due()


@shared_task(name="check_artifacts")
def check_artifacts() -> None:
    checking.check_due()


@shared_task(name="recheck_artifacts")
def recheck_artifacts() -> None:
    checking.ask_nightly()


@shared_task(name="answer_trials")
def answer_trials() -> None:
    trials.answer_due()
