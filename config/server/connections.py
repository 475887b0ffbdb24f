"""Connections: how a request is read and an answer is written, and how slow a client may be."""

import socket
import time
from typing import Any

from django.conf import settings
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.task import WSGITask

from config.server.refusals import Refusal

MAX_HEADERS = 100
# Around an uploaded file, a form has its fields.
FORM_BYTES = 1024 * 1024
# A request's headers have this long to arrive, and its body as much more as it takes at the slowest rate.
HEAD_SECONDS = 10.0
IDLE_SECONDS = 60.0
# After the answer to a request whose body is not read, what still arrives of it is thrown away for this long: closing
# at once would also throw away the answer.
LINGER_SECONDS = 5.0
# The rate of an answer is looked at in windows of this length.
WINDOW_SECONDS = 10.0
# Bytes a second: of a body and of an answer; and of an answer so long that its thread must wait for the client.
SLOWEST = 1_000
SLOWEST_FOR_A_THREAD = 1_000_000


class Request(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Reads a request. One whose body must not be read goes to the application without it, which refuses it."""

    path: str

    def __init__(self, adjustments: Any) -> None:
        super().__init__(adjustments)
        self.began_at = time.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except TransferEncodingNotImplemented as error:
            raise ParsingError(str(error)) from None
        if self.version not in {"1.0", "1.1"} or len(self.headers) > MAX_HEADERS:
            raise ParsingError("The version is unknown, or there are too many headers.")
        if settings.PATH and self.path.startswith(f"{settings.PATH}/"):
            self.path = self.path.removeprefix(settings.PATH)
        if self.chunked:
            # Says no length: the application answers 411.
            self.headers["TRANSFER_ENCODING"] = "chunked"
            self.cut_off()
        elif self.content_length > self._longest_body():
            self.cut_off()

    def cut_off(self) -> None:
        """Take the request as complete, with what has arrived of its body. Its connection ends with the answer."""
        self.completed = self.connection_close = True
        self.chunked, self.content_length = False, 0
        self.headers["CONNECTION"] = "close"
        if not self.headers_finished:
            self.body_rcv = None

    def is_too_slow(self) -> bool:
        elapsed = time.monotonic() - self.began_at
        return elapsed > HEAD_SECONDS + int(self.body_bytes_received) / SLOWEST

    def _longest_body(self) -> int:
        if "/uploads" in self.path:
            return int(settings.MAX_UPLOAD_BYTES) + FORM_BYTES
        return int(settings.MAX_BODY_BYTES)


class Answer(WSGITask):  # type: ignore[misc]  # waitress has no types
    """Runs the application for a request, and tells the lanes about each 503."""

    def service(self) -> None:
        super().service()
        if self.status.startswith("503"):
            self.channel.server.task_dispatcher.note_trouble()


class Connection(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A client's connection. The server's thread reads and writes it, and drops it if the client is too slow."""

    parser_class = Request
    task_class = Answer
    request: Request | None
    close_when_flushed: bool

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sent = 0
        self._window = (time.monotonic(), 0)
        self._lingers_since: float | None = None

    def handle_read(self) -> None:
        """Read what has arrived. A client that sends no more may still wait for the answer to what it has sent."""
        try:
            data = self.socket.recv(self.adj.recv_bytes)
        except BlockingIOError:
            return
        except OSError:
            self.handle_close()
            return
        self.last_activity = time.time()
        if data and self._lingers_since is not None:
            return
        if data:
            self._take(data)
        elif self.request is not None and self.request.headers_finished:
            self.request.cut_off()
            self._hand_over()
        else:
            self.handle_close()

    def _take(self, data: bytes) -> None:
        try:
            self.received(data)
        except OSError:  # the disk is full
            if self.request is None:
                self.handle_close()
                return
            self.request.error = Refusal(getattr(self.request, "path", "/"))
            self._hand_over()

    def _hand_over(self) -> None:
        with self.requests_lock:
            self.requests.append(self.request)
            self.request = None
            if len(self.requests) == 1:
                self.server.add_task(self)

    def handle_write(self) -> None:
        if self.close_when_flushed and not self.total_outbufs_len and self._lingers_since is None:
            self.close_when_flushed, self._lingers_since = False, time.monotonic()
            self.socket.shutdown(socket.SHUT_WR)
            return
        super().handle_write()

    def send(self, data: bytes, do_close: bool = True) -> int:  # waitress's signature
        sent = int(super().send(data, do_close=do_close))
        self._sent += sent
        return sent

    def is_too_slow(self) -> bool:
        """Return whether to give the client up. Called once a second."""
        if self._lingers_since is not None:
            return time.monotonic() - self._lingers_since > LINGER_SECONDS
        if self.total_outbufs_len:
            return self._reads_too_slowly()
        self._window = (time.monotonic(), self._sent)
        if self.requests:
            return False
        if self.request is not None:
            return self.request.is_too_slow()
        return self.idle_seconds > IDLE_SECONDS

    @property
    def idle_seconds(self) -> float:
        """How long nothing has come or gone; 0 while the application works on a request."""
        return 0.0 if self.requests else time.time() - self.last_activity

    def _reads_too_slowly(self) -> bool:
        now, (began_at, sent) = time.monotonic(), self._window
        if now - began_at < WINDOW_SECONDS:
            return False
        self._window = (now, self._sent)
        is_awaited = bool(self.requests) and self.total_outbufs_len > self.adj.outbuf_high_watermark
        slowest = SLOWEST_FOR_A_THREAD if is_awaited else SLOWEST
        return self._sent - sent < slowest * (now - began_at)
