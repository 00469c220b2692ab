"""A server of a test's own: each connection is served in a thread."""

import socket
import threading


class Listening:
    """Use as a context manager. A subclass has `_serve(connection)`, which closes it. What stands in
    `open` is shut down at the end."""

    def __init__(self, address=("127.0.0.1", 0)):
        self.connections = 0
        self.listener = socket.create_server(address, backlog=256)
        self.address = "%s:%d" % self.listener.getsockname()
        self.open = set()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)  # ends the accept that runs
        self.listener.close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
