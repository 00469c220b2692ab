"""What a usage record says of how its request ended: the client's doing, the provider's, or ours."""

import signal
import socket
import threading
import time
import unittest

from accounted_gateway import Accounted
from gateway import Response, chat, request
from upstream import STREAM_HEAD, Upstream, chunk, delta, event, held_stream, reset, unheeding_stream

WORDS = [event(delta("word"))] * 2000


def until_nobody_takes_them(connection, head, piece, count):
    try:
        connection.sendall(head)
        for _ in range(count):
            connection.sendall(piece)
    except OSError:
        pass
    return False


class Endings(unittest.TestCase):
    def ending_of(self, script, converse, **settings):
        """The one record's, and what was counted of clients that left or were too slow."""
        with Upstream(script) as upstream, Accounted(upstream.address, **settings) as gateway:
            with gateway.connect() as connection:
                connection.sendall(request(chat(stream=True)))
                converse(connection)
            (record,) = gateway.records(1)
            self.left = gateway.metric("headrace_downstream_cancelled_total")
            self.too_slow = gateway.metric("headrace_downstream_too_slow_total")
        self.assertEqual(record["status"], 200)
        self.assertEqual(record["usage"]["source"], "estimated")
        return record["ending"]

    def test_who_really_leaves_has_left(self):
        for leave in (reset, socket.socket.close, lambda connection: connection.shutdown(socket.SHUT_WR)):

            def converse(connection):
                connection.recv(1)
                leave(connection)
                time.sleep(0.5)

            with self.subTest(leave=leave):
                self.assertEqual(self.ending_of(unheeding_stream(WORDS, pause=0.005), converse), "client_left")
                self.assertEqual((self.left, self.too_slow), (1, 0))

    def test_a_stream_that_its_provider_breaks_off_is_broken(self):
        def script(_, connection):
            connection.sendall(STREAM_HEAD + chunk(WORDS[0]))
            reset(connection)

        self.assertEqual(self.ending_of(script, Response), "broken")

    def test_a_stream_of_which_an_event_is_too_large_was_ended_for_that(self):
        ending = self.ending_of(
            lambda _, connection: until_nobody_takes_them(connection, STREAM_HEAD + chunk(b"data: "), chunk(b"x" * 4096), 200),
            Response, extra="http:\n  event_bytes_max: 64KiB\n")
        self.assertEqual((ending, self.left), ("event_too_large", 0))

    def test_a_provider_whose_time_is_over_was_given_up(self):
        go_on = threading.Event()
        ending = self.ending_of(held_stream(go_on, "one"), Response, provider="    gap_timeout_ms: 300\n")
        go_on.set()
        self.assertEqual((ending, self.left), ("timed_out", 0))

    def test_who_takes_nothing_did_not_leave(self):
        closed = threading.Event()

        def script(_, connection):
            until_nobody_takes_them(connection, STREAM_HEAD, chunk(event(delta("x" * 50_000))), 2000)
            closed.set()
            return False

        def converse(connection):
            self.assertTrue(closed.wait(60))

        ending = self.ending_of(script, converse, extra="http:\n  rate_grace_ms: 300\n  send_bytes_per_second_min: 100000\n")
        self.assertEqual((ending, self.left, self.too_slow), ("client_too_slow", 0, 1))

    def test_what_the_process_does_not_wait_for_was_shut_down(self):
        go_on = threading.Event()
        with Upstream(held_stream(go_on, "one")) as upstream, \
                Accounted(upstream.address, extra="http:\n  drain_grace_ms: 200\n") as gateway:
            with gateway.connect() as connection:
                connection.sendall(request(chat(stream=True)))
                connection.recv(1)
                gateway.signal(signal.SIGTERM)
                self.assertEqual(gateway.process.wait(60), 0)
            go_on.set()
            (record,) = gateway.records(1)
            self.assertEqual((record["ending"], record["usage"]["source"]), ("shutdown", "estimated"))

    def test_a_stream_beyond_its_limit_was_cut(self):
        ending = self.ending_of(unheeding_stream(WORDS), Response,
                                key_limits="{measure: tokens, per: day, value: 200, name: day}")
        self.assertEqual((ending, self.left), ("cut", 0))


if __name__ == "__main__":
    unittest.main()
