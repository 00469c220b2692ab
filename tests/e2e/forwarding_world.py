"""A client, a gateway, and a provider that answers as a test says."""

import unittest

from gateway import Gateway, Response
from upstream import CHAT_ANSWER, Upstream


class Forwarded(unittest.TestCase):
    def setUp(self):
        self.script = lambda request, connection: connection.sendall(CHAT_ANSWER)
        self.upstream = self.enterContext(Upstream(lambda *args: self.script(*args)))
        self.gateway = self.enterContext(Gateway(self.upstream.address))

    def ask(self, data, connection=None):
        if connection is not None:
            connection.sendall(data)
            return Response(connection)
        with self.gateway.connect() as connection:
            connection.sendall(data)
            return Response(connection)
