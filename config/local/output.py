"""Lines of the children: on the terminal with the child's name before them, and in a file each."""

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

LONGEST_LINE = 64 * 1024
NAME_WIDTH = 8


class Output:
    """One child's pipe: whole lines are printed and kept, up to 5 MB and one older file."""

    def __init__(self, name: str, *, folder: Path, is_quiet: bool) -> None:
        self.name = name
        self.is_quiet = is_quiet
        self._rest = b""
        self._file = RotatingFileHandler(folder / f"{name}.log", maxBytes=5_000_000, backupCount=1, errors="replace")

    def read(self, pipe: int) -> bool:
        """Take what a non-blocking pipe holds now; False when that is nothing."""
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
        """Take everything that a dead child left, a last line without its end included."""
        while self.read(pipe):
            pass
        if self._rest:
            self.write(self._rest.decode(errors="replace"))
            self._rest = b""

    def announce(self, line: str) -> None:
        """A line about the child, for the terminal even if the child itself is quiet."""
        say(f"{self.name:<{NAME_WIDTH}} | {line}")
        self._keep(line)

    def write(self, line: str) -> None:
        if self.is_quiet:
            self._keep(line)
        else:
            self.announce(line)

    def _keep(self, line: str) -> None:
        self._file.emit(logging.LogRecord(self.name, logging.INFO, "", 0, line, None, None))


def say(line: str) -> None:
    """Print to the terminal, which may have gone away while we run."""
    try:
        print(line, flush=True)  # noqa: T201  # the supervisor speaks to the terminal
    except OSError:
        # Nobody reads any more; what follows goes nowhere instead of failing again at every line.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # stays open for the rest of the process
