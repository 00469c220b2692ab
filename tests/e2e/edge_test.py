"""The gateway's edges: who stands before it, pages in browsers, proxies on the way out."""

import base64
import hashlib
import json
import socket
import struct
import unittest

from connect_proxy import ConnectProxy
from gateway import KEY, PROVIDER_KEY, Gateway, Response, chat, read_to_end, request
from upstream import Upstream
from upstream import answer as upstream_answer

OWN_KEY = "sk-CANARY-client-owned-0123456789"
CLIENT = "203.0.113.7"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def proxy_v1(source=CLIENT):
    return f"PROXY TCP4 {source} 127.0.0.1 56324 443\r\n".encode()


def proxy_v2(source=CLIENT):
    addresses = socket.inet_aton(source) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 56324, 443)
    return b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", len(addresses)) + addresses


class EdgeTest(unittest.TestCase):
    def start(self, listener="", provider="", extra="", upstream=None):
        self.upstream = upstream or self.enterContext(Upstream())
        options = {"listener": listener, "provider": provider, "extra": extra}
        self.gateway = self.enterContext(Gateway(self.upstream.address, **options))

    def ask(self, message, first=b""):
        with self.gateway.connect() as connection:
            connection.sendall(first + message)
            return Response(connection)


class ProxyProtocol(EdgeTest):
    TRUSTED = "    trusted_proxies: [127.0.0.0/8]\n    x_forwarded: true\n    forwarded: true\n"

    def test_it_says_whose_the_connection_is(self):
        self.start(self.TRUSTED + "    proxy_protocol: required")
        for number, header in enumerate((proxy_v1(), proxy_v2())):
            self.assertEqual(self.ask(request(chat()), header).status, 200)
            sent = self.upstream.requests[-1]
            self.assertEqual(sent.all("X-Forwarded-For"), [CLIENT])
            self.assertEqual(sent.all("Forwarded"), [f"for={CLIENT};host=gateway.test;proto=http"])
            self.assertEqual(self.gateway.log_lines(number + 1)[-1]["peer"], CLIENT)

    def test_it_may_come_in_pieces(self):
        self.start(self.TRUSTED + "    proxy_protocol: required")
        for header in (proxy_v1(), proxy_v2()):
            with self.gateway.connect() as connection:
                for at in range(len(header)):
                    connection.sendall(header[at : at + 1])
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).status, 200)
            self.assertEqual(self.upstream.requests[-1].all("X-Forwarded-For"), [CLIENT])

    def test_without_one_where_it_is_required_there_is_no_answer(self):
        self.start(self.TRUSTED + "    proxy_protocol: required")
        for first in (b"", b"PROXY TCP4 nonsense\r\n", b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0"):
            with self.gateway.connect() as connection:
                connection.sendall(first + request(chat()))
                self.assertEqual(read_to_end(connection), b"", first)
        self.assertEqual(self.upstream.requests, [])

    def test_where_it_is_optional_both_are_served(self):
        self.start(self.TRUSTED + "    proxy_protocol: optional")
        self.assertEqual(self.ask(request(chat())).status, 200)
        self.assertEqual(self.upstream.requests[-1].all("X-Forwarded-For"), ["127.0.0.1"])
        self.assertEqual(self.ask(request(chat()), proxy_v2()).status, 200)
        self.assertEqual(self.upstream.requests[-1].all("X-Forwarded-For"), [CLIENT])

    def test_a_stranger_is_not_believed(self):
        self.start("    trusted_proxies: [192.0.2.0/24]\n    proxy_protocol: optional")
        answer = self.ask(request(chat()), proxy_v1())
        self.assertEqual(answer.status, 400)
        self.assertEqual(self.upstream.requests, [])


class Forwarding(EdgeTest):
    def test_a_trusted_proxys_chain_goes_on_where_it_is_well_formed(self):
        self.start("    trusted_proxies: [127.0.0.0/8]\n    forwarded: true")
        ours = "for=127.0.0.1;host=gateway.test;proto=http"
        self.ask(request(chat(), headers=['Forwarded: for="[2001:db8::1]";proto=https']))
        self.assertEqual(self.upstream.requests[-1].all("Forwarded"), [f'for="[2001:db8::1]";proto=https, {ours}'])
        self.ask(request(chat(), headers=["Forwarded: for=[2001:db8::1]"]))
        self.assertEqual(self.upstream.requests[-1].all("Forwarded"), [ours])
        self.assertEqual(self.upstream.requests[-1].all("X-Forwarded-For"), [])


class AddressLimits(EdgeTest):
    TRUSTED = "    trusted_proxies: [127.0.0.0/8]\n    proxy_protocol: required\n"

    def test_connections_beyond_the_limit_of_their_address_are_closed(self):
        self.start(self.TRUSTED + "    address_connections_max: 2")
        held = [self.enterContext(self.gateway.connect()) for _ in range(2)]
        for connection in held:
            connection.sendall(proxy_v1() + request(chat()))
            self.assertEqual(Response(connection).status, 200)
        with self.gateway.connect() as connection:
            connection.sendall(proxy_v1() + request(chat()))
            self.assertEqual(read_to_end(connection), b"")
        self.assertEqual(self.ask(request(chat()), proxy_v1("203.0.113.8")).status, 200)
        held[0].close()
        self.gateway.wait_for_metric("headrace_downstream_connections", lambda value: value <= 2)
        self.assertEqual(self.ask(request(chat()), proxy_v1()).status, 200)

    def test_or_answered(self):
        self.start(self.TRUSTED + "    address_handshakes_per_minute_max: 3\n    over_address_limit: answer")
        statuses = [self.ask(request(chat()), proxy_v1()).status for _ in range(5)]
        self.assertEqual(statuses, [200, 200, 200, 429, 429])
        answer = self.ask(request(chat(), headers=["Accept-Language: de"]), proxy_v1())
        self.assertRegex(answer.json()["detail"], r"^Von dieser Adresse sind zu viele Verbindungen offen\. Versuchen Sie es in \d+ Sekunden noch einmal\.$")
        self.assertEqual(answer.headers["connection"], "close")
        # The minute began with the first of them.
        self.assertTrue(30 < int(answer.headers["retry-after"]) <= 60, answer.headers)


class Browsers(EdgeTest):
    PAGE = "https://app.acme.test"

    def preflight(self, origin, method="POST", fields="authorization, content-type, x-stainless-os"):
        headers = [f"Origin: {origin}", f"Access-Control-Request-Method: {method}"]
        if fields:
            headers.append(f"Access-Control-Request-Headers: {fields}")
        return self.ask(request(method="OPTIONS", key=None, headers=headers))

    def test_a_preflight_is_answered_here(self):
        self.start(f"    cors_origins: [{self.PAGE}]\n    cors_headers: [X-Mine]\n    cors_max_age_s: 60")
        answer = self.preflight(self.PAGE, fields="authorization, x-stainless-os,X-MINE, x-other")
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.headers["access-control-allow-origin"], self.PAGE)
        self.assertEqual(answer.headers["access-control-allow-headers"], "authorization, x-stainless-os, X-MINE")
        self.assertIn("POST", answer.headers["access-control-allow-methods"])
        self.assertEqual(answer.headers["access-control-max-age"], "60")
        self.assertEqual(answer.headers["vary"], "Origin")
        self.assertNotIn("content-length", answer.headers)
        self.assertEqual(self.upstream.requests, [])

    def test_every_field_that_an_sdk_sends_from_a_page_is_let_through(self):
        self.start(f"    cors_origins: [{self.PAGE}]")
        fields = ("anthropic-dangerous-direct-browser-access, anthropic-version, authorization, content-type, openai-project, "
                  "user-agent, x-api-key, x-goog-api-client, x-goog-api-key, x-server-timeout, x-stainless-lang, x-headrace-tags")
        self.assertEqual(self.preflight(self.PAGE, fields=fields).headers["access-control-allow-headers"], fields)

    def test_another_origin_is_refused(self):
        self.start(f"    cors_origins: [{self.PAGE}]")
        for origin in ("https://evil.test", "null", self.PAGE + ".evil.test", self.PAGE.upper()):
            answer = self.preflight(origin)
            self.assertEqual(answer.status, 403)
            self.assertNotIn("access-control-allow-origin", answer.headers)

    def test_answers_say_that_the_page_may_read_them(self):
        self.start(f"    cors_origins: [{self.PAGE}]")
        chatty = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://provider.test\r\nContent-Length: 2\r\n\r\n{}"
        self.upstream.script = lambda _, connection: connection.sendall(chatty)
        for message, status in ((request(chat(), headers=[f"Origin: {self.PAGE}"]), 200), (request(chat(), key="x" * 20, headers=[f"Origin: {self.PAGE}"]), 401)):
            answer = self.ask(message)
            self.assertEqual(answer.status, status)
            self.assertEqual([line for line in answer.lines if line.lower().startswith("access-control-allow-origin")], [f"Access-Control-Allow-Origin: {self.PAGE}"])
        answer = self.ask(request(chat(), headers=["Origin: https://evil.test"]))
        self.assertNotIn("access-control-allow-origin", answer.headers)

    def test_a_star_is_any_page_and_without_rules_nothing_changes(self):
        self.start("    cors_origins: ['*']")
        self.assertEqual(self.preflight("null").headers["access-control-allow-origin"], "*")
        self.start()
        self.assertNotEqual(self.preflight(self.PAGE).status, 204)


