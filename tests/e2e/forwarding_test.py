"""What reaches the provider of a request: its body as it came, however it came."""

import json
import unittest

from forwarding_world import Forwarded
from gateway import Response, chat, request
from upstream import answer, chunk


class Forwarding(Forwarded):
    def test_the_body_arrives_untouched(self):
        body = json.dumps({"model": "gpt-4o", "unknown": [1e5, None, {"ü": "\U0001f600"}], "messages": []}).encode()
        self.assertEqual(self.ask(request(body)).status, 200)
        self.assertEqual(self.upstream.requests[0].body, body)

    def test_large_bodies_arrive_whole(self):
        for size in (5_000, 70_000, 400_000, 3_000_000):
            body = chat(padding="x" * size)
            with self.subTest(size=size):
                self.assertEqual(self.ask(request(body)).status, 200)
                self.assertEqual(self.upstream.requests[-1].body, body)

    def test_a_chunked_body_arrives_with_a_length(self):
        body = chat(padding="y" * 50_000)
        pieces = b"".join(chunk(body[i : i + 777]) for i in range(0, len(body), 777)) + b"0\r\n\r\n"
        head = request(None, headers=["Transfer-Encoding: chunked", "Content-Type: application/json"])
        self.assertEqual(self.ask(head + pieces).status, 200)
        self.assertEqual(self.upstream.requests[0].body, body)
        self.assertEqual(self.upstream.requests[0].all("content-length"), [str(len(body))])

    def test_a_body_in_single_bytes_arrives_whole(self):
        data = request(chat())
        with self.gateway.connect() as connection:
            for i in range(len(data)):
                connection.sendall(data[i : i + 1])
            self.assertEqual(Response(connection).status, 200)
        self.assertEqual(self.upstream.requests[0].body, chat())

    def test_a_model_is_renamed_in_the_body_only_there(self):
        body = b'{"messages":[{"role":"user","content":"\\"model\\":\\"renamed\\""}], "model" : "renamed", "x":{"model":"renamed"}}'
        self.assertEqual(self.ask(request(body)).status, 200)
        self.assertEqual(self.upstream.requests[0].body, body.replace(b'"model" : "renamed"', b'"model" : "gpt-4o"'))

    def test_pipelined_requests_are_answered_in_order(self):
        def echo(request, connection):
            connection.sendall(answer(json.dumps({"seen": request.json()["n"]}).encode()))

        self.script = echo
        with self.gateway.connect() as connection:
            connection.sendall(b"".join(request(chat(n=i)) for i in range(20)))
            buffered = b""
            for i in range(20):
                response = Response(connection, buffered)
                buffered = response.rest
                self.assertEqual(response.json()["seen"], i)

    def test_expect_continue_is_answered_before_the_body(self):
        body = chat()
        with self.gateway.connect() as connection:
            head = request(body, headers=["Expect: 100-continue"])[: -len(body)]
            connection.sendall(head)
            self.assertEqual(Response(connection).status, 100)
            connection.sendall(body)
            self.assertEqual(Response(connection).status, 200)


if __name__ == "__main__":
    unittest.main()
