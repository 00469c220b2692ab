"""Clients that leave, or do not read: what they asked for is cancelled, and nobody else is held up."""

import random
import socket
import threading
import time
import unittest

from fault_world import nothing_is_left, resident_bytes
from gateway import Gateway, Response, chat, request
from process_world import wait_for
from upstream import CHAT, CHAT_ANSWER, STREAM_HEAD, Upstream, chunk, delta, event, reset


class ClientLeaves(unittest.TestCase):
    """F14."""

    def test_everybody_who_leaves_cancels_and_is_accounted_for(self):
        count, streaming = 150, threading.Event()
        cancelled = []

        def script(request, connection):
            connection.sendall(STREAM_HEAD)
            try:
                while True:
                    connection.sendall(chunk(event(delta("some words more"))))
                    time.sleep(0.02)
            except OSError:
                cancelled.append(request.json()["n"])
                raise

        with Upstream(script) as upstream, Gateway(upstream.address) as gateway:
            gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)
            files = gateway.open_files()
            connections = []
            for n in range(count):
                connection = gateway.connect()
                connection.sendall(request(chat(stream=True, n=n)))
                connections.append(connection)
            for connection in connections:
                data = b""
                while b"some words" not in data:
                    data += connection.recv(4096)
            for n, connection in enumerate(connections):
                if n % 3 == 0:
                    connection.close()
                elif n % 3 == 1:
                    reset(connection)
                else:
                    connection.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + 60
            while len(cancelled) < count and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertEqual(sorted(cancelled), list(range(count)))
            lines = gateway.log_lines(count)
            self.assertEqual(len(lines), count)
            for line in lines:
                self.assertTrue(line["cut"])
                self.assertEqual(line["usage_source"], "estimated")
                self.assertGreater(line["tokens_out"], 0)
            for connection in connections:
                connection.close()
            nothing_is_left(self, gateway, files)
            self.assertEqual(gateway.metric("headrace_downstream_cancelled_total"), count)

    def test_who_leaves_with_his_last_byte_pays_for_what_his_provider_has(self):
        whole = set()

        def script(request, connection):
            whole.add(request.all("x-request-id")[0])
            time.sleep(0.05)
            return False

        limits = """
tenants:
  - name: default
    limits: [{measure: tokens, per: total, value: 1000000000}]
"""
        rng = random.Random(11)
        count = 300
        with Upstream(script) as upstream, Gateway(upstream.address, extra=limits) as gateway:
            for n in range(count):
                connection = gateway.connect()
                connection.sendall(request(chat(max_tokens=9), headers=[f"X-Request-Id: left-with-the-last-byte-{n}"]))
                if n % 3 > 0:
                    time.sleep(rng.uniform(0, 0.001))
                if n % 6 == 5:  # for certain
                    wait_for(lambda: f"left-with-the-last-byte-{n}" in whole)
                connection.close()
            lines = gateway.log_lines(count)
            charged = {line["request_id"] for line in lines if line.get("tokens_in", 0) > 0}
            deadline = time.monotonic() + 60
            while charged != whole and time.monotonic() < deadline:
                time.sleep(0.05)  # its last bytes may still be on their way
            self.assertEqual(charged, whole)
            self.assertGreater(len(whole), count // 10)
            self.assertEqual(sum(line.get("tokens_in", 0) for line in lines), gateway.metric("headrace_tokens_charged_total"))

    def test_leaving_at_every_byte_of_a_request_leaves_nothing(self):
        data = request(chat())
        with Upstream() as upstream, Gateway(upstream.address) as gateway:
            with gateway.connect() as connection:
                connection.sendall(data)
                Response(connection)
            gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)
            files = gateway.open_files()
            for i in range(len(data) + 1):
                connection = gateway.connect()
                connection.sendall(data[:i])
                reset(connection) if i % 2 else connection.close()
            nothing_is_left(self, gateway, files + 1)  # a kept connection more
            with gateway.connect() as connection:
                connection.sendall(data)
                self.assertEqual(Response(connection).json(), CHAT)

    def test_one_who_does_not_read_holds_nobody_else_up(self):
        def script(request, connection):
            if request.json().get("much"):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 100000000\r\n\r\n")
                for _ in range(1000):
                    connection.sendall(b"x" * 100_000)
            else:
                connection.sendall(CHAT_ANSWER)

        with Upstream(script) as upstream, Gateway(upstream.address, io="  small_buffers: 64\n  bulk_buffers: 2\n") as gateway:
            before = resident_bytes(gateway.process.pid)
            lazy = []
            for _ in range(12):
                connection = gateway.connect()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.sendall(request(chat(much=True)))
                lazy.append(connection)
            with gateway.connect() as connection:
                for _ in range(100):
                    connection.sendall(request(chat()))
                    self.assertEqual(Response(connection).json(), CHAT)
            self.assertLess((resident_bytes(gateway.process.pid) - before) / len(lazy), 256 << 10)
            for connection in lazy:
                connection.close()


if __name__ == "__main__":
    unittest.main()
