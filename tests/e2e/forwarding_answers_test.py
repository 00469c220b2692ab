"""What comes back of a provider's answer, and of what is none."""

import json
import unittest

from forwarding_world import Forwarded
from gateway import Gateway, Response, chat, request
from upstream import CHAT, CHAT_ANSWER, Upstream, answer, chunk, reset

HOSTILE = [
    ("HTTP/0.9", b"hello there\r\n\r\n"),
    ("length and chunked", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    ("a length that overflows", b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\nhello"),
    ("switching protocols", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
    ("no colon", b"HTTP/1.1 200 OK\r\nnothing\r\nContent-Length: 0\r\n\r\n"),
    ("space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"),
    ("a folded line", b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"),
    ("a NUL", b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n"),
    ("a bare CR", b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n"),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    ("an unknown coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx"),
    ("a huge head", b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 900) for i in range(60)) + b"\r\n"),
]


class ForwardingAnswers(Forwarded):
    def test_http_1_0_clients_get_answers_they_understand(self):
        def chunked(request, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(json.dumps(CHAT).encode()) + b"0\r\n\r\n")

        self.script = chunked
        response = self.ask(request(chat(), version="1.0"))
        self.assertEqual(response.json()["usage"]["total_tokens"], 18)
        self.assertNotIn("transfer-encoding", response.headers)

    def test_usage_is_read_by_its_place_only(self):
        self.assertEqual(self.ask(request(chat())).json(), CHAT)
        line = self.gateway.log_lines(1)[0]
        self.assertEqual((line["tokens_in"], line["tokens_out"], line["usage_source"]), (11, 7, "provider"))

    def test_usage_is_read_however_the_type_is_written(self):
        body = json.dumps(CHAT).encode()
        types = ("Application/JSON", "application/json; charset=utf-8", "APPLICATION/JSON ;x=y")
        for kind in types:
            self.script = lambda request, connection: connection.sendall(answer(body, content_type=kind, headers=["Content-Encoding: identity"]))
            self.assertEqual(self.ask(request(chat())).json(), CHAT)
        self.script = lambda request, connection: connection.sendall(answer(body, content_type="application/jsonish"))
        self.ask(request(chat()))
        lines = self.gateway.log_lines(len(types) + 1)
        self.assertEqual([line.get("tokens_in") for line in lines], [11] * len(types) + [None])

    def test_requests_reuse_the_upstream_connection(self):
        with self.gateway.connect() as connection:
            for _ in range(50):
                self.assertEqual(self.ask(request(chat()), connection).status, 200)
        self.assertEqual(self.upstream.connections, 1)

    def test_a_dead_kept_connection_costs_no_request(self):
        def once(request, connection):
            connection.sendall(CHAT_ANSWER)
            return False  # kept by what was said, closed all the same

        self.script = once
        with self.gateway.connect() as connection:
            for _ in range(20):
                self.assertEqual(self.ask(request(chat()), connection).status, 200)

    def test_bytes_behind_an_answer_never_meet_the_next_request(self):
        poison = answer(b'{"stolen":true}')
        self.script = lambda request, connection: connection.sendall(CHAT_ANSWER + poison)
        with self.gateway.connect() as connection:
            for _ in range(10):
                response = self.ask(request(chat()), connection)
                self.assertNotIn(b"stolen", response.body)
                self.assertEqual(response.rest, b"")

    def test_an_upstream_that_is_away_gives_502(self):
        self.script = lambda request, connection: reset(connection)
        response = self.ask(request(chat()))
        self.assertEqual(response.status, 502)
        self.assertNotIn(self.upstream.address, response.body.decode())


class HostileUpstream(unittest.TestCase):
    def test_answers_that_are_not_http_become_502(self):
        current = [b""]

        def script(request, connection):
            data = current[0]
            if one_byte[0]:
                for i in range(len(data)):
                    connection.sendall(data[i : i + 1])
            else:
                connection.sendall(data)
            return False

        one_byte = [False]
        with Upstream(script) as upstream, Gateway(upstream.address) as gateway:
            for what, data in HOSTILE:
                for one_byte[0] in (False, True) if len(data) < 4000 else (False,):
                    with self.subTest(what=what, one_byte=one_byte[0]), gateway.connect() as connection:
                        current[0] = data
                        connection.sendall(request(chat()))
                        response = Response(connection)
                        self.assertEqual(response.status, 502)
                        self.assertTrue(response.whole)
                        # The client's connection is sound: it goes on.
                        current[0] = CHAT_ANSWER
                        connection.sendall(request(chat()))
                        self.assertEqual(Response(connection).status, 200)

    def test_a_broken_body_stays_visibly_incomplete(self):
        pieces = {
            "too short": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\nhello",
            "chunked, cut": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "a bad chunk": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
        }
        current = [b""]

        def script(request, connection):
            connection.sendall(current[0])
            return False

        with Upstream(script) as upstream, Gateway(upstream.address) as gateway:
            for what, current[0] in pieces.items():
                with self.subTest(what=what), gateway.connect() as connection:
                    connection.sendall(request(chat()))
                    response = Response(connection)
                    self.assertEqual(response.status, 200)
                    self.assertFalse(response.whole)
                    self.assertEqual(response.body[:5], b"hello")


if __name__ == "__main__":
    unittest.main()
