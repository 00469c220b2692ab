"""Getting past what fails: retries, fail-over, the time that all of it may take. Counts decide."""

import json
import re
import socket
import threading
import time
import unittest

from calm import within
from gateway import Response, chat, request
from resilience_world import FIRST_KEY, QUICK, Pair, Scripted, ask, error
from upstream import CHAT, STREAM_HEAD, chunk, delta, event, reset


def dies(connection):
    reset(connection)
    return False


def stalls(connection):
    connection.recv(1)  # until it is given up
    return False


class Retries(Scripted):
    def test_a_failure_goes_on_to_the_next_target_with_its_own_model_and_credential(self):
        gateway = self.gateway(patience_ms=1000)
        for name, failure in {
            "500": error("500 Internal Server Error"),
            "503": error("503 Service Unavailable"),
            "529": error("529 Overloaded"),
            "reset": dies,
            "not HTTP": b"nonsense\r\n\r\n",
            "silence": stalls,
        }.items():
            with self.subTest(failure=name):
                for upstream in self.upstreams.values():
                    upstream.requests.clear()
                self.scripts["first"] = [failure] * 2
                response = ask(gateway)
                self.assertEqual((response.status, response.json()), (200, CHAT))
                self.assertEqual(self.seen("second"), 1)
                sent = self.upstreams["second"].requests[0]
                self.assertEqual(sent.json()["model"], "two")
                self.assertEqual(self.upstreams["first"].requests[0].json()["model"], "one")
                self.assertEqual(sent.all("authorization"), [f"Bearer {FIRST_KEY}"])
                self.assertEqual(sent.all("content-length"), [str(len(sent.body))])
                self.scripts["first"].clear()
        self.assertGreaterEqual(gateway.metric("headrace_failovers_total"), 6)

    def test_one_target_is_tried_again_after_a_while(self):
        gateway = self.gateway()
        self.scripts["first"] = [error("500 Internal Server Error"), error("503 Service Unavailable")]
        response = ask(gateway, "alone")
        self.assertEqual((response.status, self.seen("first")), (200, 3))
        self.assertEqual(gateway.metric("headrace_retries_total"), 2)
        tries = re.sub(r" \d+ms", "", gateway.log_lines(1)[0]["tries"])
        self.assertEqual(tries, "first 500 server_error; first 503 overloaded; first 200 answered")

    def test_a_stream_that_is_tried_again_shows_no_usage_that_nobody_asked_for(self):
        gateway = self.gateway()
        usage = {"id": "x", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}}
        stream = STREAM_HEAD + b"".join(chunk(each) for each in (event(delta("a")), event(usage), b"data: [DONE]\n\n"))
        for model in ("alone", "both"):
            self.scripts["first"] = [error("500 Internal Server Error"), stream + b"0\r\n\r\n"]
            self.scripts["second"] = [stream + b"0\r\n\r\n"]
            response = ask(gateway, model, stream=True)
            self.assertEqual((response.status, response.whole), (200, True))
            self.assertEqual(response.body, event(delta("a")) + b"data: [DONE]\n\n")
            self.scripts["first"].clear()
        self.assertEqual({line["tokens_out"] for line in gateway.log_lines(2)}, {3})

    def test_the_last_answer_comes_through_and_says_that_trying_is_no_use(self):
        gateway = self.gateway()
        self.scripts["first"] = [error("500 Internal Server Error", code=str(i)) for i in range(3)]
        response = ask(gateway, "alone")
        self.assertEqual(response.status, 500)
        self.assertEqual(response.json()["error"]["code"], "2")
        self.assertEqual(response.headers["x-should-retry"], "false")
        self.assertEqual(self.seen("first"), 3)
        # No answer of a provider: it is ours that says so.
        self.scripts["first"] = [dies] * 10
        response = ask(gateway, "alone")
        self.assertEqual((response.status, response.headers["x-should-retry"]), (502, "false"))

    def test_what_is_the_clients_fault_is_not_sent_again(self):
        gateway = self.gateway()
        for status in ("400 Bad Request", "404 Not Found", "413 Content Too Large", "422 Unprocessable Content"):
            self.scripts["first"] = [error(status)]
            self.upstreams["first"].requests.clear()
            response = ask(gateway)
            self.assertEqual((str(response.status), self.seen("first")), (status[:3], 1))
            self.assertNotIn("x-should-retry", response.headers)
        self.assertEqual(self.seen("second"), 0)

    def test_a_provider_may_forbid_it(self):
        gateway = self.gateway()
        self.scripts["first"] = [error("500 Internal Server Error", headers=["x-should-retry: false"])]
        self.assertEqual(ask(gateway).status, 500)
        self.assertEqual((self.seen("first"), self.seen("second")), (1, 0))

    def test_what_it_forbids_for_its_account_another_may_serve(self):
        for status in ("429 Too Many Requests", "401 Unauthorized"):
            self.scripts["first"] = [error(status, headers=["x-should-retry: false"])]
            self.upstreams["second"].requests.clear()
            self.assertEqual((ask(self.gateway()).status, self.seen("second")), (200, 1))
        # Where there is no other it is the last word, and the client's.
        self.scripts["first"] = [error("429 Too Many Requests", headers=["x-should-retry: false"])]
        self.upstreams["first"].requests.clear()
        response = ask(self.gateway(), "alone")
        self.assertEqual((response.status, response.headers["x-should-retry"], self.seen("first")), (429, "false", 1))

    def test_a_hint_is_waited_for_or_too_far_away(self):
        gateway = self.gateway()
        self.scripts["first"] = [error("503 Service Unavailable", headers=["retry-after-ms: 300"])]
        begun = time.monotonic()
        self.assertEqual(ask(gateway, "alone").status, 200)
        self.assertGreaterEqual(time.monotonic() - begun, 0.3)
        self.scripts["first"] = [error("503 Service Unavailable", headers=["retry-after: 31"])]
        response = ask(gateway, "alone")
        self.assertEqual((response.status, response.headers["retry-after"]), (503, "31"))

    def test_nothing_is_sent_again_once_the_client_has_a_byte_of_the_answer(self):
        """F12 with retries on."""
        gateway = self.gateway()
        whole = json.dumps(CHAT).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        for name, data in {
            "behind the head": head + b"Content-Length: 50\r\n\r\n",
            "within a body": head + b"Content-Length: %d\r\n\r\n" % len(whole) + whole[:20],
            "within chunks": head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(whole[:20]),
            "between events": STREAM_HEAD + chunk(event(delta("a"))),
            "within an event": STREAM_HEAD + chunk(event(delta("a"))) + chunk(b'data: {"choi'),
        }.items():
            for by_reset in (False, True):
                with self.subTest(where=name, by_reset=by_reset):

                    def breaks(connection, data=data, by_reset=by_reset):
                        connection.sendall(data)
                        time.sleep(0.01)
                        if by_reset:
                            reset(connection)
                        return False

                    for upstream in self.upstreams.values():
                        upstream.requests.clear()
                    self.scripts["first"] = [breaks]
                    response = ask(gateway, stream=data.startswith(STREAM_HEAD))
                    self.assertEqual((response.status, response.whole), (200, False))
                    self.assertEqual((self.seen("first"), self.seen("second")), (1, 0))
        self.assertEqual(gateway.metric("headrace_failovers_total"), 0)
        self.assertEqual(gateway.metric("headrace_retries_total"), 0)

    def test_a_client_that_leaves_while_its_request_waits_costs_nothing(self):
        """F14 with retries on: in each of the times between two tries."""
        gateway = self.gateway(route="retry: {tries: 3, base_ms: 5000}")
        files = gateway.open_files()
        self.scripts["first"] = [error("500 Internal Server Error")] * 20
        clients = [gateway.connect() for _ in range(10)]
        for client in clients:
            client.sendall(request(chat(model="alone")))
        deadline = time.monotonic() + 60
        while self.seen("first") < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        for client in clients:
            client.close()
        gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)
        self.assertEqual(self.seen("first"), 10)
        lines = gateway.log_lines(10)
        self.assertEqual({line["status"] for line in lines}, {499})
        self.assertFalse(any("tokens_out" in line for line in lines))

    def test_a_long_failure_is_not_waited_for(self):
        gateway = self.gateway()
        self.scripts["first"] = [error("500 Internal Server Error", message="x" * 200_000)]
        self.assertEqual(ask(gateway).status, 200)
        head = b"HTTP/1.1 500 Sorry\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
        self.scripts["first"] = [lambda connection: (connection.sendall(head), stalls(connection))[-1]]
        self.assertEqual(ask(gateway).status, 200)

    def test_a_failure_is_known_in_whatever_pieces_it_comes(self):
        """A long one that pauses behind its head, and one in more pieces than are queued for a client."""
        gateway = self.gateway()
        long = error("503 Service Unavailable", message="m" * 20_000)
        short = error("503 Service Unavailable", message="m" * 400)

        def in_pieces(pieces):
            def say(connection):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(0.02)  # so that they are received one by one

            return say

        for pieces in ([long[:200], long[200:]], [short[at : at + 40] for at in range(0, len(short), 40)]):
            self.scripts["first"] = [in_pieces(pieces)]
            self.assertEqual([ask(gateway).status for _ in range(2)], [200, 200])
            self.assertEqual(self.seen("second"), 1)
            self.upstreams["second"].requests.clear()
        # Each was read to its end: else its connection could not have served the next request.
        self.assertEqual(self.upstreams["first"].connections, 1)

    def test_a_budget_keeps_a_failing_provider_from_a_multiple_of_its_load(self):
        gateway = self.gateway(route="retry: {tries: 3, base_ms: 1, max_ms: 1, budget_percent: 10, budget_burst: 5}")
        self.scripts["first"] = [error("500 Internal Server Error")] * 1000
        for _ in range(50):
            self.assertEqual(ask(gateway, "alone").status, 500)
        elapsed_allowance = 10  # one a second comes back
        self.assertLessEqual(self.seen("first"), 50 + 5 + 5 + elapsed_allowance)
        self.assertGreater(gateway.metric("headrace_retries_denied_total"), 0)


