"""Two providers whose scripts say who fails and how, and a gateway that may get past it."""

import json
import time
import unittest

from gateway import KEY, Gateway, Response, chat, request
from upstream import CHAT_ANSWER, Upstream, answer

FIRST_KEY = "sk-CANARY-first-0123456789"
QUICK = "retry: {tries: 3, base_ms: 20, max_ms: 50, budget_burst: 100}"


def error(status, headers=(), **members):
    body = json.dumps({"error": {"message": "no", "type": "x", "code": "x", **members}}).encode()
    return answer(body, status=status, headers=headers)


class Pair(Gateway):
    """`first` goes before `second`; `alone` is a route with the first provider alone."""

    def __init__(self, first, second, route=QUICK, breaker="breaker: {failures: 0}", keys="", more="", patience_ms=30000, **arguments):
        super().__init__(first, **arguments)
        self.second, self.route, self.breaker, self.keys, self.more = second, route, breaker, keys, more
        self.patience_ms = patience_ms  # with the first provider

    def config_text(self):
        def provider(name, address, keys="", patience_ms=30000):
            return f"""
  - name: {name}
    dialect: openai
    url: http://{address}/v1
    private_network: true
    connect_timeout_ms: {patience_ms}
    first_byte_timeout_ms: {patience_ms}
    {keys or f'credential: {FIRST_KEY}'}
    {self.breaker}
"""

        return f"""
listeners:
  - address: 127.0.0.1:{self.port}
admin:
  address: 127.0.0.1:{self.admin_port}
shards: {{count: {self.shards}, pin: false}}
access_log: {{output: file, path: {self.access_log}}}
providers:{provider("first", self.upstream, self.keys, self.patience_ms)}{self.more}{provider("second", self.second)}
routes:
  - models: [both]
    targets: [{{provider: first, model: one}}, {{provider: second, model: two, priority: 1}}]
    {self.route}
  - models: [alone]
    targets: [{{provider: first}}]
    {self.route}
keys: [{{name: test, key: {KEY}, passthrough: true}}]
{self.extra}
"""


def ask(gateway, model="both", **members):
    with gateway.connect() as connection:
        connection.sendall(request(chat(model=model, **members)))
        return Response(connection)


class Scripted(unittest.TestCase):
    def setUp(self):
        self.scripts = {"first": [], "second": []}  # what is said next; then CHAT_ANSWER
        self.upstreams = {
            name: self.enterContext(Upstream(lambda seen, connection, name=name: self.say(name, connection)))
            for name in self.scripts
        }

    def say(self, name, connection):
        script = self.scripts[name]
        said = script.pop(0) if script else CHAT_ANSWER
        if callable(said):
            return said(connection)
        connection.sendall(said)

    def gateway(self, **arguments):
        return self.enterContext(Pair(self.upstreams["first"].address, self.upstreams["second"].address, **arguments))

    def seen(self, name):
        return len(self.upstreams[name].requests)

    def wait_for(self, holds):
        deadline = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
