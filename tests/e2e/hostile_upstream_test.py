"""Providers that answer with what is not HTTP, or with more than was asked for: whole and one byte
per packet. Nothing of it is repaired, and nothing of it reaches another request."""

import json
import socket
import threading
import unittest

from gateway import Gateway, Response, chat, read_to_end, request
from upstream import CHAT, CHAT_ANSWER, STREAM_HEAD, Upstream, answer, chunk, delta, event

OK = b"HTTP/1.1 200 OK\r\n"
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
NOTHING = b"Content-Length: 0\r\n\r\n"

# Heads for which the client gets 502 and keeps its connection.
BAD_HEADS = {
    "a bare LF behind the status line": b"HTTP/1.1 200 OK\n" + NOTHING,
    "a bare LF behind a field": OK + b"X: a\n" + NOTHING,
    "a bare LF as the empty line": OK + b"Content-Length: 0\r\n\n",
    "a bare CR in the reason": b"HTTP/1.1 200 O\rK\r\n" + NOTHING,
    "a NUL in the reason": b"HTTP/1.1 200 O\x00K\r\n" + NOTHING,
    "a NUL in a name": OK + b"X\x00: a\r\n" + NOTHING,
    "an empty name": OK + b": a\r\n" + NOTHING,
    "a name that is no token": OK + b"X(a): a\r\n" + NOTHING,
    "white space before the first field": OK + b" X: a\r\n" + NOTHING,
    "a tab before the colon": OK + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "a folded length": OK + b"Content-Length:\r\n 5\r\n\r\nhello",
    "a lower-case protocol": b"http/1.1 200 OK\r\n" + NOTHING,
    "HTTP/2": b"HTTP/2.0 200 OK\r\n" + NOTHING,
    "a version of two digits": b"HTTP/1.10 200 OK\r\n" + NOTHING,
    "a status of two digits": b"HTTP/1.1 20 OK\r\n" + NOTHING,
    "a status below 100": b"HTTP/1.1 099 OK\r\n" + NOTHING,
    "a signed status": b"HTTP/1.1 +20 OK\r\n" + NOTHING,
    "two equal lengths": OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a list of lengths": OK + b"Content-Length: 5, 5\r\n\r\nhello",
    "a signed length": OK + b"Content-Length: +5\r\n\r\nhello",
    "a negative length": OK + b"Content-Length: -1\r\n\r\nhello",
    "a length in hexadecimal": OK + b"Content-Length: 0x5\r\n\r\nhello",
    "an empty length": OK + b"Content-Length: \r\n\r\nhello",
    "a length with a space inside": OK + b"Content-Length: 5 5\r\n\r\nhello",
    "a length of twenty digits": OK + b"Content-Length: 00000000000000000005\r\n\r\nhello",
    "a length of 2^63": OK + b"Content-Length: 9223372036854775808\r\n\r\nhello",
    "chunked and a length": OK + CHUNKED + b"Content-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "chunked twice": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in two fields": OK + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n",
    "chunked not last": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked behind a vertical tab": OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked with a parameter": OK + b"Transfer-Encoding: chunked;x=1\r\n\r\n0\r\n\r\n",
    "chunked in quotes": OK + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "chunked in HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "switching protocols behind 100": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    "interim answers without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 60,
    "too many fields": OK + b"".join(b"X-%d: y\r\n" % i for i in range(200)) + NOTHING,
    "no content that has a length": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
    "no content that is chunked": b"HTTP/1.1 204 No Content\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "an early end": OK + b"Content-Le",
    "nothing": b"",
}

