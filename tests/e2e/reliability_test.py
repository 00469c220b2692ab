"""What went wrong for others, on the client's side: smuggling by bodies, answers before the body is
read, odd Hosts and paths, injection through names and values, bombs."""

import gzip
import json
import socket
import unittest

from clients import BODY, PASSTHROUGH, Clients, send
from fault_world import cpu_seconds, resident_bytes
from gateway import KEY, Gateway, Response, chat, read_to_end, request
from upstream import EarlyUpstream, answer

CHUNKED = ["Transfer-Encoding: chunked", "Content-Type: application/json"]
# Behind the head "Transfer-Encoding: chunked"; each carries what must not become a second request.
SMUGGLED = request(chat(smuggled=True))
BAD_CHUNKS = {
    "a signed size": b"+%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "a prefix": b"0x%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "a space before the size": b" %x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "an empty size": b"\r\n%s\r\n0\r\n\r\n" % BODY,
    "an underscore": b"0_%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "a size that wraps": b"ffffffffffffffff\r\n%s\r\n0\r\n\r\n" % BODY,
    "a bare CR in an extension": b"%x;a\rb\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "a bare LF in an extension": b"%x;a\nb\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "a NUL in an extension": b"%x;\x00\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "a bare LF behind the data": b"%x\r\n%s\n0\r\n\r\n" % (len(BODY), BODY),
    "two line ends behind the data": b"%x\r\n%s\r\n\r\n0\r\n\r\n" % (len(BODY), BODY),
    "a bare LF behind the last size": b"%x\r\n%s\r\n0\n\r\n" % (len(BODY), BODY),
    "a bare LF as the end": b"%x\r\n%s\r\n0\r\n\n" % (len(BODY), BODY),
    "a folded trailer": b"%x\r\n%s\r\n0\r\nX: a\r\n b\r\n\r\n" % (len(BODY), BODY),
    "a trailer without a colon": b"%x\r\n%s\r\n0\r\nnothing\r\n\r\n" % (len(BODY), BODY),
    "a trailer with a space before its colon": b"%x\r\n%s\r\n0\r\nContent-Length : 5\r\n\r\n" % (len(BODY), BODY),
    "a request instead of the last chunk": b"%x\r\n%s\r\n" % (len(BODY), BODY),
}