class OwnKeys(EdgeTest):
    def send(self, own=OWN_KEY, **arguments):
        return self.ask(request(chat(), key=own, headers=[f"X-Headrace-Key: {KEY}"], **arguments))

    def test_the_clients_key_goes_in_place_of_ours(self):
        self.start(provider="    own_keys: optional\n    headers_add: {X-Ours: 'yes'}\n")
        self.assertEqual(self.send().status, 200)
        sent = self.upstream.requests[-1]
        self.assertEqual(sent.all("Authorization"), [f"Bearer {OWN_KEY}"])
        self.assertEqual(sent.all("X-Ours"), ["yes"])
        self.assertEqual(sent.all("X-Headrace-Key"), [])
        self.assertNotIn(PROVIDER_KEY.encode(), sent.head)
        self.assertEqual(self.ask(request(chat())).status, 200)
        self.assertEqual(self.upstream.requests[-1].all("Authorization"), [f"Bearer {PROVIDER_KEY}"])
        # An SDK that must send something repeats the gateway's key.
        self.assertEqual(self.send(own=KEY).status, 200)
        self.assertEqual(self.upstream.requests[-1].all("Authorization"), [f"Bearer {PROVIDER_KEY}"])
        self.assertNotIn(OWN_KEY, self.gateway.access_log.read_text() + self.gateway.log.read_text())

    def test_a_provider_that_refuses_it_is_heard(self):
        rule = "passthrough: [{path: /v1/images/generations, methods: [POST], provider: openai}]"
        self.start(provider="    own_keys: optional\n", extra=rule)
        said = upstream_answer(b'{"error":{"message":"sk-CANARY-hint"}}', status="401 Unauthorized")
        self.upstream.script = lambda _, connection: connection.sendall(said)
        told = self.send()
        self.assertEqual((told.status, told.json()["error"]["message"]), (401, "sk-CANARY-hint"))
        # Of ours nobody hears, whatever the dialect or path.
        for path, body, word in (
            ("/v1/chat/completions", chat(), ("code", "upstream_failed")),
            ("/v1/messages", chat(model="claude-x", max_tokens=1), ("type", "api_error")),
            ("/v1beta/models/gemini-x:generateContent", b"{}", ("status", "UNAVAILABLE")),
            ("/v1/images/generations", b"{}", ("code", "upstream_failed")),
        ):
            told = self.ask(request(body, path=path))
            self.assertEqual((told.status, told.json()["error"][word[0]]), (502, word[1]), path)
            self.assertNotIn(b"CANARY", told.body)

    def test_the_account_is_the_clients_too(self):
        self.start(provider="    own_keys: optional\n")
        about = ["openai-organization: org-1", "x-ratelimit-remaining-requests: 7"]
        self.upstream.script = lambda _, connection: connection.sendall(upstream_answer(b"{}", headers=about))
        for own, said in ((OWN_KEY, ["org-1"]), (KEY, [])):
            headers = [f"X-Headrace-Key: {KEY}", "OpenAI-Organization: org-1"]
            told = self.ask(request(chat(), key=own, headers=headers))
            self.assertEqual(self.upstream.requests[-1].all("OpenAI-Organization"), said)
            self.assertEqual(told.headers.get("openai-organization"), said[0] if said else None)
            self.assertEqual(told.headers.get("x-ratelimit-remaining-requests"), "7" if said else None)

    def test_every_dialect_has_its_field(self):
        self.start(provider="    own_keys: required\n")
        for path, body, field in (
            ("/v1/messages", chat(model="claude-x", max_tokens=1), "x-api-key"),
            ("/v1beta/models/gemini-x:generateContent", b"{}", "x-goog-api-key"),
        ):
            self.ask(request(body, path=path, key=None, headers=[f"X-Headrace-Key: {KEY}", f"{field}: {OWN_KEY}"]))
            sent = self.upstream.requests[-1]
            self.assertEqual(sent.all(field), [OWN_KEY])
            self.assertEqual(sent.all("Authorization"), [])

    def test_one_that_is_needed_or_not_wanted_is_said(self):
        self.start(provider="    own_keys: required\n")
        answer = self.ask(request(chat()))
        self.assertEqual(answer.status, 401)
        self.assertIn("X-Headrace-Key", answer.json()["detail"])
        self.start()
        self.assertEqual(self.send().status, 401)
        self.assertEqual(self.upstream.requests, [])