# Bodies that break: the client sees a beginning whose framing never ends.
BAD_BODIES = {
    "a size that is no number": b"5\r\nhello\r\nzz\r\n\r\n",
    "a signed size": b"5\r\nhello\r\n+5\r\nhello\r\n0\r\n\r\n",
    "a negative size": b"5\r\nhello\r\n-1\r\n\r\n",
    "a prefix": b"5\r\nhello\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "a space before the size": b"5\r\nhello\r\n 5\r\nhello\r\n0\r\n\r\n",
    "an empty size": b"5\r\nhello\r\n\r\nhello\r\n0\r\n\r\n",
    "sixteen digits": b"5\r\nhello\r\n0000000000000005\r\nhello\r\n0\r\n\r\n",
    "a size that wraps": b"5\r\nhello\r\nfffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "a bare LF behind the size": b"5\r\nhello\r\n5\nhello\r\n0\r\n\r\n",
    "a bare LF behind the data": b"5\r\nhello\n5\r\nhello\r\n0\r\n\r\n",
    "a bare CR behind the data": b"5\r\nhello\r5\r\nhello\r\n0\r\n\r\n",
    "data longer than its size": b"5\r\nhelloX\r\n0\r\n\r\n",
    "a bare CR in an extension": b"5\r\nhello\r\n5;a=\rb\r\nhello\r\n0\r\n\r\n",
    "a bare LF in an extension": b"5\r\nhello\r\n5;a=\nb\r\nhello\r\n0\r\n\r\n",
    "a NUL in an extension": b"5\r\nhello\r\n5;a=\x00\r\nhello\r\n0\r\n\r\n",
    "an extension without end": b"5\r\nhello\r\n5;" + b"a" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
    "a trailer with a bare LF": b"5\r\nhello\r\n0\r\nX: a\n\r\n",
    "a trailer that is folded": b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n",
    "trailers without end": b"5\r\nhello\r\n0\r\n" + b"X: aaaaaaaaaaaaaaaaaaa\r\n" * 5_000 + b"\r\n",
    "no last chunk": b"5\r\nhello\r\n",
    "an end within a chunk": b"5\r\nhello\r\n5\r\nhel",
    "an end within the trailers": b"5\r\nhello\r\n0\r\nX: a\r\n",
}

# What is legal although odd: it arrives written anew.
GOOD_BODIES = {
    "extensions": b"5;a=b\r\nhello\r\n5 ; c\r\nworld\r\n0;last\r\n\r\n",
    "trailers": b"5\r\nhello\r\n5\r\nworld\r\n0\r\nContent-Length: 3\r\nSet-Cookie: a=b\r\nTransfer-Encoding: x\r\n\r\n",
    "leading zeros": b"0005\r\nhello\r\n00005\r\nworld\r\n000\r\n\r\n",
    "capital digits": b"A\r\nhelloworld\r\n0\r\n\r\n",
    "single bytes": b"".join(b"1\r\n%c\r\n" % byte for byte in b"helloworld") + b"0\r\n\r\n",
}

PASSTHROUGH = """passthrough:
  - path: /v1/audio/x
    methods: [GET, HEAD, POST]
    provider: openai
"""


class Script:
    """Sends `data` whole or byte by byte, closes behind it unless told otherwise."""

    def __init__(self):
        self.data, self.one_byte, self.keep = b"", False, False

    def __call__(self, request, connection):
        if self.one_byte:
            for i in range(len(self.data)):
                connection.sendall(self.data[i : i + 1])
        else:
            connection.sendall(self.data)
        return None if self.keep else False


def ways(data):
    return (False, True) if len(data) < 2_000 else (False,)


