"""A small HTTP proxy on the way out: it tunnels what it is asked to by CONNECT."""

import socket
import threading

from listening import Listening


class ConnectProxy(Listening):
    """Use as a context manager: it tunnels, or answers what it is told to."""

    def __init__(self, answer=None):
        super().__init__()
        self.answer = answer
        self.heads = []

    def _serve(self, connection):
        with connection:
            self.open.add(connection)
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
                return
            host, port = head.split(b" ")[1].rsplit(b":", 1)
            with socket.create_connection((host.decode(), int(port))) as upstream:
                self.open.add(upstream)
                self._tunnel(connection, upstream)

    def _tunnel(self, connection, upstream):
        for byte in b"HTTP/1.1 200 Connection established\r\nX-Proxy: small\r\n\r\n":
            connection.sendall(bytes([byte]))
        back = threading.Thread(target=self._pump, args=(upstream, connection), daemon=True)
        back.start()
        self._pump(connection, upstream)
        back.join()

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
