"""One child process and its two pipes, read and written with deadlines."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from apps.explanations.engine.messages import OUT_OF_MEMORY, Answer, Request, Start, frame, read_frame

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from apps.explanations.engine import child; child.main()"
# Nothing of ours: our environment holds the keys of this installation. One thread, and no pool of processes.
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "JOBLIB_MULTIPROCESSING": "0",
}
# Where the system's loader finds the interpreter's own libraries, if it has to be told.
KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
READ_AT_ONCE = 1 << 20
END_SECONDS = 5.0
NO_SENSE = "The model's process gave an answer that makes no sense."


class ChildDied(Exception):  # noqa: N818  # what happened, as the page says it
    """The process of a file ended, or was ended, while it answered."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ChildProcess:
    """A process that answers frames. Whoever waits longer than allowed for an answer ends it."""

    def __init__(self) -> None:
        self.parent = os.getpid()
        self.is_ended = False
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and program
            [sys.executable, "-I", "-B", "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT | {name: os.environ[name] for name in KEPT if name in os.environ},
            cwd="/",
            bufsize=0,
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: PT018  # both are pipes
        self._requests, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        for pipe in (self._requests, self._answers):
            os.set_blocking(pipe, False)
        self._decoder = msgspec.json.Decoder(Answer)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, message: Start | Request, *, seconds: float) -> None:
        self.send_bytes(msgspec.json.encode(message), seconds=seconds)

    def send_bytes(self, content: bytes, *, seconds: float) -> None:
        """Write a frame, or end the process after these seconds."""
        rest, deadline = memoryview(frame(content)), time.monotonic() + seconds
        while rest:
            self._wait(self._requests, select.POLLOUT, deadline, seconds)
            try:
                rest = rest[os.write(self._requests, rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._died() from error

    def receive(self, *, seconds: float) -> Answer:
        """Return the next answer, or end the process after these seconds."""
        deadline = time.monotonic() + seconds

        def read(size: int) -> bytes:
            content = bytearray()
            while len(content) < size:
                self._wait(self._answers, select.POLLIN, deadline, seconds)
                part = os.read(self._answers, min(size - len(content), READ_AT_ONCE))
                if not part:
                    raise self._died()
                content += part
            return bytes(content)

        try:
            answer: Answer = self._decoder.decode(read_frame(read))
        except (ValueError, msgspec.MsgspecError) as error:  # a child that says something else is not ours any more
            self.end()
            raise ChildDied(NO_SENSE) from error
        return answer

    def end(self) -> None:
        """Kill the process and close the pipes."""
        self.is_ended = True
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _wait(self, pipe: int, event: int, deadline: float, seconds: float) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            self.end()
            raise ChildDied(f"The model took longer than {seconds:g} s to answer, so its process was ended.")

    def _died(self) -> ChildDied:
        """End what is left of the process, and say how it ended."""
        try:
            status = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            status = 0
        self.end()
        if status == OUT_OF_MEMORY:
            return ChildDied("The model's process used up its memory.")
        if status < 0:
            return ChildDied(f"The model's process crashed ({signal.Signals(-status).name}).")
        return ChildDied(f"The model's process ended by itself (status {status}).")
