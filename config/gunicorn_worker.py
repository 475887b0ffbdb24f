"""gunicorn's threaded worker, sharing new connections evenly with the other workers, patient only for a while."""

import socket
import struct
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

DELAY = 0.001
MAX_DELAY = 0.005
# So long a client may pause within a request. A thread waits for it meanwhile, and there are few.
PATIENCE_SECONDS = 10


class SharingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Leaves a new connection to a worker that has fewer.

    All workers are woken by a new connection and the quickest takes it, mostly the same one; clients that keep their
    connections then push through one process while the others idle (measured: two clients were as slow as one). A
    worker with connections waits a moment first, so that one with fewer is quicker.
    """

    def accept(self, listener: socket.socket) -> None:
        if self.nr_conns:
            time.sleep(min(self.nr_conns * DELAY, MAX_DELAY))
        super().accept(listener)

    def enqueue_req(self, conn: Any) -> None:
        # The kernel's own time-out: gunicorn makes each socket a blocking one again, which drops Python's.
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", PATIENCE_SECONDS, 0))
        super().enqueue_req(conn)
