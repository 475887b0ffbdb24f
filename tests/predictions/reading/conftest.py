"""A process of limited memory, for bodies that would fill it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

LIMIT = 700 * 1024 * 1024  # of address space, most of it libraries
PROGRAM = """
import os, resource, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from apps.common.errors import DomainError
{imports}
body = sys.stdin.buffer.read()
resource.setrlimit(resource.RLIMIT_DATA, ({limit}, {limit}))
try:
    read(body)
    print("read")
except DomainError as error:
    print(error.status, error.code)
"""


@pytest.fixture
def limited_memory() -> Callable[[str, bytes], str]:
    """Read a body in a process of its own, and return what it printed."""

    def answer(imports: str, body: bytes) -> str:
        program = PROGRAM.format(imports=imports, limit=LIMIT)
        process = subprocess.run(
            [sys.executable, "-c", program],
            input=body,
            capture_output=True,
            check=False,
            cwd=Path(__file__).parents[3],
            timeout=120,
        )
        assert process.returncode == 0, process.stderr.decode()[-2000:]
        return process.stdout.decode().strip()

    return answer
