"""Hedges: a second call to another target while the first provider is silent. Two providers whose
scripts say who is slow; counts decide which of them the client heard, and what became of the other."""

import json
import re
import threading
import time
import unittest

from calm import within
from gateway import Response, chat, request
from governed_gateway import Governed
from mock import Mock
from resilience_world import QUICK, Scripted, ask, error
from upstream import CHAT, CHAT_ANSWER, STREAM_HEAD, answer, chunk, delta, event

HEDGED = "defaults: {hedge: {after_ms: 100}}"  # the route with one target has none
FROM_SECOND = answer(json.dumps({**CHAT, "id": "second"}).encode())


def tries_of(line):
    return re.sub(r" \d+ms| ~\d+ micro-USD", "", line["tries"])


class Hedges(Scripted):
    def held(self, said=CHAT_ANSWER):
        """A provider that answers when it is let, or hears that nobody waits for it any more."""
        go_on = self.go_on = threading.Event()
        cancelled = self.cancelled = threading.Event()

        def script(connection):
            connection.settimeout(0.02)
            while not go_on.is_set():
                try:
                    if connection.recv(1) == b"":
                        cancelled.set()
                        return False
                except TimeoutError:
                    continue
            connection.settimeout(None)
            connection.sendall(said)
            return True

        return script

    def nothing_is_left(self, gateway):
        gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)
        gateway.wait_for_metric("headrace_streams_open", lambda value: value == 0)

    def test_the_second_answers_while_the_first_is_silent_and_the_first_is_cancelled(self):
        gateway = self.gateway(extra=HEDGED)
        self.scripts["first"], self.scripts["second"] = [self.held()], [FROM_SECOND]
        response = ask(gateway)
        self.assertEqual((response.status, response.json()["id"]), (200, "second"))
        self.assertTrue(self.cancelled.wait(60))
        # Each was asked in its own words.
        self.assertEqual(self.upstreams["first"].requests[0].json()["model"], "one")
        sent = self.upstreams["second"].requests[0]
        self.assertEqual((sent.json()["model"], sent.all("content-length")), ("two", [str(len(sent.body))]))
        self.assertEqual(tries_of(gateway.log_lines(1)[0]), "first 0 beaten; second 200 answered")
        self.assertEqual(gateway.metric("headrace_hedges_total"), 1)
        self.assertEqual(gateway.metric("headrace_hedges_won_total"), 1)
        self.assertEqual(gateway.metric("headrace_retries_total"), 0)
        self.nothing_is_left(gateway)

    def test_both_calls_take_of_their_targets_limits_and_the_beaten_one_gives_back(self):
        limited = "breaker: {failures: 0}\n    limits: [{measure: concurrent, value: 1}, {measure: requests, per: hour, value: 3}]"
        gateway = self.gateway(extra=HEDGED, breaker=limited)
        for count in range(1, 4):
            self.scripts["first"], self.scripts["second"] = [self.held()], [FROM_SECOND]
            response = ask(gateway)
            self.assertEqual((response.status, response.json()["id"]), (200, "second"))
            self.assertTrue(self.cancelled.wait(60))
            self.assertEqual((self.seen("first"), self.seen("second")), (count, count))
        # Both providers have been asked three times: neither has room for a fourth request.
        self.assertEqual(ask(gateway).status, 429)
        self.assertEqual(gateway.metric("headrace_hedges_won_total"), 3)
        self.nothing_is_left(gateway)

    def test_a_second_target_without_room_is_no_end_of_the_first_call(self):
        limited = "breaker: {failures: 0}\n    limits: [{measure: concurrent, value: 1}]"
        gateway = self.gateway(extra=HEDGED, breaker=limited)
        # One request holds the first target and, by its hedge, the second one.
        both, let_both = self.held(), self.go_on
        self.scripts["first"], self.scripts["second"] = [both], [both]
        with gateway.connect() as connection, gateway.connect() as other:
            connection.sendall(request(chat(model="both")))
            self.wait_for(lambda: self.seen("second") == 1)
            other.sendall(request(chat(model="both")))
            self.assertEqual(Response(other).status, 429)
            let_both.set()
            self.assertEqual(Response(connection).json(), CHAT)
        # A request whose first target is silent, and whose second one is taken, waits for the first.
        busy, let_busy = self.held(), self.go_on
        self.scripts["first"], self.scripts["second"] = [error("500 Internal Server Error")], [busy]
        with gateway.connect() as connection, gateway.connect() as other:
            connection.sendall(request(chat(model="both")))
            self.wait_for(lambda: self.seen("second") == 2)
            silent, let_silent = self.held(), self.go_on
            self.scripts["first"] = [silent]
            other.sendall(request(chat(model="both")))
            self.wait_for(lambda: self.seen("first") == 3)
            gateway.wait_for_metric("headrace_hedges_without_room_total", lambda value: value == 1)
            self.assertEqual(self.seen("second"), 2)
            let_silent.set()
            self.assertEqual(Response(other).json(), CHAT)
            let_busy.set()
            self.assertEqual(Response(connection).json(), CHAT)
        self.assertEqual(gateway.metric("headrace_hedges_without_room_total"), 1)
        self.assertEqual(gateway.metric("headrace_refused_by_concurrency_limit_total"), 1, "the one of above")
        self.nothing_is_left(gateway)

    def test_the_first_may_still_win(self):
        gateway = self.gateway(extra=HEDGED)
        first, go_on = self.held(), self.go_on
        second, cancelled = self.held(), self.cancelled
        self.scripts["first"], self.scripts["second"] = [first], [second]
        with gateway.connect() as connection:
            connection.sendall(request(chat(model="both")))
            gateway.wait_for_metric("headrace_hedges_total", lambda value: value == 1)
            self.wait_for(lambda: self.seen("second") == 1)
            go_on.set()
            self.assertEqual(Response(connection).json(), CHAT)
        self.assertTrue(cancelled.wait(60))
        self.assertEqual(tries_of(gateway.log_lines(1)[0]), "first 200 answered; second 0 beaten")
        self.assertEqual(gateway.metric("headrace_hedges_won_total"), 0)
        self.nothing_is_left(gateway)

    def test_one_that_fails_leaves_the_other_to_go_on_and_nothing_is_sent_a_third_time(self):
        for failure in (error("500 Internal Server Error"), error("429 Too Many Requests"), b"nonsense\r\n\r\n"):
            with self.subTest(failure=failure[:30]):
                gateway = self.gateway(extra=HEDGED)
                for upstream in self.upstreams.values():
                    upstream.requests.clear()
                # The hedge fails: the first is still waited for.
                self.scripts["first"], self.scripts["second"] = [self.held()], [failure]
                with gateway.connect() as connection:
                    connection.sendall(request(chat(model="both")))
                    self.wait_for(lambda: self.seen("second") == 1)
                    time.sleep(0.1)
                    self.go_on.set()
                    self.assertEqual(Response(connection).json(), CHAT)
                self.assertEqual((self.seen("first"), self.seen("second")), (1, 1))
                # The first fails: the hedge is what it would have been sent again as. To another gateway: this
                # one rests a key that has met a 429.
                self.nothing_is_left(gateway)
                gateway = self.gateway(extra=HEDGED)
                held = self.held(FROM_SECOND)
                fails = threading.Event()
                self.scripts["first"] = [lambda connection, fails=fails: (fails.wait(120), connection.sendall(failure), False)[-1]]
                self.scripts["second"] = [held]
                with gateway.connect() as connection:
                    connection.sendall(request(chat(model="both")))
                    self.wait_for(lambda: self.seen("second") == 2)
                    fails.set()
                    time.sleep(0.1)
                    self.go_on.set()
                    self.assertEqual(Response(connection).json()["id"], "second")
                self.assertEqual((self.seen("first"), self.seen("second")), (2, 2))
                self.nothing_is_left(gateway)

    def test_a_head_in_pieces_is_no_answer_until_it_says_what_it_is(self):
        for said, heard, tries in ((error("503 Service Unavailable"), "second", "first 503 overloaded; second 200 answered"),
                                   (CHAT_ANSWER, CHAT["id"], "first 200 answered; second 0 beaten")):
            with self.subTest(said=said[:20]):
                gateway = self.gateway(extra=HEDGED)
                for upstream in self.upstreams.values():
                    upstream.requests.clear()
                speaks, has_begun, goes_on = threading.Event(), threading.Event(), threading.Event()

                def script(connection, said=said, speaks=speaks, has_begun=has_begun, goes_on=goes_on):
                    speaks.wait(120)
                    for at in range(len(said)):
                        connection.sendall(said[at : at + 1])
                        time.sleep(0.001)
                        if at == 20:
                            has_begun.set()
                            goes_on.wait(120)
                    return False

                self.scripts["first"], self.scripts["second"] = [script], [self.held(FROM_SECOND)]
                with gateway.connect() as connection:
                    connection.sendall(request(chat(model="both")))
                    self.wait_for(lambda: self.seen("second") == 1)
                    speaks.set()
                    self.assertTrue(has_begun.wait(60))
                    self.assertFalse(self.cancelled.wait(0.2), "by a few bytes that may be those of a failure")
                    goes_on.set()
                    if heard == "second":
                        time.sleep(0.3)  # the failure has come
                        self.go_on.set()
                    self.assertEqual(Response(connection).json()["id"], heard)
                self.assertEqual(self.cancelled.wait(60 if heard != "second" else 0), heard != "second")
                self.assertEqual((self.seen("first"), self.seen("second")), (1, 1))
                self.assertEqual(tries_of(gateway.log_lines(1)[0]), tries)
                self.nothing_is_left(gateway)

    def test_a_silent_provider_that_hangs_up_leaves_the_other_to_go_on(self):
        gateway = self.gateway(extra=HEDGED)
        hangs_up = threading.Event()
        self.scripts["first"] = [lambda connection: (hangs_up.wait(120), False)[-1]]
        self.scripts["second"] = [self.held(FROM_SECOND)]
        with gateway.connect() as connection:
            connection.sendall(request(chat(model="both")))
            self.wait_for(lambda: self.seen("second") == 1)
            hangs_up.set()
            gateway.wait_for_metric("headrace_upstream_failures_total", lambda value: value == 1)
            self.go_on.set()
            self.assertEqual(Response(connection).json()["id"], "second")
        self.assertEqual((self.seen("first"), self.seen("second")), (1, 1))
        self.assertRegex(tries_of(gateway.log_lines(1)[0]), "^first 0 .*; second 200 answered$")
        self.nothing_is_left(gateway)

    def test_a_refusal_that_is_the_clients_own_fault_wins(self):
        gateway = self.gateway(extra=HEDGED)
        self.scripts["first"], self.scripts["second"] = [self.held()], [error("422 Unprocessable Content")]
        self.assertEqual(ask(gateway).status, 422)
        self.assertTrue(self.cancelled.wait(60))

    def test_when_both_fail_the_client_hears_of_the_last(self):
        gateway = self.gateway(route=QUICK.replace("tries: 3", "tries: 2"), extra=HEDGED)
        asked = 0

        def both_fail():
            nonlocal asked
            asked += 1
            fails = threading.Event()
            self.scripts["first"] = [lambda connection: (fails.wait(120), connection.sendall(error("500 Internal Server Error")))[-1]]
            self.scripts["second"] = [error("503 Service Unavailable")]
            with gateway.connect() as connection:
                connection.sendall(request(chat(model="both")))
                self.wait_for(lambda: self.seen("second") == asked)
                time.sleep(0.1)  # for the gateway to hear of it
                fails.set()
                response = Response(connection)
            line = gateway.log_lines(asked)[-1]
            self.assertEqual((response.status, response.headers["x-should-retry"]), (500, "false"))
            self.assertEqual(tries_of(line), "first 500 server_error; second 503 overloaded")

        within(0.3, both_fail)

    def test_a_stream_comes_from_one_of_them_alone(self):
        gateway = self.gateway(route=QUICK + "\n    comment_interval_ms: 60", extra=HEDGED)
        stream = STREAM_HEAD + chunk(event(delta("a"))) + chunk(event(b"[DONE]")) + b"0\r\n\r\n"
        self.scripts["first"], self.scripts["second"] = [self.held()], [lambda connection: (time.sleep(0.1), connection.sendall(stream))[-1]]
        response = ask(gateway, stream=True)
        self.assertEqual((response.status, response.whole), (200, True))
        said = response.body.replace(b": keep-alive\n\n", b"")
        self.assertEqual(said, event(delta("a")) + event(b"[DONE]"))
        self.assertTrue(self.cancelled.wait(60))
        self.nothing_is_left(gateway)

    def test_a_client_that_leaves_cancels_both(self):
        gateway = self.gateway(extra=HEDGED)
        first, first_cancelled = self.held(), self.cancelled
        second, second_cancelled = self.held(), self.cancelled
        self.scripts["first"], self.scripts["second"] = [first], [second]
        with gateway.connect() as connection:
            connection.sendall(request(chat(model="both")))
            self.wait_for(lambda: self.seen("second") == 1)
        self.assertTrue(first_cancelled.wait(60))
        self.assertTrue(second_cancelled.wait(60))
        self.assertEqual(gateway.log_lines(1)[0]["status"], 499)
        self.nothing_is_left(gateway)

    def test_the_routes_budget_for_retries_bounds_hedges_too(self):
        route = "retry: {tries: 3, base_ms: 1, max_ms: 1, budget_percent: 0, budget_burst: 2}"
        gateway = self.gateway(route=route, extra="defaults: {hedge: {after_ms: 20}}")
        slow = lambda connection: (time.sleep(0.1), connection.sendall(CHAT_ANSWER))[-1]
        self.scripts["first"] = [slow] * 30
        self.scripts["second"] = [slow] * 30
        begun = time.monotonic()
        for _ in range(20):
            self.assertEqual(ask(gateway).status, 200)
        allowed = 2 + 1 + int(time.monotonic() - begun)
        self.assertLessEqual(gateway.metric("headrace_hedges_total"), allowed)
        self.assertGreater(gateway.metric("headrace_retries_denied_total"), 0)

    def test_who_must_not_be_asked_twice_is_not(self):
        gateway = self.gateway(route=QUICK)
        slow = lambda connection: (time.sleep(0.3), connection.sendall(CHAT_ANSWER))[-1]
        self.scripts["first"] = [slow] * 3
        self.assertEqual(ask(gateway).status, 200)  # off by default
        hedged = self.gateway(extra=HEDGED)
        self.assertEqual(ask(hedged, "alone").status, 200)  # nowhere to go
        patient = self.gateway(extra=HEDGED.replace("100", "20000"))
        self.assertEqual(ask(patient).status, 200)  # no need
        self.assertEqual(self.seen("second"), 0)


