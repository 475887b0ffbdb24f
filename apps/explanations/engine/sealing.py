"""Take from this process whatever scoring a model does not need, before it reads the model.

A model file is data, but the libraries that read it are large C++ programs that trust it. So a process that has one
may compute and answer, and nothing else: it opens no file, makes no connection, starts no program and signals nobody.
"""

import contextlib
import ctypes
import errno
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

MEGABYTE = 1 << 20
# Beyond what the imports took: enough for every library of the table in `explanations.md`.
MEMORY = 600 * MEGABYTE
FILES = 64
CLONE_NEWUSER, CLONE_NEWNET, CLONE_THREAD = 0x10000000, 0x40000000, 0x00010000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4

SOCKETS = (
    "socket socketpair connect bind listen accept accept4 sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg "
    "getsockopt setsockopt shutdown"
)
PROGRAMS = "execve execveat fork vfork setns unshare"
# Everything is imported by now. Reading is denied too: whoever sends a file must not learn what other files hold.
OPENING = (
    "open openat openat2 creat open_by_handle_at name_to_handle_at memfd_create memfd_secret mq_open "
    "shmget shmat msgget semget"
)
CHANGING = (
    "truncate rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat mknod mknodat link linkat "
    "symlink symlinkat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat futimesat "
    "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"
)
MOUNTING = "mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr quotactl"
OTHERS = (
    "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_open pidfd_getfd pidfd_send_signal "
    "rt_sigqueueinfo rt_tgsigqueueinfo tkill setpriority ioprio_set sched_setaffinity sched_setscheduler "
    "sched_setparam sched_setattr migrate_pages move_pages"
)
KERNEL = (
    "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key "
    "init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct syslog iopl ioperm "
    "personality settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname vhangup "
    "fanotify_init inotify_init inotify_init1 capset setuid setgid setreuid setregid setresuid setresgid setgroups"
)
DENIED = " ".join((SOCKETS, PROGRAMS, OPENING, CHANGING, MOUNTING, OTHERS, KERNEL))
# Calls that are younger than some libseccomp, by their numbers, which all architectures share.
YOUNG = {
    "quotactl_fd": 443,
    "fchmodat2": 452,
    "setxattrat": 463,
    "removexattrat": 466,
    "open_tree_attr": 467,
    "file_setattr": 469,
}


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; end at once if it already has.

    Only Linux has this call. Elsewhere the end of the parent's pipe ends the process, after its current request.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def leave_network() -> bool:
    """Enter a network namespace without interfaces, and return whether that is allowed here (not in Docker, usually).

    `unshare(2)` needs a single thread, and libraries start some as they are imported: call this before.
    """
    if sys.platform != "linux":
        return False
    left: bool = ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0
    return left


def seal() -> list[str]:
    """Limit and filter this process for good, and return what worked: "limits", and "seccomp" on Linux.

    pyseccomp runs `ldconfig` as it is imported, so it comes first; its filter comes last.
    """
    with contextlib.suppress(ImportError, RuntimeError):  # not Linux, or a system without libseccomp
        import pyseccomp  # noqa: F401, PLC0415  # see above
    _limit()
    return ["limits", *(["seccomp"] if "pyseccomp" in sys.modules and _filter() else [])]


def allow_seconds(seconds: int) -> None:
    """Let the kernel end this process after so much more processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (_at_most(int(used.ru_utime + used.ru_stime) + seconds, hard), hard))


def _limit() -> None:
    limits = {resource.RLIMIT_FSIZE: 0, resource.RLIMIT_NOFILE: FILES, resource.RLIMIT_CORE: 0}
    if sys.platform == "linux":  # macOS counts what it shares with everyone
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + MEMORY
    for limit, wanted in limits.items():
        value = _at_most(wanted, resource.getrlimit(limit)[1])
        resource.setrlimit(limit, (value, value))


def _at_most(value: int, hard: int) -> int:
    """The system may allow less already."""
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _filter() -> bool:
    """Load the deny-list. What it does not name, such as memory and threads, libraries need."""
    import pyseccomp  # noqa: PLC0415  # Linux only

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    rules.set_attr(pyseccomp.Attr.CTL_TSYNC, 1)  # for the threads that libraries have started, too
    denied = pyseccomp.ERRNO(errno.EPERM)
    me = os.getpid()
    for name in DENIED.split():
        _deny(rules, denied, name)
    for number in YOUNG.values():
        rules.add_rule(denied, number)
    # glibc starts threads with clone3, whose flags a filter cannot see, and with clone where there is no clone3.
    _deny(rules, pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    _deny(rules, denied, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0))
    # abort() signals itself.
    _deny(rules, denied, "kill", pyseccomp.Arg(0, pyseccomp.NE, me))
    _deny(rules, denied, "tgkill", pyseccomp.Arg(0, pyseccomp.NE, me))
    _deny(rules, denied, "prlimit64", pyseccomp.Arg(0, pyseccomp.NE, 0))
    for option in (PR_SET_PDEATHSIG, PR_SET_DUMPABLE):
        _deny(rules, denied, "prctl", pyseccomp.Arg(0, pyseccomp.EQ, option))
    try:
        rules.load()
    except OSError:  # a kernel without seccomp
        return False
    return True


def _deny(rules: Any, action: int, name: str, *arguments: Any) -> None:
    """Add a rule, unless this libseccomp is older than the call."""
    import pyseccomp  # noqa: PLC0415  # Linux only

    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    if number >= 0:
        rules.add_rule(action, number, *arguments)
