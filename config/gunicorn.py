"""How gunicorn serves the pages and the API; the same file locally and in the image."""

import ctypes
import gc
import os
from pathlib import Path

from django.urls import get_resolver

from config.local.deathsig import die_with_parent

# Only gunicorn's threads share connections; Celery's forked workers must not inherit a pool.
os.environ.setdefault("COUNTERSIGN_DB_POOL", "1")

# Memory that a large push took goes back to the system with it. glibc would keep a heap for each thread, pyarrow
# whatever it ever had (measured with four bodies of 90,000 rows at once: 190 MB a worker, 290 without).
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
M_ARENA_MAX = -8
if hasattr(libc := ctypes.CDLL(None), "mallopt"):
    libc.mallopt(M_ARENA_MAX, 2)

bind = f"{os.environ.get('COUNTERSIGN_BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "config.gunicorn_worker.SharingWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
# Loaded once and shared: half the work at the start, and a worker that dies is replaced at once. Nothing
# connects to the database while it is loaded, so no connection is shared.
preload_app = True
timeout = 60
graceful_timeout = 10
# The workers' heartbeat files; a disk that hangs must not look like a worker that hangs.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # gunicorn makes a private file there
# One per account otherwise, so that two instances of one user would disturb each other.
control_socket_disable = True


def when_ready(_arbiter: object) -> None:
    """Load the views before the workers are forked: Django would import them at each one's first request."""
    get_resolver().url_patterns  # noqa: B018  # reading it imports them
    # What is loaded stays: the collector would look at all of it again with every few large pushes.
    gc.collect()
    gc.freeze()


def post_worker_init(_worker: object) -> None:
    """A push makes some thousand objects that live as long as it does: looking for cycles among them is in vain."""
    gc.set_threshold(20_000, 10, 10)


def post_fork(_arbiter: object, _worker: object) -> None:
    """A worker that outlived its arbiter would keep the port."""
    die_with_parent()
