"""The account that PostgreSQL runs under: it refuses root, and many containers have no other user."""

import functools
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.local import launch
from config.local.state import PROJECT_ROOT


@dataclass(frozen=True)
class Identity:
    """Options for the launcher; `account` is set when files must belong to another user."""

    options: tuple[str, ...] = ()
    account: str | None = None

    def own(self, folder: Path) -> None:
        """Give an existing folder to the account, if it is not ours."""
        if self.account:
            shutil.chown(folder, self.account, pwd.getpwnam(self.account).pw_gid)

    def start(self, command: Sequence[str], *, number: int) -> list[str]:
        """Return the command line that runs `command` under this identity and dies with this process."""
        return launch.wrap(command, number=number, identity=self.options)


OURSELVES = Identity()


@functools.cache
def server_identity() -> Identity:
    """Choose our own account; as root, a user namespace that maps us to `nobody`, or else another account."""
    if os.geteuid() != 0:
        return OURSELVES
    if namespaces_work():
        return Identity(options=("--namespace",))
    account = next((name for name in ("postgres", "nobody") if _exists(name)), None)
    if account is None:
        raise RuntimeError(
            "PostgreSQL refuses to run as root. Create an account named postgres, or run Countersign as another user."
        )
    return Identity(options=("--account", account), account=account)


def namespaces_work() -> bool:
    """Try whether the kernel and the container allow user namespaces."""
    probe = Identity(options=("--namespace",)).start(["true"], number=9)
    return subprocess.run(probe, cwd=PROJECT_ROOT, capture_output=True, check=False).returncode == 0  # noqa: S603  # our own launcher


def readable_by_others(path: Path) -> bool:
    """Check that every account can read the path and enter all of its parents."""
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
