"""What a web process loads before its first request: it is forked from there, and many small machines run two."""

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


def test_no_page_makes_every_web_process_load_what_few_need() -> None:
    loaded = subprocess.run([sys.executable, "-W", "ignore", "-c", CODE], check=True, capture_output=True, text=True)
    assert loaded.stdout.split() == []