class DrippingSecond(Pair):
    """`slow` goes to the second provider, whose own time is shorter than its route's."""

    def config_text(self):
        first, second = super().config_text().split("name: second")
        second = second.replace("connect_timeout_ms: 30000\n    first_byte_timeout_ms: 30000",
                                "connect_timeout_ms: 600\n    first_byte_timeout_ms: 600\n"
                                "    gap_timeout_ms: 600\n    total_timeout_ms: 600", 1)
        return first + "name: second" + second.replace("routes:", """routes:
  - models: [slow]
    targets: [{provider: second}]
    total_timeout_ms: 60000
    body_bytes_max: 2KiB""", 1)


class Times(Scripted):
    def test_the_total_time_is_that_of_the_provider_that_is_asked_and_of_the_route(self):
        def drips(connection):
            connection.sendall(STREAM_HEAD)
            while True:
                connection.sendall(chunk(event(delta("a"))))
                time.sleep(0.05)

        gateway = self.enterContext(DrippingSecond(self.upstreams["first"].address, self.upstreams["second"].address))
        asked = 0

        def cut():
            nonlocal asked
            self.scripts["second"] = [drips]
            response = ask(gateway, "slow", stream=True)
            asked += 1
            line = gateway.log_lines(asked)[-1]
            # A provider that is held up for as long is silent.
            self.assertEqual((response.status, response.whole, line["upstream_failure"]), (200, False, "total_timeout"))

        within(1.2, cut)
        # And what is too large for the route is told how much it may be.
        response = ask(gateway, "slow", padding="p" * 2048)
        self.assertEqual(response.status, 413)
        self.assertIn("2048", response.json()["detail"])


