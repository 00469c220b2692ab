"""A gateway that keeps answers, and who asks it."""

import unittest

from gateway import KEY, Gateway, Response, chat, request
from upstream import CHAT_ANSWER, Upstream

OTHER_KEY = "hr-CANARY-other-0123456789"
SAME_TENANT_KEY = "hr-CANARY-colleague-0123456789"
ASK = ("X-Headrace-Cache: on",)
ENTRY_BYTES_MAX = 20_000


class CachingGateway(Gateway):
    route_cache = f"mode: asked, ttl_ms: 60000, entry_bytes_max: {ENTRY_BYTES_MAX}, wait_ms: 10000"

    def config_text(self):
        text = super().config_text()
        for section, more in (
            (
                "routes:",
                f"""
  - models: [kept]
    targets: [{{provider: openai, model: gpt-4o}}]
    cache: {{{self.route_cache}}}
    retry: {{tries: 1}}
  - models: [kept-claude]
    targets: [{{provider: anthropic}}]
    cache: {{{self.route_cache}}}""",
            ),
            (
                "keys:",
                f"""
  - {{name: other, key: {OTHER_KEY}, tenant: other}}
  - {{name: colleague, key: {SAME_TENANT_KEY}}}""",
            ),
        ):
            assert text.count("\n" + section) == 1, section
            text = text.replace("\n" + section, "\n" + section + more)
        return text


class Caching(unittest.TestCase):
    gateway_class = CachingGateway
    shards = 1

    def setUp(self):
        self.script = lambda request, connection: connection.sendall(CHAT_ANSWER)
        self.upstream = Upstream(lambda *args: self.script(*args)).__enter__()
        self.gateway = self.gateway_class(self.upstream.address, shards=self.shards).__enter__()

    def tearDown(self):
        self.gateway.__exit__(None, None, None)
        self.upstream.__exit__()

    def open(self, headers=ASK, key=KEY, path="/v1/chat/completions", body=None, **members):
        connection = self.gateway.connect()
        self.addCleanup(connection.close)
        if body is None:
            body = chat(**{"model": "kept", "temperature": 0, **members})
        connection.sendall(request(body, path=path, key=key, headers=headers))
        return connection

    def ask(self, *args, **members):
        return Response(self.open(*args, **members))

    def asked(self):
        return len(self.upstream.requests)

    def expect(self, response, cache, asked, status=200):
        self.assertTrue(response.whole)
        self.assertEqual((response.status, response.headers.get("x-cache")), (status, cache))
        self.assertEqual(self.asked(), asked)
