"""Become another program that dies with the process which started it, and under another account if need be.

Run as `python -S -m config.local.launch --parent PID --signal N [--namespace | --account NAME] -- …`.
It uses the standard library alone and starts no thread: `unshare(2)` wants a single-threaded process.
"""

import argparse
import ctypes
import os
import pwd
import sys
from collections.abc import Sequence
from pathlib import Path

from config.local.deathsig import die_with_parent

CLONE_NEWUSER = 0x10000000


def enter_user_namespace(account: str = "nobody") -> None:
    """Let this process appear as `account` to itself, while its files stay those of the caller."""
    user, group = os.geteuid(), os.getegid()
    mapped = pwd.getpwnam(account)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not allowed here")
    Path("/proc/self/uid_map").write_text(f"{mapped.pw_uid} {user} 1")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{mapped.pw_gid} {group} 1")


def change_account(name: str) -> None:
    """Give root up for good."""
    account = pwd.getpwnam(name)
    os.initgroups(name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def wrap(command: Sequence[str], *, number: int, identity: Sequence[str] = ()) -> list[str]:
    """The command line that starts `command` through this module, from the present process."""
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
    given = parser.parse_args(arguments)
    if given.namespace:
        enter_user_namespace()
    if given.account:
        change_account(given.account)
    # Last, because a change of credentials clears the parent-death signal.
    die_with_parent(parent=given.parent, number=given.signal)
    os.execvp(given.command[0], given.command)  # noqa: S606  # the command of our own parent


if __name__ == "__main__":
    main(sys.argv[1:])