class Smuggling(Clients):
    def test_a_bad_chunk_ends_the_connection_and_what_follows_is_no_request(self):
        for path in ("/v1/chat/completions", "/v1/audio/x"):
            head = request(None, path=path, headers=CHUNKED)
            for what, body in BAD_CHUNKS.items():
                for one_byte in (False, True):
                    with self.subTest(what=what, path=path, one_byte=one_byte), self.gateway.connect() as connection:
                        send(connection, head + body + SMUGGLED, one_byte)
                        response = Response(connection)
                        self.assertEqual(response.status, 400)
                        self.assertEqual(response.headers["connection"], "close")
                        self.assertEqual(response.rest + read_to_end(connection), b"")
        # A passthrough upload may have begun upstream; nothing was ever complete there.
        self.assertEqual(self.upstream.requests, [])

    def test_odd_but_legal_chunks_arrive_as_one_body(self):
        size = b"%x" % len(BODY)
        for what, body in {
            "an extension": size + b';a="b;c"\r\n' + BODY + b"\r\n0\r\n\r\n",
            "capital digits and zeros": b"00" + size.upper() + b"\r\n" + BODY + b"\r\n000\r\n\r\n",
            "trailers": size + b"\r\n" + BODY + b"\r\n0\r\nContent-Length: 5\r\nAuthorization: Bearer x\r\nX: y\r\n\r\n",
            "single bytes": b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n",
        }.items():
            for one_byte in (False, True):
                with self.subTest(what=what, one_byte=one_byte), self.gateway.connect() as connection:
                    self.upstream.requests.clear()
                    send(connection, request(None, headers=CHUNKED) + body + request(chat(second=True)), one_byte)
                    response = Response(connection)
                    self.assertEqual(response.status, 200)
                    self.assertEqual(Response(connection, response.rest).status, 200)
                    first, second = self.upstream.requests
                    self.assertEqual((first.body, second.json()["second"]), (BODY, True))
                    self.assertEqual(len(first.all("authorization")), 1)
                    self.assertEqual(first.all("x"), [])

    def test_an_answer_before_the_body_was_read_ends_the_connection(self):
        # Each has an announced body that comes later and looks like a request.
        announced = f"Content-Length: {len(SMUGGLED)}"
        deep = b'{"model":"gpt-4o","x":' + b"[" * 200
        def head(path="/v1/chat/completions", key=KEY, method="POST", headers=(announced,), body=b""):
            return request(None, method=method, path=path, key=key, headers=["Content-Type: application/json", *headers]) + body

        for status, data in {
            400: head(headers=[f"Content-Length: {len(SMUGGLED) + len(deep)}"], body=deep),
            401: head(key="hr-unknown-0123456789"),
            404: head(path="/v1/none"),
            405: head(method="DELETE"),
            413: head(headers=["Content-Length: 999999999"]),
        }.items():
            for one_byte in (False, True):
                with self.subTest(status=status, one_byte=one_byte), self.gateway.connect() as connection:
                    send(connection, data, one_byte)
                    response = Response(connection)
                    self.assertEqual(response.status, status)
                    self.assertTrue(response.whole)
                    self.assertEqual(response.headers["connection"], "close")
                    send(connection, SMUGGLED, one_byte)
                    self.assertEqual(response.rest + read_to_end(connection), b"")
        self.assertEqual(self.upstream.requests, [])

    def test_an_answer_of_the_provider_before_the_body_was_read_ends_the_connection(self):
        for status in ("400 Bad", "401 No", "403 No", "404 None", "413 Large", "429 Many", "503 Later"):
            early = answer(b"{}", status=status, headers=["Retry-After: 1"])

            def say(connection, early=early):
                connection.sendall(early)
                while connection.recv(65536):
                    pass

            with self.subTest(status=status), EarlyUpstream(say) as upstream, Gateway(upstream.address, extra=PASSTHROUGH) as gateway:
                with gateway.connect() as connection:
                    connection.sendall(request(None, path="/v1/audio/x", headers=["Content-Type: audio/wav", f"Content-Length: {len(SMUGGLED)}"]))
                    response = Response(connection)
                    # What a provider says of our own key is not for the client.
                    told = 502 if status == "401 No" else int(status[:3])
                    self.assertEqual(response.status, told)
                    self.assertEqual(response.headers["connection"], "close")
                    send(connection, SMUGGLED, False)
                    self.assertEqual(response.rest + read_to_end(connection), b"")

    def test_upgrades_of_every_kind_end_here_byte_by_byte_too(self):
        for fields in (
            ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{KEY}"],
            ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMA"],
            ["Upgrade: h2c"],
        ):
            for one_byte in (False, True):
                with self.subTest(fields=fields, one_byte=one_byte):
                    self.upstream.requests.clear()
                    self.assertEqual(self.ask(request(BODY, headers=fields), one_byte).status, 200)
                    for name in ("upgrade", "connection", "http2-settings"):
                        self.assertEqual(self.upstream.requests[0].all(name), [])
                    # A subprotocol may carry a key, which is the gateway's.
                    self.assertNotIn(b"websocket", self.upstream.requests[0].head.lower())
                    self.assertNotIn(KEY.encode(), self.upstream.requests[0].head)


