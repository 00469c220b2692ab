"""Clients that drip, say nothing or do not read: each has its time, and nobody else waits."""

import socket
import threading
import unittest

from clients import BODY, Clients
from gateway import Response, chat, read_to_end, request


class SlowClients(Clients):
    @staticmethod
    def extra():
        return "http:\n  head_timeout_ms: 500\n  keep_alive_timeout_ms: 600\n  rate_grace_ms: 400\n  send_bytes_per_second_min: 100000\n"

    def test_a_head_has_one_deadline_however_it_drips(self):
        crowd = [self.gateway.connect() for _ in range(200)]
        for connection in crowd:
            connection.sendall(b"POST /v1/chat")
        stop = threading.Event()

        def drip():
            while not stop.is_set():
                for connection in crowd:
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        pass
                stop.wait(0.05)

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            for _ in range(20):  # everybody else is served meanwhile
                self.assertEqual(self.ask(request(BODY)).status, 200)
            for connection in crowd:
                answered = read_to_end(connection)
                self.assertIn(answered[:12], (b"HTTP/1.1 408", b""))
        finally:
            stop.set()
            dripping.join()
            for connection in crowd:
                connection.close()
        self.gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)

    def test_who_says_nothing_is_closed(self):
        with self.gateway.connect() as fresh, self.gateway.connect() as kept:
            kept.sendall(request(BODY))
            self.assertEqual(Response(kept).status, 200)
            self.assertEqual(fresh.recv(1), b"")
            self.assertEqual(kept.recv(1), b"")

    def test_a_second_head_that_drips_has_its_deadline_too(self):
        with self.gateway.connect() as connection:
            connection.sendall(request(BODY))
            self.assertEqual(Response(connection).status, 200)
            connection.sendall(b"P")
            self.assertIn(read_to_end(connection)[:12], (b"HTTP/1.1 408", b""))

    def test_who_reads_too_slowly_is_cut_off(self):
        closed = threading.Event()

        def script(request, connection):
            head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 200000000\r\n\r\n"
            try:
                connection.sendall(head)
                for _ in range(2000):
                    connection.sendall(b"x" * 100_000)
            except OSError:
                closed.set()
                raise

        self.script = script
        with self.gateway.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(request(None, path="/v1/audio/x", headers=["Content-Length: 0"]))
            self.assertTrue(closed.wait(60), "a reader who does not read holds its provider for ever")
            self.gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)
            self.assertEqual(self.ask(request(chat(model="none"))).status, 404)


if __name__ == "__main__":
    unittest.main()
