"""A system that is told: it keeps what it gets, and answers as the test wants."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from standardwebhooks import Webhook

from apps.accounts.models import Project
from apps.notifications.models import Endpoint, EventKind


@dataclass
class Receiver:
    """What came, in order, and the status it answers with: by the event's data."""

    url: str = ""
    secret: str = ""
    status: Callable[[dict[str, Any]], int] = lambda _: 204
    got: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=Lock)

    def take(self, headers: dict[str, str], body: bytes) -> int:
        event = Webhook(self.secret).verify(body, headers)
        status = self.status(event["data"])
        with self.lock:
            if 200 <= status < 300:
                self.got.append(event)
                self.keys.append(headers["webhook-id"])
        return status

    def types(self) -> list[tuple[str, Any]]:
        return [(each["type"], each["data"].get("id")) for each in self.got]


@contextmanager
def receiving(project: Project, kinds: list[str] | None = None) -> Iterator[tuple[Receiver, Endpoint]]:
    """Serve a receiver on loopback, and yield it with its endpoint."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(receiver.take({name.lower(): value for name, value in self.headers.items()}, body))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    endpoint = make_endpoint(project, receiver.url, kinds)
    receiver.secret = endpoint.secret
    try:
        yield receiver, endpoint
    finally:
        server.shutdown()
        server.server_close()


def make_endpoint(project: Project, url: str, kinds: list[str] | None = None) -> Endpoint:
    from apps.notifications.services import signing

    every = [kind.value for kind in EventKind]
    return Endpoint.objects.create(project=project, url=url, kinds=kinds or every, secret=signing.new_secret())
