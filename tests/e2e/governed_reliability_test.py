"""Classes of attacks (RELIABILITY.md, section 2) where policies decide: refusals of every kind with more
bytes behind them, hop-by-hop fields against fields that we set, paths against permissions, bodies
against destinations, and tenants against the cache, with retries and hedges on."""

import threading
import unittest

from gateway import KEY, Response, chat, read_to_end, request
from governed_gateway import OTHER_KEY, Governed
from upstream import CHAT, CHAT_ANSWER, Upstream, answer

READER, SUSPENDED, TIGHT, BROKE, FAR = (f"hr-CANARY-{name}-0123456789" for name in ("reader", "suspended", "tight", "broke", "far"))
SMUGGLED = b"GET /v1/models HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n\r\n"


class Policies(Governed):
    """`context`: providers are told who asks; then nothing can be kept of their answers."""

    def __init__(self, *arguments, context, **more):
        self.context = context
        super().__init__(*arguments, **({"cache": "mode: off"} if context else {}), **more)

    def config_text(self):
        text = super().config_text()
        keys = f"""
  - {{name: reader, key: {READER}, tenant: default, roles: [reader]}}
  - {{name: suspended, key: {SUSPENDED}, tenant: default, suspended: true}}
  - {{name: far, key: {FAR}, tenant: default, ip_allow: [far]}}
  - {{name: tight, key: {TIGHT}, tenant: default, limits: [{{measure: requests, per: hour, value: 1}}]}}
  - {{name: broke, key: {BROKE}, tenant: default, budgets: [{{name: none, per: total, micro_usd: 1}}]}}"""
        text = text.replace("\nkeys:", "\nkeys:" + keys, 1)
        if self.context:
            text = text.replace("    private_network: true", "    private_network: true\n    context_headers: plain", 2)
        return text.replace("\nroutes:", "\nroutes:\n  - {models: [small], targets: [{provider: first}], body_bytes_max: 64}", 1) + """
roles: [{name: reader, allow: ["GET /v1/models", "POST /v1/chat/**"]}]
ip_lists: [{name: far, networks: [192.0.2.0/24]}]
"""


class Reliability(unittest.TestCase):
    hedge = "after_ms: 0"
    context = False

    def setUp(self):
        self.script = lambda seen, connection: connection.sendall(CHAT_ANSWER)
        self.first = self.enterContext(Upstream(lambda *args: self.script(*args)))
        self.second = self.enterContext(Upstream())
        self.gateway = self.enterContext(Policies(self.first.address, self.second.address, hedge=self.hedge, context=self.context))

    def send(self, connection, data, one_byte):
        for i in range(0, len(data), 1 if one_byte else len(data)):
            connection.sendall(data[i : i + 1] if one_byte else data)


class Refusals(Reliability):
    """Class 3."""

    def test_a_refusal_at_the_head_ends_the_connection_and_its_body_is_no_request(self):
        for status, key in ((401, SUSPENDED), (403, FAR)):
            head = request(None, key=key, headers=["Content-Type: application/json", f"Content-Length: {len(SMUGGLED)}"])
            for one_byte in (False, True):
                with self.subTest(status=status, one_byte=one_byte), self.gateway.connect() as connection:
                    self.send(connection, head, one_byte)
                    response = Response(connection)
                    self.assertEqual((response.status, response.whole, response.headers["connection"]), (status, True, "close"))
                    self.send(connection, SMUGGLED, one_byte)
                    self.assertEqual(response.rest + read_to_end(connection), b"")
        self.assertEqual(self.first.requests + self.second.requests, [])

    def test_a_refusal_behind_the_body_leaves_the_connection_to_the_next_request(self):
        self.gateway.ask(chat(model="both"), key=TIGHT)
        self.first.requests.clear()
        rows = (
            (403, request(chat(model="both"), path="/v1/completions", key=READER)),
            (404, request(chat(model="nobody"))),
            (413, request(chat(model="small", padding="x" * 100))),
            (429, request(chat(model="both"), key=TIGHT)),
            (402, request(chat(model="both"), key=BROKE)),
        )
        for status, refused in rows:
            for one_byte in (False, True):
                with self.subTest(status=status, one_byte=one_byte), self.gateway.connect() as connection:
                    self.first.requests.clear()
                    self.send(connection, refused + request(chat(model="both", marker=status)), one_byte)
                    response = Response(connection)
                    self.assertEqual((response.status, response.whole), (status, True))
                    if response.headers.get("connection") != "close":
                        following = Response(connection, response.rest)
                        self.assertEqual((following.status, following.json()), (200, CHAT))
                        self.assertEqual([seen.json()["marker"] for seen in self.first.requests], [status])
                    else:
                        self.assertEqual(response.rest + read_to_end(connection), b"")
                        self.assertEqual(self.first.requests, [])


class WhatGoesUpstream(Reliability):
    hedge = "after_ms: 50"
    context = True

    def test_hop_by_hop_options_take_nothing_that_we_set_from_any_try(self):
        """Classes 5 and 10."""
        self.script = lambda seen, connection: connection.sendall(answer(b"{}", status="500 Sorry"))
        named = "Connection: keep-alive, Authorization, X-Headrace-Tenant, X-Headrace-User, X-Request-Id, Content-Length"
        response = self.gateway.ask(
            chat(model="both"), headers=[named, "X-Headrace-Tenant: evil", "x-api-key: " + KEY, "X-Headrace-Plan: gold"])
        self.assertEqual(response.status, 200)
        for upstream, name in ((self.first, "first"), (self.second, "second")):
            (seen,) = upstream.requests
            self.assertEqual(seen.all("authorization"), [f"Bearer sk-CANARY-{name}-0123456789"])
            self.assertEqual(seen.all("x-api-key") + seen.all("api-key") + seen.all("x-goog-api-key"), [])
            self.assertEqual(seen.all("x-headrace-tenant"), ["default"])
            self.assertEqual(len(seen.all("content-length")), 1)
            self.assertNotIn(KEY.encode(), seen.head)
            self.assertNotIn(b"evil", seen.head)

    def test_nothing_in_a_body_changes_where_any_try_goes(self):
        """Class 8."""
        both = threading.Event()
        self.script = lambda seen, connection: (both.wait(120), connection.sendall(CHAT_ANSWER))[-1]
        self.second.script = lambda seen, connection: (both.set(), connection.sendall(CHAT_ANSWER))[-1]
        evil = {name: "http://169.254.169.254/" for name in ("api_base", "base_url", "endpoint", "host", "url", "provider", "target")}
        self.assertEqual(self.gateway.ask(chat(model="both", **evil, nested=[evil])).status, 200)
        for upstream in (self.first, self.second):
            (seen,) = upstream.requests
            self.assertEqual(seen.all("host"), [upstream.address])
            self.assertEqual(seen.line, "POST /v1/chat/completions HTTP/1.1")

    def test_a_path_that_permissions_did_not_mean_goes_nowhere(self):
        """Class 7."""
        for path in ("/v1/chat/../embeddings", "/v1/chat/%2e%2e/embeddings", "/v1/chat/.%2E/embeddings", "//v1/embeddings",
                     "/v1/chat//completions", "/v1/chat/completions/../../embeddings", "/v1/chat%2fcompletions",
                     "/v1/chat/;/embeddings", "/v1/chat\\..\\embeddings", "/v1/./chat/completions", "/v1/embeddings?x=/v1/chat/completions"):
            with self.subTest(path=path):
                self.assertIn(self.gateway.ask(chat(model="both"), path=path, key=READER).status, (400, 403, 404))
        self.assertEqual(self.first.requests + self.second.requests, [])

    def test_what_would_be_read_in_two_ways_is_refused_before_any_limit(self):
        """Class 19."""
        for body in (b'{"model":"both","model":"kept","messages":[]}', b'{"model":"both","max_tokens":1,"max_tokens":9}',
                     b'{"model":"both","n":1,"n":9}', b'{"model":"both","stream":true,"stream":false}',
                     b'{"model":"both","max_tokens":1e400}', b'{"model":"both","n":-1}', b'{"model":"both","max_tokens":9223372036854775808}',
                     b'{"model":"both","x":' + b"[" * 100_000):
            with self.subTest(body=body[:60]):
                self.assertEqual(self.gateway.ask(body).status, 400)
        self.assertEqual(self.first.requests + self.second.requests, [])
        used = self.gateway.used()
        self.assertEqual((used["tokens"], used["concurrent"]), (0, 0))


class Tenants(Reliability):
    """Class 16."""

    hedge = "after_ms: 50"

    def test_one_tenants_answer_is_never_the_others_whoever_of_them_waits(self):
        go_on = threading.Event()
        answers = []

        def script(seen, connection):
            number = len(answers)
            answers.append(number)
            go_on.wait(120)
            connection.sendall(answer(b'{"id":"%d","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}' % number))

        self.script = self.second.script = script
        connections = []
        for key in (KEY, OTHER_KEY) * 6:
            connection = self.gateway.connect()
            self.addCleanup(connection.close)
            connection.sendall(request(chat(model="kept"), key=key))
            connections.append((key, connection))
        # Each tenant's leader has a rival by now; all others wait.
        self.gateway.wait_for_metric("headrace_hedges_total", lambda value: value == 2)
        go_on.set()
        heard = {KEY: set(), OTHER_KEY: set()}
        for key, connection in connections:
            response = Response(connection)
            self.assertEqual(response.status, 200)
            self.assertEqual(response.headers["cache-control"], "private, no-store")
            heard[key].add(response.json()["id"])
        self.assertEqual([len(ids) for ids in heard.values()], [1, 1])
        self.assertFalse(heard[KEY] & heard[OTHER_KEY])
        for key in heard:
            self.assertEqual(self.gateway.ask(chat(model="kept"), key=key).json()["id"], *heard[key])


if __name__ == "__main__":
    unittest.main()
