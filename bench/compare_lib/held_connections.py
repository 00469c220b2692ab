"""Connections that are opened one by one, used once and then held: for memory per connection.

Plain blocking sockets: what is measured is what the proxy keeps, not how fast it is.
"""

import socket
import ssl

from compare_lib.processes import Failed

TIMEOUT_S = 10


class HeldConnections:
    """Closes all that it opened when it is left."""

    def __init__(self, address, tls=False):
        self._address = address
        self._open = []
        self._tls = None
        if tls:
            self._tls = ssl.create_default_context()
            self._tls.check_hostname = False
            self._tls.verify_mode = ssl.CERT_NONE

    def add(self, count, request, enough):
        """Opens `count` more; on each, sends the request and reads until `enough(bytes so far)`."""
        for _ in range(count):
            try:
                self._add_one(request, enough)
            except OSError as error:
                raise Failed(f"connection {len(self._open)}: {error}") from error

    def _add_one(self, request, enough):
        connection = socket.create_connection(self._address, timeout=TIMEOUT_S)
        self._open.append(connection)
        if self._tls:
            self._open[-1] = connection = self._tls.wrap_socket(connection)
        connection.sendall(request)
        answer = b""
        while not enough(answer):
            piece = connection.recv(65536)
            if not piece:
                raise Failed(f"connection {len(self._open)} was closed: "
                             f"{answer[:300].decode(errors='replace')}")
            answer += piece

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self._open:
            connection.close()


def whole_answer(answer):
    """Whether an answer with Content-Length or in chunks is complete."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    expect_success(head)
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return body.endswith(b"0\r\n\r\n")


def first_event(answer):
    """Whether the first event of a stream is there."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if found:
        expect_success(head)
    return b"\n\n" in body


def expect_success(head):
    if not head.startswith(b"HTTP/1.1 200 "):
        raise Failed("the proxy answered " + head.split(b"\r\n")[0].decode("latin-1"))
