"""The output of child processes: each line goes to the terminal, after the child's name, and to a log file.

The terminal shows the first owner's link. The file outlives it, so secrets are masked there.
"""

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from config.masking import masked

LONGEST_LINE = 64 * 1024
NAME_WIDTH = 8


class Output:
    """Splits one child's output into lines, prints them, and logs them: up to 5 MB and one older file."""

    def __init__(self, name: str, *, folder: Path, is_quiet: bool) -> None:
        self.name = name
        self.is_quiet = is_quiet
        self._rest = b""
        self._file = RotatingFileHandler(folder / f"{name}.log", maxBytes=5_000_000, backupCount=1, errors="replace")

    def read(self, pipe: int) -> bool:
        """Read what a non-blocking pipe holds now; return False if it is empty."""
        try:
            piece = os.read(pipe, LONGEST_LINE)
        except BlockingIOError:
            return False
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) >= LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self.write(line.decode(errors="replace"))
        return bool(piece)

    def read_rest(self, pipe: int) -> None:
        """Read everything a dead child left, including a last line without a line break."""
        while self.read(pipe):
            pass
        if self._rest:
            self.write(self._rest.decode(errors="replace"))
            self._rest = b""

    def announce(self, line: str) -> None:
        """Print and log a line about the child, even if the child itself is quiet."""
        say(f"{self.name:<{NAME_WIDTH}} | {line}")
        self._log(line)

    def write(self, line: str) -> None:
        if self.is_quiet:
            self._log(line)
        else:
            self.announce(line)

    def _log(self, line: str) -> None:
        self._file.emit(logging.LogRecord(self.name, logging.INFO, "", 0, masked(line), None, None))


def say(line: str) -> None:
    """Print to the terminal, which may go away while we run."""
    try:
        print(line, flush=True)  # noqa: T201  # the supervisor speaks to the terminal
    except OSError:
        # The terminal is gone. Discard later lines instead of failing again at each.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # stays open for the rest of the process
