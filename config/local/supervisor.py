"""Runs programs in the foreground: starts them in order, restarts them when they die, stops them in reverse order.

One thread, one loop: the kernel kills the children together with the thread that started them.
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
READY_POLL_SECONDS = 0.1
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
# A child that has lived this long resets the back-off.
STEADY_SECONDS = 30.0


class StopRequestedError(Exception):
    """A signal asked us to stop, or a program that the start depends on failed."""


class Supervised:
    """A program under supervision: its current child, if any, and the time of its next start."""

    def __init__(self, program: Program, *, folder: Path, restarts: bool = True) -> None:
        self.program = program
        self.restarts = restarts
        self.output = Output(program.name, folder=folder, is_quiet=program.is_quiet)
        self.child: Child | None = None
        self.pipe = -1
        self.last_code: int | None = None
        self.starts_at: float | None = None
        self._delay = FIRST_DELAY_SECONDS

    def has_ended(self, child: Child, *, code: int) -> None:
        """Note that the current child ended, and plan its restart."""
        self.child, self.last_code = None, code
        if time.monotonic() - child.started_at >= STEADY_SECONDS:
            self._delay = FIRST_DELAY_SECONDS
        if self.restarts and not (self.program.is_finite and code == 0):
            self.plan_restart(f"exited with {code}")

    def plan_restart(self, reason: str) -> None:
        """Start again after a delay that doubles each time."""
        self.output.announce(f"{reason}; restarting in {self._delay:g} s")
        self.starts_at = time.monotonic() + self._delay
        self._delay = min(self._delay * 2, LONGEST_DELAY_SECONDS)


class Supervisor:
    """Keeps programs running until SIGINT, SIGTERM or SIGHUP."""

    def __init__(self, environment: Mapping[str, str], *, logs: Path) -> None:
        self.environment = {"PYTHONUNBUFFERED": "1", **environment}
        self.logs = logs
        self.supervised: list[Supervised] = []
        self._selector = selectors.DefaultSelector()
        self._signals = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def start(self, program: Program) -> None:
        """Start a program and keep it running from now on."""
        supervised = Supervised(program, folder=self.logs)
        self.supervised.append(supervised)
        self._spawn(supervised)

    def start_and_wait(self, programs: Sequence[Program], *, seconds: float = 120.0) -> None:
        """Start the programs one by one, each once the one before is ready."""
        for program in programs:
            self.start(program)
            deadline = time.monotonic() + seconds
            while not program.is_ready():
                self._raise_if_asked_to_stop()
                if time.monotonic() > deadline:
                    raise StopRequestedError(
                        f"{program.name} was not ready after {seconds:g} s. See {self.logs}/{program.name}.log"
                    )
                self._pause(READY_POLL_SECONDS)

    def run_once(self, program: Program) -> None:
        """Run a program to its end. Raises StopRequestedError if it fails."""
        supervised = Supervised(program, folder=self.logs, restarts=False)
        self.supervised.append(supervised)
        self._spawn(supervised)
        while supervised.child is not None:
            self._raise_if_asked_to_stop()
            self._tick()
        self.supervised.remove(supervised)
        if supervised.last_code != 0:
            raise StopRequestedError(f"{program.name} failed. See {self.logs}/{program.name}.log")

    def run(self) -> NoReturn:
        """Keep everything running until a signal asks us to stop."""
        while True:
            self._raise_if_asked_to_stop()
            self._tick()

    def stop(self) -> None:
        """Stop everything in reverse order. A second signal kills what is left."""
        for supervised in self.supervised:
            supervised.restarts, supervised.starts_at = False, None
        patience = max(self._signals, 1)
        for supervised in reversed(self.supervised):
            if supervised.child is not None:
                supervised.child.ask_to_stop()
            deadline = time.monotonic() + supervised.program.grace
            while supervised.child is not None:
                if time.monotonic() > deadline or self._signals > patience:
                    supervised.child.kill()
                self._tick()

    def _spawn(self, supervised: Supervised) -> None:
        supervised.starts_at = None
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        try:
            supervised.child = Child(supervised.program, environment=self.environment, output=writer)
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        supervised.pipe = reader
        self._selector.register(reader, selectors.EVENT_READ, supervised)

    def _tick(self) -> None:
        for key, _ in self._selector.select(TICK_SECONDS):
            supervised: Supervised = key.data
            supervised.output.read(supervised.pipe)
        for supervised in list(self.supervised):
            self._look_after(supervised)

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._tick()

    def _look_after(self, supervised: Supervised) -> None:
        if supervised.child is not None:
            code = supervised.child.exit_code()
            if code is not None:
                self._selector.unregister(supervised.pipe)
                supervised.output.read_rest(supervised.pipe)
                os.close(supervised.pipe)
                supervised.has_ended(supervised.child, code=code)
        elif supervised.starts_at is not None and time.monotonic() >= supervised.starts_at:
            try:
                self._spawn(supervised)
            except (OSError, RuntimeError) as error:
                supervised.plan_restart(f"could not start: {error}")

    def _raise_if_asked_to_stop(self) -> None:
        if self._signals:
            raise StopRequestedError

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
