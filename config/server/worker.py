"""The gunicorn worker: one thread for all connections, and lanes of threads for the application."""

import os
import time
from typing import Any

from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from config.server.connections import Connection
from config.server.lanes import Lanes

TICK_SECONDS = 0.1
DELAY_SECONDS = 0.001
MAX_DELAY_SECONDS = 0.005
# Beyond this number, the connections that have been idle the longest make room.
MOST_CONNECTIONS = 800
MIB = 1024 * 1024
ADJUSTMENTS = {
    "listen": "127.0.0.1:0",  # unused: gunicorn has the sockets
    "ident": None,
    "backlog": 2048,
    "recv_bytes": 256 * 1024,
    # Requests and answers beyond these sizes are buffered on disk.
    "inbuf_overflow": 256 * 1024,
    "outbuf_overflow": MIB,
    # An answer longer than this waits for its client, and so does its thread.
    "outbuf_high_watermark": 64 * MIB,
    "max_request_header_size": 64 * 1024,
    # `Request` knows the limit of each address.
    "max_request_body_size": 2**63,
    "connection_limit": 10 * MOST_CONNECTIONS,
    "cleanup_interval": 1,
    "log_socket_errors": False,
    # The application counts the proxies.
    "clear_untrusted_proxy_headers": False,
}


class Server(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """A listening socket and its connections."""

    channel_class = Connection

    def handle_accept(self) -> None:
        """Accept a connection, and leave it to a worker that has fewer.

        A new connection wakes all workers, and the quickest takes it: mostly the same one. Clients that keep their
        connections then push through one process while the others idle (measured: two clients were as slow as one). So
        a worker with connections waits a moment before it accepts another, and one with fewer is quicker.
        """
        if self.active_channels:
            time.sleep(min(len(self.active_channels) * DELAY_SECONDS, MAX_DELAY_SECONDS))
        super().handle_accept()

    def maintenance(self, now: float) -> None:  # noqa: ARG002  # waitress's signature
        """Drop the clients that are too slow, and the most idle of too many."""
        connections = list(self.active_channels.values())
        for connection in connections:
            connection.will_close |= connection.is_too_slow()
        excess = len(connections) - MOST_CONNECTIONS
        if excess > 0:
            for connection in sorted(connections, key=lambda each: each.idle_seconds)[-excess:]:
                connection.will_close |= not connection.requests

    @property
    def is_busy(self) -> bool:
        return any(each.requests or each.total_outbufs_len for each in self.active_channels.values())


class BufferingWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    """Serves until it is told to stop; then answers what it has begun."""

    def run(self) -> None:
        lanes = Lanes(threads=self.cfg.threads)
        sockets: dict[int, Any] = {}
        servers = [self._server(listener.sock, lanes, sockets) for listener in self.sockets]
        while self.alive and self.ppid == os.getppid():
            self._turn(lanes, sockets)
        for server in servers:
            server.accepting = False
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while any(server.is_busy for server in servers) and time.monotonic() < deadline:
            self._turn(lanes, sockets)

    def _turn(self, lanes: Lanes, sockets: dict[int, Any]) -> None:
        self.notify()
        wasyncore.poll2(TICK_SECONDS, sockets)
        lanes.refuse_overdue()

    def _server(self, listener: Any, lanes: Lanes, sockets: dict[int, Any]) -> Server:
        return Server(
            self.wsgi,
            map=sockets,
            _sock=listener,
            dispatcher=lanes,
            adj=Adjustments(**ADJUSTMENTS),
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )
