"""Requests that are unusual and legal, with everything on that may hold a request up or answer it:
limits, a cache with single flight, retries, strict billing, passthrough."""

import threading
import unittest

from gateway import KEY, Gateway, Response, chat, read_to_end, request
from upstream import CHAT, CHAT_ANSWER, FINISH, STREAM_HEAD, Upstream, answer, chunk, delta, event

ASK = "X-Headrace-Cache: on"
REFUSED = {  # by their keys' rights and limits, with this status
    "hr-CANARY-suspended-0123456789": 401,
    "hr-CANARY-poor-0123456789": 402,
    "hr-CANARY-scoped-0123456789": 403,
    "hr-CANARY-limited-0123456789": 429,
}


class EverythingOn(Gateway):
    def config_text(self):
        text = super().config_text()
        text = text.replace("\nroutes:", """
routes:
  - models: [kept]
    targets: [{provider: openai}]
    cache: {mode: asked}
    retry: {tries: 3, base_ms: 10, max_ms: 20}
""", 1)
        suspended, poor, scoped, limited = REFUSED
        text = text.replace("\nkeys:", f"""
keys:
  - {{name: suspended, key: {suspended}, passthrough: true, suspended: true}}
  - {{name: poor, key: {poor}, passthrough: true, budgets: [{{per: total, micro_usd: 5}}]}}
  - {{name: scoped, key: {scoped}, passthrough: true, scopes: [models]}}
  - {{name: limited, key: {limited}, passthrough: true, limits: [{{measure: requests, per: total, value: 0}}]}}""", 1)
        return text.replace("    passthrough: true\n", """    passthrough: true
    limits:
      - {measure: requests, per: minute, value: 1000}
      - {measure: concurrent, value: 50}
      - {measure: tokens, per: day, value: 1000000}
""", 1) + f"""
journal: {{directory: {self.folder}/journal, flush_interval_ms: 5}}
billing: {{strict: true}}
passthrough:
  - {{path: "/v1/audio/**", methods: [GET, HEAD, OPTIONS, POST, PUT, DELETE], provider: openai, request_micro_usd: 10}}
"""


class LegalRequests(unittest.TestCase):
    def setUp(self):
        self.script = lambda request, connection: connection.sendall(CHAT_ANSWER)
        self.upstream = self.enterContext(Upstream(lambda *args: self.script(*args)))
        self.gateway = self.enterContext(EverythingOn(self.upstream.address))

    def tearDown(self):
        # Whatever was asked for, nothing stays taken.
        self.gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value <= 1)
        with self.gateway.connect() as connection:
            connection.sendall(request(method="GET", path="/v1/headrace/usage"))
            for limit in Response(connection).json()["limits"]:
                if limit["measure"] == "concurrent":
                    self.assertEqual(limit["used"], 0)

    def send(self, *messages, count=None, head_request=False):
        """All at once; as many answers."""
        with self.gateway.connect() as connection:
            connection.sendall(b"".join(messages))
            rest = b""
            for _ in range(count or len(messages)):
                response = Response(connection, rest, head_request)
                rest = response.rest
                yield response

    def ask(self, message, **arguments):
        return next(iter(self.send(message, **arguments)))

    def kept(self, headers=(ASK,), version="1.1", **members):
        return request(chat(model="kept", temperature=0, **members), headers=headers, version=version)

    def test_methods_that_an_endpoint_does_not_take(self):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND"):
            told = self.ask(request(method=method, path="/v1/embeddings"), head_request=method == "HEAD")
            self.assertEqual((told.status, told.headers.get("allow")), (405, "POST"), method)
        told = self.ask(request(method="OPTIONS", path="*"))
        self.assertEqual(told.status, 404)
        self.assertEqual(self.upstream.requests, [])

    def test_methods_that_pass_through(self):
        self.script = lambda request, connection: connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\n" + (b"" if request.line.startswith("HEAD") else b"hello")
        )
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"):
            body = None if method in ("GET", "HEAD", "DELETE") else b"{}"
            first, second = self.send(*[request(body, method=method, path="/v1/audio/x")] * 2) if method != "HEAD" else [
                self.ask(request(method="HEAD", path="/v1/audio/x"), head_request=True)] * 2
            for response in (first, second):
                self.assertEqual((response.status, response.headers["content-length"]), (200, "5"), method)
                self.assertEqual(response.body, b"" if method == "HEAD" else b"hello")
            self.assertTrue(self.upstream.requests[-1].line.startswith(f"{method} /v1/audio/x "))

    def test_who_waits_for_100_gets_it_before_a_hit_and_not_before_a_refusal(self):
        self.ask(self.kept())
        body = chat(model="kept", temperature=0)
        for key, statuses in ((KEY, (100, 200)), ("hr-nobody-knows-0123456789", (401,))):
            with self.gateway.connect() as connection:
                head = request(body, key=key, headers=[ASK, "Expect: 100-continue"])[: -len(body)]
                connection.sendall(head)
                told = Response(connection)
                self.assertEqual(told.status, statuses[0])
                if told.status == 100:
                    connection.sendall(body)
                    told = Response(connection, told.rest)
                    self.assertEqual((told.status, told.headers["x-cache"]), (200, "HIT"))
                    self.assertEqual(told.json(), CHAT)

    def test_what_policy_refuses_before_the_body_was_read_ends_the_connection(self):
        smuggled = request(chat(), path="/v1/chat/completions")
        for key, status in REFUSED.items():
            for one_byte, expects in ((False, False), (True, False), (False, True)):
                headers = ["Content-Type: audio/wav", f"Content-Length: {len(smuggled)}"] + ["Expect: 100-continue"] * expects
                with self.subTest(status=status, one_byte=one_byte), self.gateway.connect() as connection:
                    connection.sendall(request(path="/v1/audio/x", key=key, headers=headers))
                    told = Response(connection)
                    self.assertEqual((told.status, told.whole, told.headers["connection"]), (status, True, "close"))
                    try:
                        for at in range(0, len(smuggled), 1 if one_byte else len(smuggled)):
                            connection.sendall(smuggled[at : at + 1] if one_byte else smuggled)
                    except OSError:
                        pass
                    self.assertEqual(told.rest + read_to_end(connection), b"")
        self.assertEqual(self.upstream.requests, [])

    def test_the_same_request_in_other_framing_and_form_is_the_same(self):
        self.assertEqual(self.ask(self.kept()).headers["x-cache"], "MISS")
        body = chat(model="kept", temperature=0)
        chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[at : at + 1]) for at in range(len(body))) + b"0\r\nX-Trailer: 1\r\n\r\n"
        head = request(headers=[ASK, "Content-Type: application/json", "Transfer-Encoding: chunked"])
        self.assertEqual(self.ask(head + chunks).headers["x-cache"], "HIT")
        absolute = request(body, path="http://gateway.test/v1/chat/completions", headers=[ASK])
        self.assertEqual(self.ask(absolute).headers["x-cache"], "HIT")
        self.assertEqual(len(self.upstream.requests), 1)

    def test_sent_ahead_of_one_that_waits_for_another_ones_answer(self):
        go_on = threading.Event()
        begun = threading.Event()

        def slow(request, connection):
            begun.set()
            go_on.wait(120)
            connection.sendall(CHAT_ANSWER)

        self.script = slow
        leader = self.gateway.connect()
        self.addCleanup(leader.close)
        leader.sendall(self.kept())
        self.assertTrue(begun.wait(60))
        with self.gateway.connect() as connection:
            # The first waits in the flight; what stands behind it is served in order.
            connection.sendall(self.kept() + request(method="GET", path="/v1/models") + self.kept())
            self.gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 3)
            go_on.set()
            first = Response(connection)
            second = Response(connection, first.rest)
            third = Response(connection, second.rest)
        self.assertEqual([first.headers.get("x-cache"), third.headers.get("x-cache")], ["HIT", "HIT"])
        self.assertIn("data", second.json())
        self.assertEqual(Response(leader).headers["x-cache"], "MISS")

    def test_http_1_0_from_the_cache_and_after_a_retry(self):
        said = [answer(b"{}", status="503 Sorry"), CHAT_ANSWER]
        self.script = lambda request, connection: connection.sendall(said.pop(0) if said else CHAT_ANSWER)
        for cache, keep in (("MISS", False), ("HIT", False), ("HIT", True)):
            headers = [ASK, "Connection: keep-alive"] if keep else [ASK]
            told = self.ask(self.kept(headers, version="1.0"))
            self.assertEqual((told.status, told.headers["x-cache"]), (200, cache))
            self.assertEqual(told.headers.get("connection"), "keep-alive" if keep else "close")
            self.assertNotIn("transfer-encoding", told.headers)
            self.assertEqual(told.json(), CHAT)
        self.assertEqual(len(self.upstream.requests), 2)

    def test_a_stream_to_http_1_0_and_again_from_the_cache(self):
        self.script = lambda request, connection: connection.sendall(
            STREAM_HEAD + chunk(event(delta("a"))) + chunk(event(FINISH)) + chunk(event(b"[DONE]")) + b"0\r\n\r\n")
        first = self.ask(self.kept(version="1.0", stream=True))
        second = self.ask(self.kept(version="1.0", stream=True))
        self.assertEqual((first.headers["x-cache"], second.headers["x-cache"]), ("MISS", "HIT"))
        self.assertEqual((first.whole, second.whole, second.body), (True, True, first.body))

    def test_credentials_and_connection_options_end_here_on_every_try_and_way(self):
        said = [answer(b"{}", status="500 Sorry"), answer(b"{}", status="503 Sorry"), CHAT_ANSWER]
        self.script = lambda request, connection: connection.sendall(said.pop(0) if said else CHAT_ANSWER)
        hostile = [
            "Connection: close, X-Hop, Authorization, X-Request-Id", "X-Hop: 1", "TE: trailers", "Upgrade: h2c",
            f"Proxy-Authorization: Basic {KEY}", f"Cookie: session={KEY}", f"X-Headrace-Tags: {KEY[:8]}",
            f"x-api-key: {KEY}",
        ]
        self.assertEqual(self.ask(self.kept(hostile)).status, 200)
        self.ask(request(b"{}", path=f"/v1/audio/x?key={KEY}&a=b", headers=hostile))
        self.assertEqual(len(self.upstream.requests), 4)
        for seen in self.upstream.requests:
            self.assertNotIn(KEY.encode(), seen.head + seen.body)
            self.assertEqual(len(seen.all("authorization")), 1)
            for name in ("connection", "x-hop", "te", "upgrade", "cookie", "proxy-authorization", "x-headrace-tags"):
                self.assertEqual(seen.all(name), [], name)
            self.assertEqual(len(seen.all("x-request-id")), 1)
        self.assertIn("?a=b ", self.upstream.requests[-1].line)


if __name__ == "__main__":
    unittest.main()
