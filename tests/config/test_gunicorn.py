"""A process as gunicorn loads it, before it forks its workers. Many small machines run two."""

import subprocess
import sys

import pytest

CODE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import django
django.setup()
from django.test import Client
from django.urls import get_resolver

get_resolver().url_patterns
print(*[name for name in ("pandas", "scipy", "pyarrow", "typst") if name in sys.modules])

barrier = Barrier(16)

def ask(number):
    barrier.wait()
    kind = ("application/vnd.oai.openapi", "application/vnd.oai.openapi+json")[number % 2]
    answer = Client(SERVER_NAME="localhost").get("/api/v1/schema", headers={"accept": kind})
    return answer.status_code, answer.content

with ThreadPoolExecutor(16) as pool:
    answers = list(pool.map(ask, range(16)))
print({status for status, _ in answers}, len(set(answers)))

import apps.planning.pages.editor_views, apps.planning.pages.results, apps.planning.services.telling
import apps.sampling.pages.views, apps.sampling.services.checking
print(*[name for name in ("pandas", "scipy.stats", "pyarrow") if name in sys.modules])

import apps.truth.pages.people
print("scipy.stats" in sys.modules)
"""


@pytest.fixture(scope="module")
def fresh() -> list[str]:
    """Return what a fresh process says: the libraries it loaded, and its answers about the API."""
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", CODE], check=True, capture_output=True, text=True)
    return ran.stdout.splitlines()


@pytest.mark.slow
def test_views_load_no_library_that_few_requests_need(fresh: list[str]) -> None:
    assert fresh[0] == ""


def test_a_fresh_process_describes_the_api_to_many_at_once(fresh: list[str]) -> None:
    assert fresh[1] == "{200} 2"


def test_the_pages_of_a_model_and_its_sampling_load_neither_pandas_nor_scipy_stats(fresh: list[str]) -> None:
    """A process that served them once took 285 MB."""
    assert fresh[2] == ""


def test_the_pages_about_reviewers_do_not_load_the_second_of_code_of_scipy_stats(fresh: list[str]) -> None:
    assert fresh[3] == "False"
