"""A format whose files say what the process that reads them does: for tests of what a hostile file could do at worst.

The real child imports it in place of a library, seals itself, and reads the file.
"""

import ctypes
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from apps.explanations.engine.formats.models import Floats
from apps.explanations.engine.messages import Scored, Scores, frame
from apps.explanations.engine.refusals import ModelRefused
from apps.explanations.engine.spec import Space, Spec

ROOT = Path(__file__).resolve().parents[3]
# The child's copy of its standard output.
ANSWERS = 4
# Takes the place of `process.PROGRAM`.
PROGRAM = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from tests.explanations.engine import hostile_format
sys.modules["apps.explanations.engine.formats.xgboost"] = hostile_format
from apps.explanations.engine import child; child.main()
"""
AT_FDCWD, O_WRONLY_CREAT, SIGCHLD, PTRACE_TRACEME, PTRACE_ATTACH = -100, 0o101, 17, 0, 16
CLONE_NEWUSER, PR_SET_PDEATHSIG, CLONE_VM_FS = 0x10000000, 1, 0x300


def versions() -> dict[str, str]:
    return {"hostile": "1.0"}


def prepare(*, with_shap: bool) -> None:
    threading.Thread(target=lambda: None).start()


def load(content: bytes, spec: Spec) -> "Hostile":
    text = content.decode()
    {"attempts": _attempt_all, "leave": lambda: os._exit(3), "segfault": lambda: ctypes.string_at(0)}.get(text, int)()
    if text.startswith("read "):
        raise ModelRefused("read", Path(text.removeprefix("read ")).read_text()[:100])
    return Hostile(text)


class Hostile:
    """It behaves until it is asked for a score."""

    features = -1
    names: list[str] = []
    classes: list[str] = []
    takes_by_name = True
    usual = Space.VALUE
    is_linked = adds_up_to_margin = needs_background = False
    method = None

    def __init__(self, text: str) -> None:
        self._text = text
        self._is_tried = 0

    def predict(self, cells: Any) -> Floats:
        self._is_tried += 1
        if self._is_tried > 2:  # the two that loading a file makes
            {"lie": _lie, "loop": _loop, "memory": _fill_memory, "segfault later": lambda: ctypes.string_at(0)}.get(
                self._text, int
            )()
        return np.full((len(cells), 1), float(os.getpid()))

    def margin(self, cells: Any) -> Floats:
        return self.predict(cells)


def _lie() -> None:
    """Answer in place of the child, with other rows than those asked about."""
    answer = msgspec.json.encode(Scores([Scored(1.0, 1.0)] * 7))
    os.write(ANSWERS, frame(answer))
    _loop()


def _loop() -> None:
    while True:
        time.sleep(0)


def _fill_memory() -> None:
    kept = []
    while True:
        kept.append(b"x" * (50 << 20))


def _attempt_all() -> None:
    """Try what a file must not be able to do, and answer with how each attempt ended."""
    found = {name: _try(attempt) for name, attempt in _in_python().items()}
    found |= {name: _call(name.split()[0], arguments) for name, arguments in _calls().items()}
    thread = threading.Thread(target=lambda: found.update({"thread": "started"}))
    thread.start()
    thread.join()
    raise ModelRefused("attempts", json.dumps(found))


def _in_python() -> dict[str, Callable[[], Any]]:
    return {
        "socket.socket": socket.socket,
        "subprocess": lambda: subprocess.run(["/bin/true"], check=False),
        "os.fork": os.fork,
        "open to read": lambda: open("/etc/passwd"),
        "open to write": lambda: open("/tmp/written-by-a-model", "w"),
        "os.kill": lambda: os.kill(os.getppid(), 0),
        "environment of the parent": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
        "import": lambda: __import__("wave"),
        "environment": lambda: sorted(os.environ),
    }


def _calls() -> dict[str, tuple[Any, ...]]:
    parent, path, nothing = os.getppid(), b"/tmp/written-by-a-model", ctypes.create_string_buffer(256)
    return {
        "socket": (2, 1, 0),
        "socketpair": (1, 1, 0, nothing),
        "connect": (3, nothing, 16),
        "execve": (b"/bin/true", None, None),
        "execveat": (AT_FDCWD, b"/bin/true", None, None, 0),
        "clone": (SIGCHLD, 0, 0, 0, 0),
        "clone with memory": (SIGCHLD | CLONE_VM_FS, 0, 0, 0, 0),
        "clone3": (nothing, 88),
        "openat to read": (AT_FDCWD, b"/etc/passwd", 0),
        "openat to write": (AT_FDCWD, path, O_WRONLY_CREAT, 0o600),
        "openat2": (AT_FDCWD, path, nothing, 24),
        "kill the parent": (parent, 0),
        "kill everyone": (-1, 0),
        "tgkill": (parent, parent, 0),
        "tkill": (parent, 0),
        "pidfd_open": (parent, 0),
        "ptrace": (PTRACE_TRACEME, 0, 0, 0),
        "ptrace the parent": (PTRACE_ATTACH, parent, 0, 0),
        "process_vm_readv": (parent, nothing, 1, nothing, 1, 0),
        "process_vm_writev": (parent, nothing, 1, nothing, 1, 0),
        "memfd_create": (b"name", 0),
        "renameat": (AT_FDCWD, path, AT_FDCWD, path + b"2"),
        "renameat2": (AT_FDCWD, path, AT_FDCWD, path + b"2", 0),
        "unlinkat": (AT_FDCWD, path, 0),
        "mkdirat": (AT_FDCWD, path, 0o700),
        "symlinkat": (path, AT_FDCWD, path + b"2"),
        "fchmodat": (AT_FDCWD, b"/tmp", 0o777),
        "mount": (b"none", b"/mnt", b"tmpfs", 0, None),
        "unshare": (CLONE_NEWUSER,),
        "setns": (0, 0),
        "bpf": (0, nothing, 48),
        "io_uring_setup": (1, nothing),
        "userfaultfd": (0,),
        "perf_event_open": (nothing, 0, -1, -1, 0),
        "keyctl": (0, 0, 0),
        "prctl": (PR_SET_PDEATHSIG, 0, 0, 0, 0),
        "prlimit64": (parent, 7, None, nothing),
        "shmget": (0, 4096, 0o1600),
    }


def _try(attempt: Callable[[], Any]) -> str:
    try:
        return f"worked: {attempt()}"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    except ImportError:
        return "ImportError"


def _call(name: str, arguments: tuple[Any, ...]) -> str:
    """Make a system call by its number."""
    pyseccomp = sys.modules["pyseccomp"]
    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    libc = ctypes.CDLL(None, use_errno=True)
    typed = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = libc.syscall(ctypes.c_long(number), *typed)
    if result == 0 and name.startswith("clone"):
        os._exit(0)  # we are the child that should not be
    return f"worked: {result}" if result != -1 else errno.errorcode[ctypes.get_errno()]


assert signal.SIGCHLD == SIGCHLD or sys.platform != "linux"
