"""Ask the kernel to end this process when the one that started it dies, however that happens."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(*, parent: int | None = None, number: int = signal.SIGKILL) -> None:
    """Have `number` delivered when the parent dies; leave at once if it already has.

    The kernel watches the parent's *thread* that forked, so children are started from main threads only.
    Elsewhere than on Linux there is no such call, and leftovers are met at the next start.
    """
    if sys.platform == "linux":
        parent = os.getppid() if parent is None else parent
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
