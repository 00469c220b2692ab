"""Clients of a gateway whose provider does as it is told, and whose paths pass through too."""

import unittest

from gateway import Gateway, Response, chat
from upstream import CHAT_ANSWER, Upstream

BODY = chat()
PASSTHROUGH = """passthrough:
  - path: /v1/audio/x
    methods: [GET, POST]
    provider: openai
  - path: /v1/custom/**
    methods: [GET, POST]
    provider: openai
"""


def send(connection, data, one_byte):
    """The other side may close before all of it is sent."""
    try:
        if one_byte:
            for i in range(len(data)):
                connection.sendall(data[i : i + 1])
        else:
            connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


class Clients(unittest.TestCase):
    def setUp(self):
        self.script = lambda request, connection: connection.sendall(CHAT_ANSWER)
        self.upstream = Upstream(lambda *args: self.script(*args)).__enter__()
        self.gateway = Gateway(self.upstream.address, extra=PASSTHROUGH + self.extra()).__enter__()

    def tearDown(self):
        self.gateway.__exit__(None, None, None)
        self.upstream.__exit__()

    @staticmethod
    def extra():
        return ""

    def ask(self, data, one_byte=False):
        with self.gateway.connect() as connection:
            send(connection, data, one_byte)
            return Response(connection)
