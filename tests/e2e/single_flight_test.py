"""Of those who ask the same at one time one fetches, and all are answered; across shards, too."""

import threading
import time
import unittest

from cache_world import OTHER_KEY, Caching, CachingGateway
from gateway import KEY, Response
from upstream import CHAT_ANSWER, FINISH, STREAM_HEAD, answer, chunk, delta, event


class Flights(Caching):
    """Several requests for the same answer at the same time: each call of the provider's waits until
    it is let go on."""

    def setUp(self):
        super().setUp()
        self.go_on = threading.Semaphore(0)
        self.answers = []

        def script(request, connection):
            mine = self.answers[len(self.upstream.requests) - 1]
            self.go_on.acquire()
            connection.sendall(mine)

        self.script = script

    def wait_asked(self, count):
        deadline = time.monotonic() + 60
        while self.asked() < count and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(self.asked(), count)

    def wait_in_flight(self, count):
        self.gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == count)


class SingleFlight(Flights):
    def test_one_fetches_and_all_are_answered(self):
        self.answers = [CHAT_ANSWER]
        connections = [self.open() for _ in range(8)]
        self.wait_asked(1)
        self.wait_in_flight(9)  # and this very look at the metrics
        self.go_on.release()
        said = sorted(Response(each).headers["x-cache"] for each in connections)
        self.assertEqual(said, ["HIT"] * 7 + ["MISS"])
        self.assertEqual(self.asked(), 1)
        self.assertEqual(self.gateway.metric("headrace_cache_coalesced_total"), 7)

    def test_other_tenants_fetch_their_own(self):
        self.answers = [CHAT_ANSWER] * 2
        connections = [self.open(key=key) for key in (KEY, OTHER_KEY) for _ in range(3)]
        self.wait_asked(2)
        self.wait_in_flight(7)
        for _ in range(2):
            self.go_on.release()
        said = sorted(Response(each).headers["x-cache"] for each in connections)
        self.assertEqual(said, ["HIT"] * 4 + ["MISS"] * 2)
        self.assertEqual(self.asked(), 2)

    def test_a_failure_is_not_shared_the_next_one_fetches(self):
        failed = answer(b'{"error":{"message":"x"}}', status="500 Internal Server Error")
        self.answers = [failed, CHAT_ANSWER]
        connections = [self.open() for _ in range(4)]
        self.wait_asked(1)
        self.wait_in_flight(5)
        self.go_on.release()
        self.wait_asked(2)
        self.go_on.release()
        said = sorted((r.status, r.headers["x-cache"]) for r in map(Response, connections))
        self.assertEqual(said, [(200, "HIT"), (200, "HIT"), (200, "MISS"), (500, "MISS")])

    def test_the_call_goes_on_when_the_one_who_made_it_leaves(self):
        self.answers = [CHAT_ANSWER]
        first = self.open()
        self.wait_asked(1)
        others = [self.open() for _ in range(3)]
        self.wait_in_flight(5)
        first.close()
        self.gateway.wait_for_metric("headrace_downstream_cancelled_total", lambda value: value == 1)
        self.go_on.release()
        self.assertEqual([Response(each).headers["x-cache"] for each in others], ["HIT"] * 3)
        self.assertEqual(self.asked(), 1)
        lines = self.gateway.log_lines(4)
        left = [line for line in lines if line["status"] == 499]
        self.assertEqual(len(left), 1)
        self.assertEqual((left[0]["tokens_in"], left[0]["tokens_out"]), (11, 7), "it pays all the same")
        self.gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)

    def test_the_call_ends_when_nobody_wants_it_any_more(self):
        self.answers = [CHAT_ANSWER]
        first = self.open()
        self.wait_asked(1)
        other = self.open()
        self.wait_in_flight(3)
        first.close()
        self.gateway.wait_for_metric("headrace_downstream_cancelled_total", lambda value: value == 1)
        self.assertFalse(self.upstream.closed_by_peer.is_set())
        other.close()
        self.gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)
        self.gateway.wait_for_metric("headrace_upstream_connections", lambda value: value == 0)
        self.go_on.release()
        self.assertEqual(self.gateway.metric("headrace_cache_entries"), 0)

    def test_streams_are_fetched_for_many_too(self):
        events = [delta("a"), FINISH, b"[DONE]"]
        self.answers = [STREAM_HEAD + b"".join(chunk(event(each)) for each in events) + b"0\r\n\r\n"]
        connections = [self.open(stream=True) for _ in range(3)]
        self.wait_asked(1)
        self.wait_in_flight(4)
        self.go_on.release()
        for each in connections:
            self.assertEqual(Response(each).body, b"".join(event(one) for one in events))
        self.assertEqual(self.asked(), 1)


class SingleFlightAcrossShards(SingleFlight):
    shards = 3


class WaitingEnds(Flights):
    class gateway_class(CachingGateway):
        route_cache = "mode: always, wait_ms: 300"

    def test_who_has_waited_long_enough_fetches_its_own(self):
        self.answers = [CHAT_ANSWER] * 2
        connections = [self.open(headers=()) for _ in range(2)]
        self.wait_asked(2)
        for _ in range(2):
            self.go_on.release()
        self.assertEqual([Response(each).headers["x-cache"] for each in connections], ["MISS"] * 2)


if __name__ == "__main__":
    unittest.main()
