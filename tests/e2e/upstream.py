"""A scripted upstream: takes requests strictly, records them, and answers what the test says, byte
for byte."""

import json
import socket
import struct
import threading
import time

from listening import Listening


class UpstreamRequest:
    def __init__(self, head, body):
        self.head = head
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]
        self.body = body

    def all(self, name):
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def json(self):
        return json.loads(self.body)


def answer(body, status="200 OK", content_type="application/json", headers=()):
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines + list(headers)).encode() + b"\r\n\r\n" + body


CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": 'hi "usage":{"prompt_tokens":999}'},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
}
CHAT_ANSWER = answer(json.dumps(CHAT).encode())


class Upstream(Listening):
    """Use as a context manager. `script(request, connection)` sends the answer; it returns False to
    have the connection closed. Without a script every request gets CHAT_ANSWER."""

    def __init__(self, script=None, address=("127.0.0.1", 0)):
        super().__init__(address)
        self.script = script or (lambda request, connection: connection.sendall(CHAT_ANSWER))
        self.requests = []
        self.closed_by_peer = threading.Event()

    def _serve(self, connection):
        self.open.add(connection)
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    piece = connection.recv(65536)
                    if not piece:
                        self.closed_by_peer.set()
                        return
                    data += piece
                head, data = data.split(b"\r\n\r\n", 1)
                request = UpstreamRequest(head, b"")
                length = request.all("content-length")
                if length:
                    while len(data) < int(length[0]):
                        piece = connection.recv(65536)
                        if not piece:
                            return
                        data += piece
                    request.body, data = data[: int(length[0])], data[int(length[0]) :]
                elif request.all("transfer-encoding") == ["chunked"]:
                    request.body, data = self._read_chunks(connection, data)
                self.requests.append(request)
                if self.script(request, connection) is False:
                    return
        except OSError:
            self.closed_by_peer.set()
        finally:
            self.open.discard(connection)
            connection.close()

    @staticmethod
    def _read_chunks(connection, data):
        def more():
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError("a request that is not whole")
            return piece

        body = b""
        while True:
            while b"\r\n" not in data:
                data += more()
            line, data = data.split(b"\r\n", 1)
            size = int(line, 16)
            while len(data) < size + 2:
                data += more()
            body += data[:size]
            data = data[size + 2 :]
            if size == 0:
                return body, data


class EarlyUpstream(Listening):
    """Has `say(connection)` answer as soon as a request's head is there, whatever of its body is
    still to come. Then the connection is closed."""

    def __init__(self, say):
        super().__init__()
        self.say = say

    def _serve(self, connection):
        self.open.add(connection)
        head = b""
        try:
            while b"\r\n\r\n" not in head:
                piece = connection.recv(1024)
                if not piece:
                    return
                head += piece
            self.say(connection)
        except OSError:
            pass
        finally:
            self.open.discard(connection)
            connection.close()


def reset(connection):
    """Closes with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def event(data):
    return b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def delta(text, index=0):
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4o",
        "choices": [{"index": index, "delta": {"content": text}, "finish_reason": None}],
        "usage": None,
    }


def held_stream(go_on, *texts):
    """A script that streams these, and ends once it may go on."""

    def script(request, connection):
        connection.sendall(STREAM_HEAD + b"".join(chunk(event(delta(text))) for text in texts))
        go_on.wait(120)
        connection.sendall(chunk(event(b"[DONE]")) + b"0\r\n\r\n")

    return script


def unheeding_stream(events, pause=0, head=STREAM_HEAD):
    """A script that sends these as long as anybody takes them, whatever cap it was told of."""

    def script(request, connection):
        connection.sendall(head)
        try:
            for each in events:
                connection.sendall(chunk(each))
                time.sleep(pause)
        except OSError:
            pass
        return False

    return script


FINISH = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "gpt-4o",
    "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
    "usage": None,
}
USAGE = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "gpt-4o",
    "choices": [],
    "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
}