class HostsAndPaths(Clients):
    def test_odd_hosts_are_refused_or_mean_nothing(self):
        refused = ("a.test/x", "a.test?x", "a.test#x", "u@a.test", "a b", "a\tb", "a,b", "[::1", "::1", "a:b", "a:99999999", "a:80:80", "a\\b", "<a>", "a%00", "\x7f")
        for host in refused:
            for one_byte in (False, True):
                data = request(BODY).replace(b"gateway.test", host.encode("latin-1"), 1)
                with self.subTest(host=host, one_byte=one_byte):
                    self.assertEqual(self.ask(data, one_byte).status, 400)
        self.assertEqual(self.upstream.requests, [])
        for host in ("169.254.169.254", "localhost", "[::1]:80", "127.0.0.1:%d" % self.gateway.admin_port, "api.openai.com"):
            with self.subTest(host=host):
                data = request(BODY).replace(b"gateway.test", host.encode(), 1)
                self.assertEqual(self.ask(data).status, 200)
                self.assertEqual(self.upstream.requests[-1].all("host"), [self.upstream.address])
                self.assertNotIn(host.encode(), self.upstream.requests[-1].head)

    def test_admin_pages_are_a_matter_of_the_listener_and_not_of_the_host(self):
        admin = "127.0.0.1:%d" % self.gateway.admin_port
        for path in ("/metrics", "/health", "/ready", "/healthz", "/readyz"):
            for target, host in ((path, admin), (f"http://{admin}{path}", admin)):
                data = request(None, method="GET", path=target).replace(b"gateway.test", host.encode(), 1)
                self.assertEqual(self.ask(data).status, 404)
                bare = request(None, method="GET", path=target, key=None).replace(b"gateway.test", host.encode(), 1)
                self.assertEqual(self.ask(bare).status, 401)
        with socket.create_connection(("127.0.0.1", self.gateway.admin_port)) as connection:
            connection.sendall(request(BODY))
            self.assertEqual(Response(connection).status, 405)
        with socket.create_connection(("127.0.0.1", self.gateway.admin_port)) as connection:
            connection.sendall(request(None, method="GET", path="/v1/models"))
            self.assertEqual(Response(connection).status, 404)
        self.assertEqual(self.upstream.requests, [])

    def test_the_path_that_was_judged_is_the_path_that_is_sent(self):
        refused = ("/v1/custom/../files", "/v1/custom/./a", "/v1/custom/%2e%2e/files", "/v1/custom/%2E/a", "/v1/custom/a/..", "/v1/custom/.%2e/files", "/v1/custom//a", "/v1/custom/%2fa", "/v1/custom/a%5cb", "/v1/custom/a\\b", "/v1/custom/%00", "/v1/custom/a%0d%0aX:y", "/v1/custom/a#b", "/v1/custom/%zz", "/v1/custom/%2", "/v1/custom/a\x7fb", "/v1/custom/a;b=c")
        for path in refused:
            for one_byte in (False, True):
                with self.subTest(path=path, one_byte=one_byte):
                    self.assertIn(self.ask(request(None, method="GET", path=path), one_byte).status, (400, 404))
        self.assertEqual(self.upstream.requests, [])
        for path in ("/v1/custom/a.b/...", "/v1/custom/a%20b", "/v1/custom/a:b@c", "/v1/custom/a?x=/../y", "/v1/custom/a?x=%2e%2e"):
            with self.subTest(path=path):
                self.assertEqual(self.ask(request(None, method="GET", path=path)).status, 200)
                self.assertEqual(self.upstream.requests[-1].line, f"GET {path} HTTP/1.1")
        for path in ("/v1/%63hat/completions", "/V1/chat/completions", "/v1/chat/completions/", "/v1/chat/completions;x", "/v1/chat/completions%20"):
            before = len(self.upstream.requests)
            response = self.ask(request(BODY, path=path))
            with self.subTest(path=path, status=response.status):
                if response.status == 200:
                    self.assertEqual(self.upstream.requests[-1].line, "POST /v1/chat/completions HTTP/1.1")
                else:
                    self.assertIn(response.status, (400, 404))
                    self.assertEqual(len(self.upstream.requests), before)

    def test_an_absolute_target_gets_our_host(self):
        data = request(BODY, path="http://gateway.test/v1/chat/completions")
        for one_byte in (False, True):
            self.assertEqual(self.ask(data, one_byte).status, 200)
            self.assertEqual(self.upstream.requests[-1].line, "POST /v1/chat/completions HTTP/1.1")
            self.assertEqual(self.upstream.requests[-1].all("host"), [self.upstream.address])