class Addresses(EdgeTest):
    def test_those_in_service_are_taken_in_turn(self):
        ready, other, drained, away = (self.enterContext(Upstream()) for _ in range(4))
        lines = "    pool_idle_max: 0\n    addresses:\n" + "".join(
            f"      - {{address: {upstream.address}, state: {state}}}\n"
            for upstream, state in ((ready, "ready"), (drained, "drain"), (away, "maintenance"), (other, "ready"))
        )
        self.start(provider=lines, upstream=ready)
        for _ in range(6):
            self.assertEqual(self.ask(request(chat())).status, 200)
        self.assertEqual([len(upstream.requests) for upstream in (ready, other, drained, away)], [3, 3, 0, 0])
        # What the provider is called does not change with where it is.
        self.assertEqual({upstream.requests[0].all("Host")[0] for upstream in (ready, other)}, {ready.address})

    def test_a_drained_one_is_better_than_none(self):
        drained = self.enterContext(Upstream())
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            gone = "%s:%d" % nobody.getsockname()
            lines = f"    addresses: [{{address: '{gone}'}}, {{address: '{drained.address}', state: drain}}]\n"
            self.start(provider=lines)
            self.assertEqual(self.ask(request(chat())).status, 200)
        self.assertEqual(len(drained.requests), 1)