class Silence(Scripted):
    def test_comments_go_out_before_and_between_events(self):
        gateway = self.gateway(route="comment_interval_ms: 100")
        comment = b": keep-alive\n\n"
        told_before, told_between = threading.Event(), threading.Event()

        def slow(connection):
            told_before.wait(120)
            connection.sendall(STREAM_HEAD + chunk(event(delta("a"))))
            told_between.wait(120)
            connection.sendall(chunk(event(delta("b")) + b"data: [DONE]\n\n") + b"0\r\n\r\n")

        self.scripts["first"] = [slow]
        with gateway.connect() as connection:
            connection.sendall(request(chat(model="both", stream=True)))
            data = b""
            for told, behind in ((told_before, b"\r\n\r\n"), (told_between, b'"a"')):
                while data.partition(behind)[2].count(comment) < 2:
                    data += connection.recv(65536)
                told.set()
            response = Response(connection, data)
        self.assertEqual((response.status, response.whole), (200, True))
        self.assertEqual(response.headers["content-type"], "text/event-stream")
        before, rest = response.body.split(event(delta("a")))
        between, _ = rest.split(event(delta("b")))
        self.assertGreaterEqual(before.count(comment), 2)
        self.assertGreaterEqual(between.count(comment), 2)
        self.assertEqual(before.replace(comment, b""), b"")
        self.assertEqual(between.replace(comment, b""), b"")

    def test_a_refusal_after_a_comment_is_an_error_event_and_not_sent_again(self):
        gateway = self.gateway(route=QUICK + "\n    comment_interval_ms: 100")
        told = threading.Event()
        self.scripts["first"] = [
            lambda connection: (told.wait(120), connection.sendall(error("500 Internal Server Error")))[-1]
        ]
        with gateway.connect() as connection:
            connection.sendall(request(chat(model="both", stream=True)))
            begun = connection.recv(1)  # of a comment: nothing else has come
            told.set()
            response = Response(connection, begun)
        self.assertEqual((response.status, response.whole), (200, False))
        last = response.body.split(b"\n\n")[-2].removeprefix(b"data: ")
        self.assertIn("error", json.loads(last))
        self.assertEqual((self.seen("first"), self.seen("second")), (1, 0))


if __name__ == "__main__":
    unittest.main()
