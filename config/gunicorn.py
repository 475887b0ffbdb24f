"""gunicorn's configuration, for `run.sh` and for the image."""

import ctypes
import gc
import os
import sys
from pathlib import Path

from django.urls import get_resolver

from config import database
from config.local.launch import die_with_parent

os.environ.setdefault(database.KIND, "web")
# Libraries use these where they find them, for nothing that a web worker does: it is 10 MB smaller without.
for name in ("greenlet", "jinja2", "pydantic", "pygments", "rich"):
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # so that an import fails

# Return the memory of a large push to the system. By default, glibc keeps a heap for each thread, and pyarrow keeps
# all it ever took (measured with four bodies of 90,000 rows at once: 190 MB a worker, 290 without these lines).
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
M_ARENA_MAX = -8
libc = ctypes.CDLL(None)
if hasattr(libc, "mallopt"):
    libc.mallopt(M_ARENA_MAX, 2)

bind = f"{os.environ.get('COUNTERSIGN_BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "config.server.worker.BufferingWorker"
logger_class = "config.gunicorn_logger.MaskingLogger"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
# Load the application once, before the workers are forked: half the work at the start, and a dead worker is replaced
# at once. Loading connects to nothing, so the workers share no database connection.
preload_app = True
# gunicorn believes nobody's X-Forwarded headers; ProxyMiddleware counts the proxies.
forwarded_allow_ips = ""
timeout = 60
graceful_timeout = 10
# The workers' heartbeat files, in memory: a disk that hangs must not look like a worker that hangs.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # gunicorn makes a private file there
# The socket is one per account, so two instances of one user would disturb each other.
control_socket_disable = True


def when_ready(_arbiter: object) -> None:
    """Load the views and describe the API before the workers are forked: each would otherwise do so at a request."""
    get_resolver().url_patterns  # noqa: B018  # reading it imports them
    from config import schema  # noqa: PLC0415  # needs the application, which is loaded by now

    schema.build()
    # Loaded modules stay loaded. Freeze them, or the collector scans them again after every few large pushes.
    gc.collect()
    gc.freeze()
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def post_worker_init(_worker: object) -> None:
    """Collect less often: the thousands of objects of a push live as long as it does, and form no cycles."""
    gc.set_threshold(20_000, 10, 10)


def post_fork(_arbiter: object, _worker: object) -> None:
    """Let no worker outlive its arbiter: it would keep the port."""
    die_with_parent()