class Egress(EdgeTest):
    def test_a_request_goes_through_the_proxy(self):
        proxy = self.enterContext(ConnectProxy())
        self.start(provider=f"    egress_proxy: http://{proxy.address}\n    egress_proxy_credential: user:CANARY-pass\n")
        for _ in range(2):
            self.assertEqual(self.ask(request(chat())).status, 200)
        self.assertEqual(len(proxy.heads), 1, "a kept connection keeps its tunnel")
        lines = proxy.heads[0].split("\r\n")
        self.assertEqual(lines[0], f"CONNECT {self.upstream.address} HTTP/1.1")
        self.assertIn(f"Host: {self.upstream.address}", lines)
        self.assertIn("Proxy-Authorization: Basic " + base64.b64encode(b"user:CANARY-pass").decode(), lines)
        self.assertNotIn(PROVIDER_KEY, proxy.heads[0])
        self.assertEqual(self.upstream.requests[0].all("Proxy-Authorization"), [])

    def test_what_a_proxy_may_say_instead(self):
        for said in (
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"SSH-2.0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 5000 + b"\r\n\r\n",
            b"HTTP/1.1 200 O",
            b"",
        ):
            with self.subTest(said=said[:40]), ConnectProxy(said) as proxy:
                self.start(provider=f"    egress_proxy: http://{proxy.address}\n")
                answer = self.ask(request(chat()))
                self.assertEqual(answer.status, 502)
                self.assertEqual(answer.json()["code"], "upstream_failed")
                self.assertEqual(self.upstream.requests, [])


