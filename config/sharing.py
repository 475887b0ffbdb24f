"""gunicorn's threaded worker, sharing new connections evenly with the other workers."""

import socket
import time

from gunicorn.workers.gthread import ThreadWorker

DELAY = 0.001
MAX_DELAY = 0.005


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
