"""Check a report: download its evidence, and run the independent program that computes its figures anew."""

import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx

from countersign.client import PATIENCE, TIMEOUT
from countersign.connection import Connection
from countersign.debugging import BadLinkError, Link
from countersign.errors import CountersignError

# A page of a report, with anything below it; or a call of the API about one.
PAGE = re.compile(r"(?P<before>.*)/p/[^/]+/reports/(?P<number>\d+)(/.*)?")
CALL = re.compile(r"(?P<before>.*)/api/v1/(?P<path>(stored-)?reports/\d+)(/.*)?")
# Beside this package in the repository, and in it once installed.
PROGRAMS = (Path(__file__).parent / "verify.py", Path(__file__).parents[2] / "verify" / "verify.py")
CHUNK = 1 << 20
PAUSE = 1.0
WAITING = 202


class NoProgramError(CountersignError):
    """The independent program is not here."""


def read_report_link(link: str) -> Link:
    """Read the address of a report's page, or of the report in the API.

    >>> read_report_link("https://review.example.org/p/credit/reports/12/")
    Link(server='https://review.example.org', path='stored-reports/12/evidence')
    >>> read_report_link("https://example.org/desk/api/v1/reports/5").path
    'reports/5/evidence'
    """
    parts = urlsplit(link)
    page, call = PAGE.fullmatch(parts.path), CALL.fullmatch(parts.path)
    found = page or call
    if parts.scheme not in ("http", "https") or not parts.netloc or not found:
        raise BadLinkError(f"{link} is no file and no address of a report, such as https://…/p/credit/reports/12/.")
    path = f"stored-reports/{page['number']}" if page else found["path"]
    return Link(f"{parts.scheme}://{parts.netloc}{found['before']}", f"{path}/evidence")


def download(
    link: str, key: str, *, into: Path, timeout: float = 600.0, transport: httpx.BaseTransport | None = None
) -> Path:
    """Download the evidence of a report, once a worker has written it. Raises ApiError, BadLinkError, TimeoutError."""
    where, until = read_report_link(link), time.monotonic() + timeout
    connection = Connection(where.server, key, timeout=TIMEOUT, patience=PATIENCE, transport=transport)
    try:
        while True:
            with connection.stream(where.path) as response:
                if response.status_code != WAITING:
                    with into.open("wb") as file:
                        for piece in response.iter_bytes(CHUNK):
                            file.write(piece)
                    return into
            if time.monotonic() > until:
                raise TimeoutError(f"The evidence was not written within {timeout:g} seconds.")
            time.sleep(PAUSE)
    finally:
        connection.close()


def verify(report: str, key: str, *, keep: Path | None = None) -> int:
    """Check a report by its file or its address, and return the exit status of the program: 0 if all figures agree.

    Raises NoProgramError, and what `download` raises. `keep` is where the evidence is left.
    """
    program = next((each for each in PROGRAMS if each.exists()), None)
    if program is None:
        raise NoProgramError("The program verify.py is not here: run clients/verify/verify.py of the repository.")
    with TemporaryDirectory() as folder:
        file = Path(report)
        if not file.is_file():
            file = download(report, key, into=keep or Path(folder) / "evidence.zip")
        return subprocess.run([sys.executable, str(program), str(file)], check=False).returncode  # noqa: S603  # ours
