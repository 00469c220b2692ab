"""A small HTTP proxy on the way out: it tunnels what it is asked to by CONNECT."""

import socket
import threading


class ConnectProxy:
    """Use as a context manager: a small HTTP proxy that tunnels, or answers what it is told to."""

    def __init__(self, answer=None):
        self.answer = answer
        self.heads = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "%s:%d" % self.listener.getsockname()
        self.open = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            try:
                piece = connection.recv(65536)
            except OSError:
                return
            if not piece:
                return
            head += piece
        self.heads.append(head.decode())
        if self.answer is not None:
            connection.sendall(self.answer)
            connection.close()
            return
        host, port = head.split(b" ")[1].rsplit(b":", 1)
        upstream = socket.create_connection((host.decode(), int(port)))
        self.open.append(upstream)
        for byte in b"HTTP/1.1 200 Connection established\r\nX-Proxy: small\r\n\r\n":
            connection.sendall(bytes([byte]))
        threading.Thread(target=self._pump, args=(upstream, connection), daemon=True).start()
        self._pump(connection, upstream)

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