class HostileUpstream(unittest.TestCase):
    def setUp(self):
        self.script = Script()
        self.upstream = Upstream(self.script).__enter__()
        self.gateway = Gateway(self.upstream.address, extra=PASSTHROUGH).__enter__()

    def tearDown(self):
        self.gateway.__exit__(None, None, None)
        self.upstream.__exit__()

    def ask(self, connection, data=None):
        connection.sendall(data or request(chat()))
        return Response(connection)

    def test_a_head_that_is_not_http_is_never_passed_on(self):
        for what, data in BAD_HEADS.items():
            for self.script.one_byte in ways(data):
                for keep in (False, True) if data.endswith(b"\r\n\r\n") and b"hello" not in data else (False,):
                    with self.subTest(what=what, one_byte=self.script.one_byte, keep=keep), self.gateway.connect() as connection:
                        self.script.data, self.script.keep = data, keep
                        response = self.ask(connection)
                        self.assertEqual(response.status, 502)
                        self.assertTrue(response.whole)
                        self.assertEqual(response.json()["status"], 502)
                        self.assertEqual(response.rest, b"")
                        self.script.data, self.script.keep = CHAT_ANSWER, True
                        self.assertEqual(self.ask(connection).json(), CHAT)

    def test_a_body_that_breaks_never_becomes_whole(self):
        for kind in (b"application/json", b"text/event-stream", b"audio/mpeg"):
            head = OK + b"Content-Type: " + kind + b"\r\n" + CHUNKED + b"\r\n"
            for what, body in BAD_BODIES.items():
                for self.script.one_byte in ways(body):
                    with self.subTest(what=what, kind=kind, one_byte=self.script.one_byte), self.gateway.connect() as connection:
                        self.script.data, self.script.keep = head + body, False
                        response = self.ask(connection)
                        self.assertEqual(response.status, 200)
                        self.assertFalse(response.whole)
                        self.assertEqual(read_to_end(connection), b"", "it goes on behind a broken answer")

    def test_a_body_that_breaks_ends_by_a_reset_where_its_end_is_the_connections(self):
        head = OK + JSON + CHUNKED + b"\r\n"
        for what, body in BAD_BODIES.items():
            with self.subTest(what=what), self.gateway.connect() as connection:
                self.script.data, self.script.one_byte, self.script.keep = head + body, False, False
                connection.sendall(request(chat(), version="1.0"))
                with self.assertRaises(ConnectionResetError):
                    while connection.recv(65536):
                        pass

    def test_odd_but_legal_bodies_arrive_written_anew(self):
        head = OK + JSON + CHUNKED + b"\r\n"
        for what, body in GOOD_BODIES.items():
            for self.script.one_byte in (False, True):
                for version in ("1.1", "1.0"):
                    with self.subTest(what=what, one_byte=self.script.one_byte, version=version), self.gateway.connect() as connection:
                        self.script.data, self.script.keep = head + body, True
                        response = self.ask(connection, request(chat(), version=version))
                        self.assertEqual((response.status, response.whole), (200, True))
                        self.assertEqual(response.body, b"helloworld")
                        self.assertEqual(response.rest, b"", "trailers came through")
                        self.assertNotIn("set-cookie", response.headers)

    def test_an_answer_behind_the_answer_is_never_anybodys(self):
        poison = answer(b'{"stolen":true}')
        bodiless = b"HTTP/1.1 204 No Content\r\n\r\n"
        for what, data in {
            "length": CHAT_ANSWER,
            "chunked": OK + JSON + CHUNKED + b"\r\n" + chunk(json.dumps(CHAT).encode()) + b"0\r\n\r\n",
            "no content": bodiless,
            "no content with a length of nothing": b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
            "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: %d\r\n\r\n" % len(poison),
            "events": STREAM_HEAD + chunk(event(delta("a"))) + b"0\r\n\r\n",
        }.items():
            for one_byte in (False, True):
                self.script.keep = True
                with self.subTest(what=what, one_byte=one_byte), self.gateway.connect() as connection:
                    for _ in range(3):
                        self.script.one_byte, self.script.data = one_byte, data + poison
                        response = self.ask(connection)
                        self.assertIn(response.status, (200, 204, 304))
                        self.assertNotIn(b"stolen", response.body + response.rest)
                        # The rest of the poison may still be on its way: it must find a closed
                        # door. It has no business with the next request in either case.
                        self.script.one_byte, self.script.data = False, CHAT_ANSWER
                        response = self.ask(connection)
                        self.assertNotIn(b"stolen", response.body + response.rest)

    def test_an_answer_nobody_asked_for_closes_the_kept_connection(self):
        def script(request, connection):
            connection.sendall(CHAT_ANSWER)
            threading.Timer(0.02, connection.sendall, (answer(b'{"stolen":true}'),)).start()

        self.upstream.script = script
        with self.gateway.connect() as connection:
            for _ in range(5):
                self.assertEqual(self.ask(connection).json(), CHAT)
                self.gateway.wait_for_metric("headrace_upstream_connections", lambda value: value == 0)

    def test_an_answer_to_head_has_no_body_whatever_is_sent(self):
        head = request(None, method="HEAD", path="/v1/audio/x")
        for data in (
            answer(b"x" * 50),
            OK + CHUNKED + b"\r\n" + chunk(b"x" * 50) + b"0\r\n\r\n",
            OK + b"\r\n" + b"x" * 50,
        ):
            for one_byte in (False, True):
                with self.subTest(data=data, one_byte=one_byte), self.gateway.connect() as connection:
                    self.script.data, self.script.keep, self.script.one_byte = data, True, one_byte
                    connection.sendall(head)
                    response = Response(connection, head_request=True)
                    self.assertEqual((response.status, response.rest), (200, b""))
                    self.script.data, self.script.one_byte = CHAT_ANSWER, False
                    response = self.ask(connection)
                    # What still drips may meet the next request on its way: then it is no answer.
                    self.assertIn(response.status, (200, 502) if one_byte else (200,))
                    self.assertTrue(response.status == 502 or response.json() == CHAT)

    def test_interim_answers_are_not_the_answer(self):
        interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + b"HTTP/1.1 100 Continue\r\n\r\n"
        for one_byte in (False, True):
            with self.subTest(one_byte=one_byte), self.gateway.connect() as connection:
                self.script.data, self.script.keep, self.script.one_byte = interim + CHAT_ANSWER, True, one_byte
                self.assertEqual(self.ask(connection).json(), CHAT)

    def test_an_answer_before_the_request_is_not_taken(self):
        class Hasty(Upstream):
            def _serve(self, connection):
                connection.sendall(answer(b'{"stolen":true}'))
                super()._serve(connection)

        # The answer stands in the socket before the request has left: on a fresh connection it can
        # only be told from a fast one by its being there too early. What counts is that it is
        # never given to a second request.
        with Hasty() as upstream, Gateway(upstream.address) as gateway, gateway.connect() as connection:
            bodies = [self.ask(connection).body for _ in range(4)]
            self.assertLessEqual(sum(b"stolen" in body for body in bodies), upstream.connections)

    def test_hop_by_hop_fields_of_a_provider_end_here(self):
        fields = b"Connection: keep-alive, X-Secret, Content-Type, Content-Length\r\nX-Secret: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: x\r\nUpgrade: h2c\r\nTrailer: X\r\nX-Kept: 1\r\n"
        self.script.data, self.script.keep = CHAT_ANSWER.replace(b"\r\n", b"\r\n" + fields, 1), True
        with self.gateway.connect() as connection:
            response = self.ask(connection)
            self.assertEqual(response.json(), CHAT)
            self.assertEqual(response.headers["x-kept"], "1")
            for name in ("x-secret", "keep-alive", "upgrade", "trailer", "connection"):
                self.assertNotIn(name, response.headers)
            self.assertEqual(self.ask(connection).json(), CHAT)

    def test_a_redirect_is_passed_on_and_not_followed(self):
        other = socket.create_server(("127.0.0.1", 0))
        other.settimeout(0.3)
        self.addCleanup(other.close)
        where = f"http://127.0.0.1:{other.getsockname()[1]}/v1/chat/completions"
        for status in ("301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
            self.script.data, self.script.keep = answer(b"{}", status=status, headers=[f"Location: {where}"]), True
            with self.subTest(status=status), self.gateway.connect() as connection:
                response = self.ask(connection)
                self.assertEqual(response.status, int(status.split()[0]))
                # Nor by the client: it would show its key there.
                self.assertNotIn("location", response.headers)
        with self.assertRaises(TimeoutError):
            other.accept()

    def test_an_encoded_answer_is_passed_on_as_it_is(self):
        bomb = b"\x1f\x8b" + b"\x00" * 10_000
        self.script.data, self.script.keep = answer(bomb, headers=["Content-Encoding: gzip, gzip"]), True
        with self.gateway.connect() as connection:
            response = self.ask(connection)
            self.assertEqual(response.body, bomb)
            self.assertEqual(response.headers["content-encoding"], "gzip, gzip")


if __name__ == "__main__":
    unittest.main()
