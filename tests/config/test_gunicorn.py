"""What gunicorn loads before it forks its workers. Many small machines run two."""

import subprocess
import sys

CODE = """
import sys
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
print(*[name for name in ("pandas", "scipy", "pyarrow") if name in sys.modules])
"""


def test_views_load_no_library_that_few_requests_need() -> None:
    loaded = subprocess.run([sys.executable, "-W", "ignore", "-c", CODE], check=True, capture_output=True, text=True)
    assert loaded.stdout.split() == []