class Explained(EdgeTest):
    TOKEN = "debug-CANARY-0123456789"
    ANSWERS = f"""answers:
  provider: true
  route: true
  attempts: true
  debug_sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}
"""

    def explained(self, body, **arguments):
        return self.ask(request(body, headers=[f"X-Headrace-Debug: {self.TOKEN}", "Accept-Language: fr"], **arguments))

    def test_who_may_debug_is_told_how_it_was_decided(self):
        self.start(extra=self.ANSWERS)
        answer = self.explained(chat(model="renamed"))
        self.assertEqual(answer.status, 200)
        explained = json.loads(answer.headers["x-headrace-explain"])
        self.assertEqual((explained["provider"], explained["model"], explained["attempts"]), ("openai", "gpt-4o", 1))
        self.assertEqual(explained["said"], "Réponse de openai.")
        self.assertEqual(
            [stage for stage in explained["stages_us"]],
            ["head", "identify", "body", "body_facts", "guard", "admit", "cache", "route", "reserve", "upstream", "relay"],
        )
        self.assertTrue(all(value >= 0 for value in explained["stages_us"].values()))
        self.assertTrue(answer.headers["x-headrace-explain"].isascii())
        # Also where the target leaves the model to the client.
        self.assertEqual(json.loads(self.explained(chat()).headers["x-headrace-explain"])["model"], "gpt-4o")
        # The token is ours to know: it goes no further.
        self.assertNotIn(self.TOKEN.encode(), self.upstream.requests[-1].head)
        refused = self.explained(chat(model="nothing"))
        explained = json.loads(refused.headers["x-headrace-explain"])
        self.assertEqual(explained["said"], "Ce modèle n'existe pas")
        self.assertEqual(list(explained["stages_us"])[-1], "route")

    def test_others_are_not(self):
        self.start(extra=self.ANSWERS)
        spoof = b"HTTP/1.1 200 OK\r\nX-Headrace-Explain: {}\r\nX-Headrace-Provider: evil\r\nContent-Length: 2\r\n\r\n{}"
        self.upstream.script = lambda _, connection: connection.sendall(spoof)
        for headers in ([], ["X-Headrace-Debug: " + self.TOKEN[:-1]], ["X-Headrace-Debug: "]):
            answer = self.ask(request(chat(), headers=headers))
            self.assertNotIn("x-headrace-explain", answer.headers)
            told = [line for line in answer.lines if line.startswith("X-Headrace-")]
            self.assertEqual(told, ["X-Headrace-Provider: openai", "X-Headrace-Route: gpt-4o", "X-Headrace-Attempts: 1"])

    def test_without_a_token_nobody_is(self):
        self.start()
        answer = self.ask(request(chat(), headers=["X-Headrace-Debug: "]))
        self.assertEqual([name for name in answer.headers if name.startswith("x-headrace")], [])


class Traces(EdgeTest):
    def test_a_trace_is_continued_with_a_span_of_our_own(self):
        self.start()
        self.ask(request(chat(), headers=[f"traceparent: {TRACE}", "tracestate: a=b"]))
        sent = self.upstream.requests[-1]
        self.assertRegex(sent.all("traceparent")[0], "^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$")
        self.assertNotEqual(sent.all("traceparent")[0], TRACE)
        self.assertEqual(sent.all("tracestate"), ["a=b"])

    def test_what_is_no_trace_goes_no_further(self):
        self.start()
        for bad in (TRACE.upper(), TRACE[:-1], TRACE + "-00", "ff" + TRACE[2:], TRACE.replace("b7ad6b7169203331", "0" * 16)):
            self.ask(request(chat(), headers=[f"traceparent: {bad}", "tracestate: a=b"]))
            sent = self.upstream.requests[-1]
            self.assertEqual((sent.all("traceparent"), sent.all("tracestate")), ([], []))


if __name__ == "__main__":
    unittest.main()