class Injection(Clients):
    def test_names_in_bodies_and_paths_inject_nothing(self):
        evil = ("x\r\nX-Evil: 1", "x\nX-Evil: 1", "x\x00", "x\u2028", 'x","evil":"', "x'; DROP TABLE keys;--", "x" * 5000)
        for value in evil:
            with self.subTest(value=value[:20]):
                response = self.ask(request(chat(model="claude-" + value, max_tokens=1), path="/v1/messages"))
                self.assertIn(response.status, (200, 400, 404))
                self.assertNotIn("x-evil", response.headers)
                if response.status == 200:
                    self.assertEqual(self.upstream.requests[-1].all("x-evil"), [])
        for value in ("gemini-x%0d%0aX-Evil:1", "gemini-x%00", "gemini-x%2f..%2fy", "gemini-%22", "gemini-x%0a"):
            with self.subTest(value=value):
                response = self.ask(request(b'{"contents":[]}', path=f"/v1beta/models/{value}:generateContent"))
                self.assertNotIn("x-evil", response.headers)
                if response.status == 200:
                    self.assertEqual(self.upstream.requests[-1].all("x-evil"), [])
                    self.assertNotRegex(self.upstream.requests[-1].line, "(?i)%0[ad]|%00|%2f")

    def test_a_request_id_of_the_client_is_taken_only_when_sane(self):
        for offered, taken in (("abc-123:4.5_6", True), ("short", False), ("abc 45678", False), ('abc"45678', False), ("x" * 500, False), ("abc\\45678", False), ("<abc45678>", False)):
            with self.subTest(offered=offered):
                response = self.ask(request(BODY, headers=[f"X-Request-Id: {offered}"]))
                self.assertEqual(response.headers["x-request-id"] == offered, taken)

    def test_every_log_line_is_one_line_of_json_whatever_comes(self):
        paths = ("/v1/a\"b", "/v1/%0d%0a%22", "/v1/ü".encode().decode("latin-1"), "/v1/x?key=y")
        for path in paths:
            self.ask(request(None, method="GET", path=path))
        names = ("claude-\n{\"status\":200}", "claude-\"", "claude-\\", "claude-\u00fc\U0001f600")
        for name in names:
            self.ask(request(chat(model=name, max_tokens=1), path="/v1/messages"))
        lines = self.gateway.log_lines(len(paths) + len(names))
        self.assertEqual(len(lines), len(paths) + len(names))
        self.assertNotIn("key=y", self.gateway.access_log.read_text())

    def test_hostile_keys_are_just_unknown(self):
        for key in ("' OR 1=1 --", '" OR ""="', "x'; DROP TABLE keys;--", "%00", "x" * 4000, "${HOME}", "../../etc/passwd", "Bearer Bearer", "ü".encode().decode("latin-1")):
            for name in ("Authorization: Bearer ", "x-api-key: ", "x-goog-api-key: "):
                with self.subTest(key=key[:20], name=name):
                    response = self.ask(request(BODY, key=None, headers=[name + key]))
                    self.assertEqual(response.status, 401)
                    self.assertNotIn("SQL", response.body.decode())
                    self.assertNotIn(key[:20], response.body.decode("latin-1"))
        self.assertEqual(self.upstream.requests, [])


