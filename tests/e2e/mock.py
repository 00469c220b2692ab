"""The mock provider as a process, and what it says that it served."""

import json
import socket
import subprocess

from gateway import BIN, read_to_end


class Mock:
    """Use as a context manager. `settings` are flags of headrace-mock."""

    def __init__(self, *settings):
        self.settings = settings

    def __enter__(self):
        self.process = subprocess.Popen(
            [BIN / "headrace-mock", "--listen", "127.0.0.1:0", *self.settings],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = json.loads(self.process.stdout.readline())["listen"]
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.wait(60)
        self.process.stdout.close()

    def ask(self, path, method="GET"):
        host, port = self.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode())
            return json.loads(read_to_end(connection).split(b"\r\n\r\n", 1)[1])

    def request_ids(self):
        return self.ask("/mock/served")["request_ids"]
