"""Debug bundles: download one, check it, unpack it into a folder of its own."""

import hashlib
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from countersign.client import PATIENCE, TIMEOUT
from countersign.connection import Connection
from countersign.errors import CountersignError

# A page of a case, with anything below it; or a call of the API about a prediction.
PAGE = re.compile(r"(?P<before>.*)/p/[^/]+/(?P<model>models/[^/]+)/(?P<case>cases/\d+)(/.*)?")
CALL = re.compile(r"(?P<before>.*)/api/v1/(?P<model>models/[^/]+)/(?P<case>cases/\d+|predictions/.+?)(/bundle)?/?")
# A plain name of a file in one folder, on every system.
PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
CHUNK = 1 << 20


class BadLinkError(CountersignError):
    """The link is not that of a case."""


class BadBundleError(CountersignError):
    """The archive is damaged, or is no debug bundle."""


class FolderExistsError(CountersignError):
    """The bundle is there already."""


@dataclass(frozen=True)
class Link:
    """Where a case is: its server, and the path of its bundle in the API."""

    server: str
    path: str


def read_link(link: str) -> Link:
    """Read the address of a case's page, or of the prediction in the API.

    >>> read_link("https://review.example.org/p/credit/models/loans/cases/7/")
    Link(server='https://review.example.org', path='models/loans/cases/7/bundle')
    >>> read_link("https://example.org/desk/api/v1/models/loans/predictions/a%2F7").path
    'models/loans/predictions/a%2F7/bundle'
    """
    parts = urlsplit(link)
    found = PAGE.fullmatch(parts.path) or CALL.fullmatch(parts.path)
    if parts.scheme not in ("http", "https") or not parts.netloc or not found:
        raise BadLinkError(f"{link} is not the address of a case, such as https://…/p/credit/models/loans/cases/7/.")
    return Link(f"{parts.scheme}://{parts.netloc}{found['before']}", f"{found['model']}/{found['case']}/bundle")


def fetch(
    link: str, key: str, *, into: Path, overwrites: bool = False, transport: httpx.BaseTransport | None = None
) -> Path:
    """Download the bundle of a case and unpack it below `into`; return its folder, `countersign-<id>`.

    Raises ApiError, BadLinkError, BadBundleError, and FolderExistsError unless `overwrites`.
    """
    where = read_link(link)
    connection = Connection(where.server, key, timeout=TIMEOUT, patience=PATIENCE, transport=transport)
    try:
        with TemporaryFile() as file:
            with connection.stream(where.path) as response:
                for piece in response.iter_bytes(CHUNK):
                    file.write(piece)
            return _unpack(file, into, overwrites=overwrites)
    finally:
        connection.close()


def _unpack(file: IO[bytes], into: Path, *, overwrites: bool) -> Path:
    """Check all of the archive first, so that nothing is written of a bad one."""
    try:
        with zipfile.ZipFile(file) as archive:
            case = _check(archive)
            folder = into / f"countersign-{_plain(str(case['id']))}"
            try:
                folder.mkdir(parents=True, exist_ok=overwrites)
            except FileExistsError:
                raise FolderExistsError(f"{folder} is there already. Use --force to overwrite it.") from None
            for entry in archive.infolist():
                _write(archive, entry, folder)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise BadBundleError(f"This is no debug bundle: {error}.") from error
    return folder


def _check(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Return the case, if all names are plain and the model file is the one that it names."""
    for entry in archive.infolist():
        if not PLAIN.fullmatch(entry.filename):
            raise BadBundleError(f"The archive holds {entry.filename!r}, which is no plain file name.")
    case: dict[str, Any] = json.loads(archive.read("case.json"))
    hashed = hashlib.sha256()
    with archive.open(case["artifact"]["file"]) as file:
        while piece := file.read(CHUNK):
            hashed.update(piece)
    if hashed.hexdigest() != case["artifact"]["sha256"]:
        raise BadBundleError(
            f"{case['artifact']['file']} is not the model file that was registered: {hashed.hexdigest()}."
        )
    return case


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    """Write one file. A link in its place is replaced, not followed."""
    path = folder / entry.filename
    path.unlink(missing_ok=True)
    with archive.open(entry) as source, path.open("xb") as target:
        while piece := source.read(CHUNK):
            target.write(piece)


def _plain(name: str) -> str:
    """Return an id as part of a folder's name.

    >>> _plain("../a b/7")
    'a-b-7'
    """
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")[:80] or "case"