class Bombs(Clients):
    def test_members_that_decide_something_stand_once(self):
        base = '{"messages":[],%s}'
        for pair in ('"model":"gpt-4o","model":"gpt-4o"', '"model":"gpt-4o","n":1,"n":2', '"model":"gpt-4o","stream":false,"stream":true', '"model":"gpt-4o","max_tokens":1,"max_tokens":9', '"model":"gpt-4o","max_completion_tokens":1,"max\\u005fcompletion_tokens":9', '"model":"gpt-4o","stream_options":{},"stream_options":{}'):
            for one_byte in (False, True):
                with self.subTest(pair=pair, one_byte=one_byte):
                    self.assertEqual(self.ask(request((base % pair).encode()), one_byte).status, 400)
        self.assertEqual(self.upstream.requests, [])

    def test_numbers_and_depth_hold_their_bounds_byte_by_byte_too(self):
        for member, status in {
            '"n":-1': 400, '"n":1e400': 400, '"n":9223372036854775808': 400, '"n":1.5': 400, '"n":"1"': 400,
            '"max_tokens":-1': 400, '"max_tokens":01': 400, '"max_tokens":+1': 400, '"max_tokens":1.': 400,
            '"x":' + "[" * 126 + "]" * 126: 200, '"x":' + "[" * 300 + "]" * 300: 400, '"x":' + '{"a":' * 300 + "1" + "}" * 300: 400,
            '"x":1e999': (200, 400), '"x":NaN': 400, '"x":"\\ud800"': (200, 400), '"x":"\\x"': 400, '"x":"\t"': 400,
        }.items():
            for one_byte in (False, True):
                with self.subTest(member=member[:20], one_byte=one_byte):
                    got = self.ask(request(b'{"model":"gpt-4o",%s}' % member.encode()), one_byte).status
                    self.assertIn(got, status if isinstance(status, tuple) else (status,))

    def test_an_encoded_request_is_refused_and_not_inflated(self):
        bomb = gzip.compress(b"[" * 20_000_000)
        before = resident_bytes(self.gateway.process.pid)
        for coding in ("gzip", "gzip, gzip", "deflate", "br"):
            with self.subTest(coding=coding):
                # Also where it could be read as it stands: a provider may read it otherwise.
                for body in (bomb, chat()):
                    response = self.ask(request(body, headers=[f"Content-Encoding: {coding}"]))
                    self.assertEqual((response.status, response.headers["accept-encoding"]), (415, "identity"))
                    self.assertEqual(response.json()["code"], "unsupported_media")
                    self.assertIn("send it uncompressed, in UTF-8", response.json()["detail"])
        self.assertLess(resident_bytes(self.gateway.process.pid) - before, 16 << 20)
        self.assertEqual(self.upstream.requests, [])
        self.assertEqual(self.ask(request(chat(), headers=["Content-Encoding: identity"])).status, 200)

    def test_a_body_of_another_charset_is_refused(self):
        # In UTF-7 these are members of their own; a provider that heeds the charset sees them.
        hidden = request(chat(x="+ACI-,+ACI-max_tokens+ACI-:100000,+ACI-y+ACI-:+ACI-"))
        with_charset = lambda charset: hidden.replace(b"application/json", f"application/json; charset={charset}".encode())
        for charset in ("utf-7", "UTF-16", '"utf-7"', "utf-8; charset=utf-7"):
            with self.subTest(charset=charset):
                response = self.ask(with_charset(charset))
                self.assertEqual((response.status, response.json()["code"]), (415, "unsupported_media"))
        self.assertEqual(self.upstream.requests, [])
        for charset in ("utf-8", '"UTF-8"'):
            self.assertEqual(self.ask(with_charset(charset)).status, 200)

    def test_tiny_pieces_cost_linear_work(self):
        """Each piece is a packet or a chunk of its own; quadratic work would take minutes."""
        body = chat(padding="x" * 200_000)
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
        self.assertEqual(self.ask(request(None, headers=CHUNKED) + chunks).status, 200)
        self.assertEqual(self.upstream.requests[-1].body, body)
        used = cpu_seconds(self.gateway.process.pid)
        self.assertLess(used, 5)

        def drip(request, connection):
            data = json.dumps({"choices": [{"index": 0, "delta": {"content": "y" * 200_000}}]}).encode()
            stream = b"data: " + data + b"\n\ndata: [DONE]\n\n"
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head + b"".join(b"1\r\n%c\r\n" % byte for byte in stream) + b"0\r\n\r\n")

        self.script = drip
        response = self.ask(request(chat(stream=True)))
        self.assertTrue(response.whole)
        self.assertEqual(len(response.body.split(b"\n\n")), 3)
        self.assertLess(cpu_seconds(self.gateway.process.pid) - used, 5)


if __name__ == "__main__":
    unittest.main()
