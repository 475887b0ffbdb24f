"""Celery's queues. Work that can take long has a queue and a worker of its own, and keeps no other work waiting.

The default queue has everything else.
"""

DEFAULT = "celery"
OWN = {
    "draws": ("draw", "open_items"),
    "uploads": ("load_uploads",),
    "reports": ("run_reports", "replay", "study_retraining"),
    "deliveries": ("deliver", "mail", "letters"),
    # Each of the two keeps models loaded, in processes of its own: people wait for the answers of the second.
    "explanations": ("explain", "check_artifacts"),
    "trials": ("answer_trials",),
}
ROUTES = {bell: {"queue": queue} for queue, bells in OWN.items() for bell in bells}
