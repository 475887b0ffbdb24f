"""Runs programs in the foreground: starts them in order, restarts what dies, stops them in opposite order.

One thread, one loop: the kernel ends the children together with the thread that started them.
"""

import os
import selectors
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from config.local.output import Output
from config.local.process import Child, Program

TICK_SECONDS = 0.05
ASK_AGAIN_SECONDS = 0.1
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
# A child that lived this long starts the back-off anew.
STEADY_SECONDS = 30.0


class StopRequestedError(Exception):
    """Somebody wants us to end, or a program without which there is no start has failed."""


class Kept:
    """A program in our keeping: its present child, if any, and when to try the next one."""

    def __init__(self, program: Program, *, folder: Path, restarts: bool = True) -> None:
        self.program = program
        self.restarts = restarts
        self.output = Output(program.name, folder=folder, is_quiet=program.is_quiet)
        self.child: Child | None = None
        self.pipe = -1
        self.last_code: int | None = None
        self.due_at: float | None = None
        self._delay = FIRST_DELAY

    def has_ended(self, child: Child, *, code: int) -> None:
        """Note the end of the present child."""
        self.child, self.last_code = None, code
        if time.monotonic() - child.started_at >= STEADY_SECONDS:
            self._delay = FIRST_DELAY
        if self.restarts and not (self.program.is_finite and code == 0):
            self.plan_restart(f"ended with {code}")

    def plan_restart(self, reason: str) -> None:
        """Try again a little later: twice as late each time."""
        self.output.announce(f"{reason}; starts again in {self._delay:g} s")
        self.due_at = time.monotonic() + self._delay
        self._delay = min(self._delay * 2, LONGEST_DELAY)


class Supervisor:
    """Keeps programs running until SIGINT, SIGTERM or SIGHUP."""

    def __init__(self, environment: Mapping[str, str], *, logs: Path) -> None:
        self.environment = {"PYTHONUNBUFFERED": "1", **environment}
        self.logs = logs
        self.kept: list[Kept] = []
        self._selector = selectors.DefaultSelector()
        self._signals = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def start(self, program: Program) -> None:
        """Start a program and keep it running from now on."""
        kept = Kept(program, folder=self.logs)
        self.kept.append(kept)
        self._spawn(kept)

    def start_and_wait(self, programs: Sequence[Program], *, seconds: float = 120.0) -> None:
        """Start each, and go on to the next when it serves."""
        for program in programs:
            self.start(program)
            deadline = time.monotonic() + seconds
            while not program.is_ready():
                self._fail_if_asked_to_stop()
                if time.monotonic() > deadline:
                    raise StopRequestedError(f"{program.name} does not answer; see {self.logs}/{program.name}.log")
                self._pause(ASK_AGAIN_SECONDS)

    def run_once(self, program: Program) -> None:
        """Run a program to its end; a failure ends the start."""
        kept = Kept(program, folder=self.logs, restarts=False)
        self.kept.append(kept)
        self._spawn(kept)
        while kept.child is not None:
            self._fail_if_asked_to_stop()
            self._tick()
        self.kept.remove(kept)
        if kept.last_code != 0:
            raise StopRequestedError(f"{program.name} failed; see {self.logs}/{program.name}.log")

    def run(self) -> NoReturn:
        """Keep everything running until asked to stop."""
        while True:
            self._fail_if_asked_to_stop()
            self._tick()

    def stop(self) -> None:
        """End everything in the opposite order; a second signal ends it at once."""
        for kept in self.kept:
            kept.restarts, kept.due_at = False, None
        patience = max(self._signals, 1)
        for kept in reversed(self.kept):
            if kept.child is not None:
                kept.child.ask_to_stop()
            deadline = time.monotonic() + kept.program.grace
            while kept.child is not None:
                if time.monotonic() > deadline or self._signals > patience:
                    kept.child.kill()
                self._tick()

    def _spawn(self, kept: Kept) -> None:
        kept.due_at = None
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        try:
            kept.child = Child(kept.program, environment=self.environment, output=writer)
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        kept.pipe = reader
        self._selector.register(reader, selectors.EVENT_READ, kept)

    def _tick(self) -> None:
        for key, _ in self._selector.select(TICK_SECONDS):
            kept: Kept = key.data
            kept.output.read(kept.pipe)
        for kept in list(self.kept):
            self._look_after(kept)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._tick()

    def _look_after(self, kept: Kept) -> None:
        if kept.child is not None:
            code = kept.child.exit_code()
            if code is not None:
                self._selector.unregister(kept.pipe)
                kept.output.read_rest(kept.pipe)
                os.close(kept.pipe)
                kept.has_ended(kept.child, code=code)
        elif kept.due_at is not None and time.monotonic() >= kept.due_at:
            try:
                self._spawn(kept)
            except (OSError, RuntimeError) as error:
                kept.plan_restart(f"could not be started: {error}")

    def _fail_if_asked_to_stop(self) -> None:
        if self._signals:
            raise StopRequestedError

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