class Cost(unittest.TestCase):
    """Who pays for the call that was beaten: the mock is slow at one place, quick at the other."""

    def ask_slow_and_quick(self, lost_attempts):
        slow = self.enterContext(Mock("--latency", "60000ms"))
        quick = self.enterContext(Mock("--answer-tokens", "5"))
        gateway = self.enterContext(Governed(slow.address, quick.address, hedge="after_ms: 100", lost_attempts=lost_attempts))
        begun = time.monotonic()
        response = gateway.ask(chat(model="both"))
        self.assertEqual(response.status, 200)
        self.assertLess(time.monotonic() - begun, 50)
        (record,) = gateway.records(1)
        first, second = record["attempts"]
        self.assertEqual((first["provider"], first.get("status", 0), first["failure"]), ("first", 0, "beaten"))
        self.assertEqual((second["provider"], second["status"]), ("second", 200))
        self.assertEqual((record["provider"], record["ending"]), ("second", "answered"))
        self.assertGreater(first["cost_micro_usd"], 0)
        usage = response.json()["usage"]
        self.assertEqual(gateway.metric("headrace_cost_micro_usd_total"), record["cost_micro_usd"])
        self.assertEqual(gateway.metric("headrace_tokens_charged_total"), gateway.used()["tokens"])
        tokens_lost = gateway.used()["tokens"] - usage["prompt_tokens"] - usage["completion_tokens"]
        return record["cost_micro_usd"] - usage["prompt_tokens"] - 2 * usage["completion_tokens"], first["cost_micro_usd"], tokens_lost

    def test_it_is_absorbed_or_charged_as_the_route_says(self):
        charged, _, tokens = self.ask_slow_and_quick("absorbed")
        self.assertEqual((charged, tokens), (0, 0))
        charged, lost, tokens = self.ask_slow_and_quick("charged")
        self.assertEqual((charged, tokens), (lost, lost))  # a micro-USD each


if __name__ == "__main__":
    unittest.main()
