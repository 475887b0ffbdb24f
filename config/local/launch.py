"""Start a program that dies with the process that started it, under another account where needed.

Run as `python -S -m config.local.launch --parent PID --signal N [--namespace | --account NAME] -- …`, this module turns
into that program. It uses the standard library alone and starts no thread: `unshare(2)` needs a single-threaded
process.
"""

import argparse
import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def die_with_parent(*, parent: int | None = None, number: int = signal.SIGKILL) -> None:
    """Have the kernel send `number` to this process when its parent dies; exit at once if it already has.

    The kernel watches the *thread* that forked, so start children from main threads only. Only Linux has this call;
    elsewhere, the next start clears leftovers.
    """
    if sys.platform == "linux":
        parent = os.getppid() if parent is None else parent
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def enter_user_namespace(account: str = "nobody") -> None:
    """Make this process see itself as `account`; its files still belong to the caller."""
    user, group = os.geteuid(), os.getegid()
    mapped = pwd.getpwnam(account)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not allowed here")
    Path("/proc/self/uid_map").write_text(f"{mapped.pw_uid} {user} 1")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{mapped.pw_gid} {group} 1")


def change_account(name: str) -> None:
    """Give up root for good."""
    account = pwd.getpwnam(name)
    os.initgroups(name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def wrap(command: Sequence[str], *, number: int, identity: Sequence[str] = ()) -> list[str]:
    """Return the command line that starts `command` through this module, as a child of this process."""
    launcher = [
        sys.executable,
        "-S",
        "-m",
        "config.local.launch",
        "--parent",
        str(os.getpid()),
        "--signal",
        str(int(number)),
    ]
    return [*launcher, *identity, "--", *command]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--signal", type=int, required=True)
    parser.add_argument("--namespace", action="store_true")
    parser.add_argument("--account")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    if options.namespace:
        enter_user_namespace()
    if options.account:
        change_account(options.account)
    # Last, because a change of credentials clears the parent-death signal.
    die_with_parent(parent=options.parent, number=options.signal)
    os.execvp(options.command[0], options.command)  # noqa: S606  # the command of our own parent


if __name__ == "__main__":
    main(sys.argv[1:])
