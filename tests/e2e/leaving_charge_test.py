"""Who leaves pays for what his provider has whole, and for nothing else: in the records, as headracectl
tells them, and in the limits that the request had reserved of."""

import json
import socket
import threading
import time
import unittest

from accounted_gateway import Accounted, ctl
from gateway import Response, chat, request
from upstream import STREAM_HEAD, Upstream, chunk, delta, event, reset

LIMITS = ("{measure: requests, per: day, value: 1000, name: asked}, "
          "{measure: tokens, per: day, value: 100000000, name: tokens}, "
          "{measure: micro_usd, per: day, value: 1000000000, name: spent}")
# One micro-USD for a token of either kind.
EXTRA = """
prices:
  - {provider: openai, models: ["gpt-*"], input_micro_usd: 1000000, output_micro_usd: 1000000}
passthrough:
  - {path: /v1/audio/x, methods: [POST], provider: openai, request_micro_usd: 700}
"""
LEAVE = {
    "close": lambda connection: connection.close(),
    "half-close": lambda connection: connection.shutdown(socket.SHUT_WR),
    "reset": reset,
}


class Hoarder(Upstream):
    """Takes a request's head, and of its body what a small socket holds; tells when it has begun."""

    def __init__(self):
        super().__init__()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.begun, self.go_on = threading.Event(), threading.Event()

    def _serve(self, connection):
        self.open.add(connection)
        with connection:
            if connection.recv(1024):
                self.begun.set()
                self.go_on.wait(120)


class LeavingCharge(unittest.TestCase):
    def gateway(self, upstream, **more):
        return self.enterContext(Accounted(upstream.address, key_limits=LIMITS, extra=EXTRA, **more))

    def used(self, gateway):
        rows = map(json.loads, ctl("limits", "--region", gateway.region, "--unused", "-o", "json").splitlines())
        return {row["limit"]: row["used"] for row in rows}

    def quiet(self, gateway):
        gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)

    def expect_spent(self, gateway, records):
        """Limits and records say the same."""
        self.quiet(gateway)
        tokens = sum(sum(record["usage"].get(kind, 0) for kind in ("in_fresh", "out_text")) for record in records)
        cost = sum(record.get("cost_micro_usd", 0) for record in records)
        self.assertEqual(cost, tokens)
        used = self.used(gateway)
        self.assertEqual((used["tokens"], used["spent"]), (tokens, cost))
        return used

    def test_a_call_that_its_provider_has_whole_is_paid_before_its_answer_begins(self):
        whole, over = threading.Semaphore(0), threading.Event()

        def script(request, connection):
            whole.release()
            over.wait(120)
            return False

        with Upstream(script) as upstream:
            self.addCleanup(over.set)
            gateway = self.gateway(upstream)
            for number, (name, leave) in enumerate(LEAVE.items(), 1):
                for stream in (False, True):
                    with self.subTest(name, stream=stream), gateway.connect() as connection:
                        connection.sendall(request(chat(stream=stream, max_tokens=9),
                                                   headers=[f"X-Request-Id: {name}-{stream}"]))
                        self.assertTrue(whole.acquire(timeout=60))
                        leave(connection)
                        records = gateway.records(2 * number - (not stream))
                        record = next(each for each in records if each["request_id"] == f"{name}-{stream}")
                        self.assertEqual((record["ending"], record["usage"]["source"]), ("client_left", "estimated"))
                        self.assertGreater(record["usage"]["in_fresh"], 0)
                        self.assertEqual(record["usage"].get("out_text", 0), 0)
            used = self.expect_spent(gateway, records)
            self.assertEqual(used["asked"], len(records))

    def test_a_request_that_never_was_whole_is_nobodys(self):
        body = chat(max_tokens=9, padding="y" * 3000)
        data = request(body)
        head = len(data) - len(body)
        with Upstream() as upstream:
            gateway = self.gateway(upstream)
            cuts = (1, head - 1, head, head + 1, len(data) - len(body) // 2, len(data) - 1)
            for name, leave in LEAVE.items():
                for cut in cuts:
                    with self.subTest(name, cut=cut), gateway.connect() as connection:
                        connection.sendall(data[:cut])
                        leave(connection)
            self.quiet(gateway)
            gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)
            # One that is whole has the first record, and the first of every limit.
            self.assertEqual(gateway.ask(body).status, 200)
            (record,) = gateway.records(1)
            self.assertEqual(record["ending"], "answered")
            self.assertEqual(len(upstream.requests), 1)
            self.assertEqual(self.expect_spent(gateway, [record])["asked"], 1)

    def test_a_request_of_which_a_part_stayed_with_the_gateway_is_nobodys(self):
        with Hoarder() as upstream:
            self.addCleanup(upstream.go_on.set)
            gateway = self.gateway(upstream)
            with gateway.connect() as connection:
                connection.sendall(request(chat(max_tokens=9, padding="y" * 12_000_000)))
                self.assertTrue(upstream.begun.wait(60))
                time.sleep(0.1)  # as far as it goes
            (record,) = gateway.records(1)
            self.assertEqual((record["ending"], record["usage"]["source"]), ("client_left", "none"))
            self.assertEqual(record.get("cost_micro_usd", 0), 0)
            self.expect_spent(gateway, [record])

    def test_an_upload_that_passes_through_is_paid_once_it_is_whole(self):
        arrived, over = threading.Event(), threading.Event()

        def script(request, connection):
            arrived.set()
            over.wait(120)
            return False

        upload = request(b"x" * 50_000, path="/v1/audio/x").replace(b"application/json", b"audio/wav")

        def leave(sent, condition):
            with gateway.connect() as connection:
                connection.sendall(sent)
                condition()

        with Upstream(script) as upstream:
            self.addCleanup(over.set)
            gateway = self.gateway(upstream)
            leave(upload[:-1], lambda: gateway.wait_for_metric("headrace_upstream_connections", lambda value: value == 1))
            gateway.records(1)
            self.assertFalse(arrived.is_set())
            leave(upload, lambda: self.assertTrue(arrived.wait(60)))
            records = gateway.records(2)
            self.assertEqual([record["ending"] for record in records], ["client_left"] * 2)
            self.assertEqual([record["cost_micro_usd"] for record in records], [0, 700])
            self.quiet(gateway)
            self.assertEqual(self.used(gateway)["spent"], 700)

    def test_who_leaves_a_stream_pays_for_the_prompt_and_for_what_had_come(self):
        words = 6

        def script(request, connection):
            connection.sendall(STREAM_HEAD + b"".join(chunk(event(delta("word"))) for _ in range(words)))
            connection.recv(1)  # until it is cancelled
            return False

        with Upstream(script) as upstream:
            gateway = self.gateway(upstream)
            records = []
            for name, leave in LEAVE.items():
                with self.subTest(name), gateway.connect() as connection:
                    connection.sendall(request(chat(stream=True, max_tokens=500)))
                    data = b""
                    while data.count(b"word") < words:
                        data += connection.recv(4096)
                    leave(connection)
                    records = gateway.records(len(records) + 1)
                    usage = records[-1]["usage"]
                    self.assertEqual((records[-1]["ending"], usage["source"]), ("client_left", "estimated"))
                    self.assertGreater(usage["in_fresh"], 0)
                    self.assertEqual(usage["out_text"], words)
            self.expect_spent(gateway, records)


if __name__ == "__main__":
    unittest.main()
