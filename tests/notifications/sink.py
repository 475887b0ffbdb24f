"""A mail server that takes everything and remembers to whom it was and under which Message-ID."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread


class Sink(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.taken: list[tuple[str, str]] = []
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    server: Sink

    def handle(self) -> None:
        self._say("220 sink")
        reader = ""
        while line := self.rfile.readline():
            word, _, rest = line.decode().strip().partition(" ")
            if word.upper() == "RCPT":
                reader = rest.partition("<")[2].partition(">")[0]
            if word.upper() == "DATA":
                self._say("354 go on")
                self._take(reader)
            elif word.upper() == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self, reader: str) -> None:
        number = ""
        for line in self.rfile:
            if line.lower().startswith(b"message-id:"):
                number = line.decode().partition(":")[2].strip()
            if line == b".\r\n":
                break
        else:
            return
        with self.server.lock:
            self.server.taken.append((reader, number))
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def sink() -> Iterator[Sink]:
    """Listen on a port of this machine for the length of the block."""
    with Sink() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
