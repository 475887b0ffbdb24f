"""The gunicorn worker: threads, an even share of the connections, and a limit on how long a client may stall."""

import socket
import struct
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

DELAY_SECONDS = 0.001
MAX_DELAY_SECONDS = 0.005
# A client may pause this long within a request. It holds one of the few threads meanwhile.
PATIENCE_SECONDS = 10


class BalancedThreadWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Leaves a new connection to a worker that has fewer.

    A new connection wakes all workers, and the quickest takes it: mostly the same one. Clients that keep their
    connections then push through one process while the others idle (measured: two clients were as slow as one). So a
    worker with connections waits a moment before it accepts another, and one with fewer is quicker.
    """

    def accept(self, listener: socket.socket) -> None:
        if self.nr_conns:
            time.sleep(min(self.nr_conns * DELAY_SECONDS, MAX_DELAY_SECONDS))
        super().accept(listener)

    def enqueue_req(self, conn: Any) -> None:
        # The kernel's time-out: gunicorn makes each socket blocking again, which drops Python's.
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", PATIENCE_SECONDS, 0))
        super().enqueue_req(conn)
