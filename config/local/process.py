"""A program to keep running, and the child process that runs it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO

from config.local.identity import OURSELVES, Identity
from config.local.state import PROJECT_ROOT


@dataclass(frozen=True)
class Program:
    """What to run, how to tell that it is ready, and how to stop it."""

    name: str
    command: tuple[str, ...]
    prepare: Callable[[], object] = bool
    is_ready: Callable[[], bool] = lambda: True
    identity: Identity = OURSELVES
    stop_signal: int = signal.SIGTERM
    # The kernel sends this when the supervisor itself is killed.
    death_signal: int = signal.SIGKILL
    # Seconds between the stop signal and SIGKILL.
    grace: float = 10.0
    # An exit with 0 finishes it. Any other program restarts whenever it exits.
    is_finite: bool = False
    # Its lines go to its log file only.
    is_quiet: bool = False


class Child:
    """A started process with its descendants, in its own session: Ctrl-C reaches the supervisor alone."""

    def __init__(self, program: Program, *, environment: Mapping[str, str], output: int | IO[bytes]) -> None:
        program.prepare()
        self.program = program
        self.started_at = time.monotonic()
        self.process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603  # commands are made in this package
            program.identity.start(program.command, number=program.death_signal),
            cwd=PROJECT_ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def exit_code(self) -> int | None:
        """Return None while the process lives. Once it is dead, kill its descendants too."""
        code = self.process.poll()
        if code is not None:
            self.kill()
        return code

    def ask_to_stop(self) -> None:
        """Send the stop signal to the leader, which ends its descendants in its own way."""
        if self.process.poll() is None:
            self.process.send_signal(self.program.stop_signal)

    def kill(self) -> None:
        """Kill the whole session at once."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def stop(self) -> None:
        """Ask the process to stop, wait for its grace period, then kill what is left."""
        self.ask_to_stop()
        try:
            self.process.wait(self.program.grace)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.kill()
            self.process.wait()
