"""Workers on the test's own database, killed in the middle of their work."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

MARK = "in the middle"


@contextmanager
def stuck_worker(code: str, *arguments: str) -> Iterator[None]:
    """Run Python code up to where it prints "in the middle"; kill it with SIGKILL at the end of the block."""
    worker = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline().strip() == MARK
        yield
    finally:
        worker.kill()
        worker.wait()


def environment() -> dict[str, str]:
    settings = connection.settings_dict
    url = f"postgresql://{settings['USER']}:{settings['PASSWORD']}@/{settings['NAME']}?host={settings['HOST']}"
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
