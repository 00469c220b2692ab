"""Ambiguous requests are refused and their connection closed, whole and one byte at a time, and
nothing of them reaches the upstream."""

import unittest

from gateway import KEY, Gateway, Response, chat, read_to_end, request
from upstream import Upstream

BODY = chat()
AUTH = f"Authorization: Bearer {KEY}\r\n"
POST = "POST /v1/chat/completions HTTP/1.1\r\n"
HOST = "Host: a.test\r\n"
JSON = "Content-Type: application/json\r\n"


def raw(text, body=b""):
    return text.encode("latin-1") + body


LENGTH = f"Content-Length: {len(BODY)}\r\n"

# what, bytes, expected statuses
REFUSED = [
    ("length and chunked", raw(POST + HOST + AUTH + LENGTH + "Transfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n"), {400}),
    ("two lengths that differ", raw(POST + HOST + AUTH + LENGTH + "Content-Length: 1\r\n\r\n", BODY), {400}),
    ("two equal lengths", raw(POST + HOST + AUTH + LENGTH + LENGTH + "\r\n", BODY), {400}),
    ("a list of lengths", raw(POST + HOST + AUTH + "Content-Length: 5, 5\r\n\r\n", b"hello"), {400}),
    ("a length with a plus", raw(POST + HOST + AUTH + "Content-Length: +5\r\n\r\n", b"hello"), {400}),
    ("an empty length", raw(POST + HOST + AUTH + "Content-Length: \r\n\r\n"), {400}),
    ("a length of 2^64 and 5", raw(POST + HOST + AUTH + "Content-Length: 18446744073709551621\r\n\r\n", b"hello"), {400}),
    ("a length in hexadecimal", raw(POST + HOST + AUTH + "Content-Length: 0x5\r\n\r\n", b"hello"), {400}),
    ("chunked twice", raw(POST + HOST + AUTH + "Transfer-Encoding: chunked, chunked\r\n\r\n", b"0\r\n\r\n"), {400, 501}),
    ("chunked not last", raw(POST + HOST + AUTH + "Transfer-Encoding: chunked, gzip\r\n\r\n", b"0\r\n\r\n"), {400, 501}),
    ("an unknown coding", raw(POST + HOST + AUTH + "Transfer-Encoding: xchunked\r\n\r\n", b"0\r\n\r\n"), {400, 501}),
    ("a coding hidden by a vertical tab", raw(POST + HOST + AUTH + "Transfer-Encoding: \x0bchunked\r\n\r\n", b"0\r\n\r\n"), {400, 501}),
    ("chunked in HTTP/1.0", raw("POST /v1/chat/completions HTTP/1.0\r\n" + HOST + AUTH + "Transfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n"), {400, 501}),
    ("a bad chunk size", raw(POST + HOST + AUTH + JSON + "Transfer-Encoding: chunked\r\n\r\n", b"5g\r\nhello\r\n0\r\n\r\n"), {400}),
    ("a chunk size beyond 15 digits", raw(POST + HOST + AUTH + JSON + "Transfer-Encoding: chunked\r\n\r\n", b"0000000000000005\r\nhello\r\n0\r\n\r\n"), {400}),
    ("no line end after a chunk", raw(POST + HOST + AUTH + JSON + "Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhelloX\r\n0\r\n\r\n"), {400}),
    ("a bare LF in a chunk line", raw(POST + HOST + AUTH + JSON + "Transfer-Encoding: chunked\r\n\r\n", b"5\nhello\r\n0\r\n\r\n"), {400}),
    ("a bare CR", raw(POST + HOST + AUTH + "X-A: a\rb\r\n\r\n"), {400}),
    ("a NUL", raw(POST + HOST + AUTH + "X-A: a\x00b\r\n\r\n"), {400}),
    ("a folded line", raw(POST + HOST + AUTH + "X-A: a\r\n b\r\n\r\n"), {400}),
    ("space before the colon", raw(POST + HOST + AUTH + "Content-Length : 5\r\n\r\n", b"hello"), {400}),
    ("white space before the first field", raw(POST + " " + HOST + AUTH + "\r\n"), {400}),
    ("a bare LF line end", raw("POST /v1/chat/completions HTTP/1.1\n" + HOST + AUTH + "\r\n"), {400}),
    ("an empty field name", raw(POST + HOST + AUTH + ": x\r\n\r\n"), {400}),
    ("a field without a colon", raw(POST + HOST + AUTH + "nothing\r\n\r\n"), {400}),
    ("a name that is no token", raw(POST + HOST + AUTH + "X(A): b\r\n\r\n"), {400}),
    ("no Host", raw(POST + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("two Hosts", raw(POST + HOST + HOST + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("a Host with a path", raw(POST + "Host: a.test/../x\r\n" + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("a Host with a question mark", raw(POST + "Host: a.test?x\r\n" + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("a Host with user information", raw(POST + "Host: u@a.test\r\n" + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("an absolute target of another host", raw("POST http://b.test/v1/chat/completions HTTP/1.1\r\n" + HOST + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("CONNECT", raw("CONNECT a.test:443 HTTP/1.1\r\n" + HOST + "\r\n"), {405}),
    ("TRACE", raw("TRACE / HTTP/1.1\r\n" + HOST + "\r\n"), {405}),
    ("dots in the path", raw("POST /v1/../admin HTTP/1.1\r\n" + HOST + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("encoded dots in the path", raw("POST /v1/%2e%2e/admin HTTP/1.1\r\n" + HOST + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("an encoded slash", raw("POST /v1%2fchat/completions HTTP/1.1\r\n" + HOST + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("a double slash", raw("POST //v1/chat/completions HTTP/1.1\r\n" + HOST + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("a backslash", raw("POST /v1\\chat/completions HTTP/1.1\r\n" + HOST + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("a fragment", raw("POST /v1/chat/completions#x HTTP/1.1\r\n" + HOST + AUTH + LENGTH + "\r\n", BODY), {400}),
    ("HTTP/0.9", raw("GET /\r\n\r\n"), {400, 505}),
    ("HTTP/2 over HTTP/1", raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), {400, 505, 405}),
    ("a lower-case version", raw("GET / http/1.1\r\n" + HOST + "\r\n"), {400}),
    ("two credentials", raw(POST + HOST + AUTH + "x-api-key: other-key-0123456789\r\n" + LENGTH + "\r\n", BODY), {401}),
    ("a head too large", raw(POST + HOST + AUTH + "".join(f"X-{i}: {'y' * 900}\r\n" for i in range(60)) + "\r\n"), {431}),
    ("too many fields", raw(POST + HOST + AUTH + "".join(f"X-{i}: y\r\n" for i in range(200)) + "\r\n"), {431}),
]


class StrictRequests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream().__enter__()
        cls.gateway = Gateway(cls.upstream.address).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.gateway.__exit__(None, None, None)
        cls.upstream.__exit__()

    def refused(self, data, one_byte_at_a_time):
        with self.gateway.connect() as connection:
            try:
                if one_byte_at_a_time:
                    for i in range(len(data)):
                        connection.sendall(data[i : i + 1])
                else:
                    connection.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before its end
            response = Response(connection)
            rest = response.rest + read_to_end(connection)
            return response, rest

    def test_ambiguous_requests_are_refused_and_closed(self):
        for what, data, statuses in REFUSED:
            for one_byte in (False, True) if len(data) < 4000 else (False,):
                with self.subTest(what=what, one_byte=one_byte):
                    response, rest = self.refused(data, one_byte)
                    self.assertIn(response.status, statuses)
                    self.assertTrue(response.whole)
                    if response.status != 401:
                        self.assertEqual(response.headers.get("connection"), "close")
                    self.assertEqual(rest, b"", "the connection goes on after a refusal")
                    self.assertIn("error", response.json())
        self.assertEqual(self.upstream.requests, [], "something of a refused request went upstream")

    def test_a_refused_body_is_never_taken_for_the_next_request(self):
        smuggled = request(BODY)
        for reason, head in {
            401: f"{POST}{HOST}Content-Length: {len(smuggled)}\r\n\r\n",
            404: f"POST /v1/nothing HTTP/1.1\r\n{HOST}{AUTH}Content-Length: {len(smuggled)}\r\n\r\n",
            405: f"PUT /v1/chat/completions HTTP/1.1\r\n{HOST}{AUTH}Content-Length: {len(smuggled)}\r\n\r\n",
            413: f"{POST}{HOST}{AUTH}Content-Length: 99999999999\r\n\r\n",
        }.items():
            with self.subTest(status=reason), self.gateway.connect() as connection:
                before = len(self.upstream.requests)
                connection.sendall(head.encode())
                response = Response(connection)
                self.assertEqual(response.status, reason)
                try:
                    connection.sendall(smuggled)
                except OSError:
                    pass
                self.assertEqual(response.rest + read_to_end(connection), b"")
                self.assertEqual(len(self.upstream.requests), before)

    def test_upgrades_are_ignored(self):
        with self.gateway.connect() as connection:
            connection.sendall(
                request(BODY, headers=["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"])
            )
            self.assertEqual(Response(connection).status, 200)
        sent = self.upstream.requests.pop()
        for name in ("Upgrade", "HTTP2-Settings", "Connection"):
            self.assertEqual(sent.all(name), [])
        self.upstream.requests.clear()


if __name__ == "__main__":
    unittest.main()
