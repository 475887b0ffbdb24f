"""The command `countersign`: open the debug bundle of a case, or compute a report anew."""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from countersign.debugging import fetch
from countersign.errors import CountersignError
from countersign.verifying import verify

KEY = "COUNTERSIGN_KEY"
SCRIPT = "debug.py"
RUN = ("uv", "run", SCRIPT)
# The notebook runs with the script's packages and its Python, which the case names.
WITH = ("uv", "run", "--no-project", "--with", "jupyterlab", "--with-requirements", "requirements.txt")
LAB = ("jupyter", "lab", "debug.ipynb")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status."""
    given = _parser().parse_args(arguments)
    key = given.key or os.environ.get(KEY, "")
    if not key and not _is_file(given):
        print(f"Give your key by --key, or in {KEY}.", file=sys.stderr)
        return 2
    try:
        if given.command == "verify":
            return verify(given.report, key, keep=given.keep)
        folder = fetch(given.link, key, into=Path(), overwrites=given.force)
    except (CountersignError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 2 if given.command == "verify" else 1
    print(folder / SCRIPT)
    opening = _opening(given.how, folder)
    return _start(opening, folder) if opening else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="countersign")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    debug = commands.add_parser("debug", help="download the debug bundle of a case, and open it")
    debug.add_argument("link", metavar="LINK", help="address of the case's page, or of the prediction in the API")
    debug.add_argument("--key", help=f"your key; otherwise that in {KEY}")
    debug.add_argument("--force", action="store_true", help="overwrite the folder of an earlier download")
    how = debug.add_mutually_exclusive_group()
    how.add_argument("--run", dest="how", action="store_const", const="run", help="run it by `uv run debug.py`")
    how.add_argument("--jupyter", dest="how", action="store_const", const="jupyter", help="open the notebook")
    how.add_argument("--no-open", dest="how", action="store_const", const="none", help="unpack it only")
    check = commands.add_parser("verify", help="compute the figures of a report anew from its evidence, and compare")
    check.add_argument("report", metavar="REPORT", help="address of the report's page or call, or a file of evidence")
    check.add_argument("--key", help=f"your key; otherwise that in {KEY}")
    check.add_argument("--keep", type=Path, metavar="FILE", help="leave the downloaded evidence in this file")
    return parser


def _is_file(given: argparse.Namespace) -> bool:
    """Whether nothing needs to be downloaded."""
    return given.command == "verify" and Path(given.report).is_file()


def _opening(how: str | None, folder: Path) -> tuple[str, ...]:
    """Return what opens the bundle; without an editor, nothing does."""
    if how == "jupyter":
        case = json.loads((folder / "case.json").read_text("utf-8"))
        return (*WITH, "--python", str(case["python"]), *LAB)
    if how is not None:
        return RUN if how == "run" else ()
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ("code" if shutil.which("code") else "")
    return (*shlex.split(editor), SCRIPT) if editor else ()


def _start(opening: Sequence[str], folder: Path) -> int:
    try:
        return subprocess.run(opening, cwd=folder, check=False).returncode  # noqa: S603  # the user's own editor
    except FileNotFoundError:
        print(f"There is no program {opening[0]!r} here; the bundle is in {folder}.", file=sys.stderr)
        return 1
