"""SIGTERM while requests are at every place where one may wait: for its next try, beside a rival,
for what another one fetches, and without a client. What can end well does, and all is recorded."""

import signal
import socket
import threading
import time
import unittest

from gateway import Response, chat, request
from governed_gateway import Governed
from resilience_world import Scripted
from upstream import CHAT, CHAT_ANSWER, STREAM_HEAD, answer, chunk, delta, event

FAILURE = answer(b'{"error":{"message":"no"}}', status="500 Internal Server Error")


class Draining(Scripted):
    def setUp(self):
        super().setUp()
        self.go_on = threading.Event()

    def gateway(self, **more):
        return self.enterContext(Governed(self.upstreams["first"].address, self.upstreams["second"].address, **more))

    def waits(self, said=CHAT_ANSWER, first=b""):
        def script(connection):
            connection.sendall(first)
            self.go_on.wait(120)
            connection.sendall(said)

        return script

    def begin(self, gateway, model="both", **members):
        connection = gateway.connect()
        self.addCleanup(connection.close)
        connection.sendall(request(chat(model=model, **members)))
        return connection

    def drain(self, gateway):
        gateway.signal(signal.SIGTERM)
        self.wait_for(lambda: "draining" in gateway.log.read_text())

    def records_after_the_end(self, gateway, count):
        self.assertEqual(gateway.process.wait(60), 0)
        records, _ = gateway.rows()
        self.assertEqual(len(records), count)
        return records

    def test_a_request_that_waits_for_its_next_try_gets_it(self):
        gateway = self.gateway(retry="tries: 4, base_ms: 1500, max_ms: 1500")
        self.scripts["first"] = self.scripts["second"] = [FAILURE] * 2
        connection = self.begin(gateway)
        self.wait_for(lambda: self.seen("first") + self.seen("second") == 2)
        self.drain(gateway)
        response = Response(connection)
        self.assertEqual((response.status, response.json()), (200, CHAT))
        self.assertEqual(response.headers["connection"], "close")
        (record,) = self.records_after_the_end(gateway, 1)
        self.assertEqual([attempt["status"] for attempt in record["attempts"]], [500, 500, 200])

    def test_a_request_with_two_calls_is_answered_by_one_of_them(self):
        gateway = self.gateway(hedge="after_ms: 50")
        self.scripts["first"], self.scripts["second"] = [self.waits()], [self.waits()]
        connection = self.begin(gateway)
        self.wait_for(lambda: self.seen("second") == 1)
        self.drain(gateway)
        self.go_on.set()
        self.assertEqual(Response(connection).json(), CHAT)
        (record,) = self.records_after_the_end(gateway, 1)
        self.assertEqual(sorted(attempt["status"] for attempt in record["attempts"]), [0, 200])

    def test_those_who_wait_for_anothers_answer_get_it_also_when_that_one_leaves(self):
        for leader_leaves in (False, True):
            with self.subTest(leader_leaves=leader_leaves):
                self.go_on.clear()
                gateway = self.gateway()
                asked = self.seen("first")
                self.scripts["first"] = [self.waits()]
                leader = self.begin(gateway, "kept")
                self.wait_for(lambda: self.seen("first") == asked + 1)
                waiting = [self.begin(gateway, "kept") for _ in range(3)]
                gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 5)
                if leader_leaves:
                    leader.close()
                    gateway.wait_for_metric("headrace_downstream_cancelled_total", lambda value: value == 1)
                self.drain(gateway)
                self.go_on.set()
                for connection in waiting + ([] if leader_leaves else [leader]):
                    response = Response(connection)
                    self.assertEqual((response.status, response.json()), (200, CHAT))
                self.assertEqual(self.seen("first"), asked + 1)
                records = self.records_after_the_end(gateway, 4)
                self.assertEqual(sum(record["usage"]["source"] == "cache" for record in records), 3)
                # Who leads pays, whether he is still there or not.
                self.assertEqual(sum(record["cost_micro_usd"] > 0 for record in records), 1)

    def test_an_answer_without_a_client_is_read_to_its_end(self):
        gateway = self.gateway(on_disconnect="drain")
        usage = {"id": "x", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 31, "total_tokens": 36}}
        rest = chunk(event(usage)) + chunk(event(b"[DONE]")) + b"0\r\n\r\n"
        self.scripts["first"] = [self.waits(rest, STREAM_HEAD + chunk(event(delta("a"))))]
        connection = self.begin(gateway, stream=True)
        connection.recv(1)
        connection.close()
        gateway.wait_for_metric("headrace_downstream_cancelled_total", lambda value: value == 1)
        self.drain(gateway)
        time.sleep(0.2)
        self.assertIsNone(gateway.process.poll(), "it does not wait for the usage")
        self.go_on.set()
        (record,) = self.records_after_the_end(gateway, 1)
        self.assertEqual((record["ending"], record["usage"]["source"]), ("client_left", "provider"))
        self.assertEqual(record["usage"]["out_text"], 31)

    def test_the_grace_is_of_time_however_often_logs_are_rotated(self):
        gateway = self.gateway()
        self.scripts["first"] = [self.waits()]
        connection = self.begin(gateway)
        self.wait_for(lambda: self.seen("first") == 1)
        self.drain(gateway)
        # Each ends a wait of the process: a grace that is counted in waits would be over.
        for _ in range(1000):
            gateway.signal(signal.SIGUSR1)
            time.sleep(0.001)
        self.go_on.set()
        self.assertEqual(Response(connection).json(), CHAT)
        self.records_after_the_end(gateway, 1)

    def test_what_does_not_end_within_the_grace_is_ended_and_recorded(self):
        gateway = self.gateway(hedge="after_ms: 50", on_disconnect="drain", retry="tries: 3, base_ms: 30000")
        gateway.config.write_text(gateway.config.read_text().replace("drain_grace_ms: 8000", "drain_grace_ms: 300"))
        gateway.signal(signal.SIGHUP)
        gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
        self.scripts["first"] = [self.waits(), self.waits(), self.waits(first=STREAM_HEAD + chunk(event(delta("a"))))]
        self.scripts["second"] = [self.waits()] * 2
        hedged = self.begin(gateway)
        self.wait_for(lambda: self.seen("second") == 1)
        leader = self.begin(gateway, "kept")
        self.wait_for(lambda: self.seen("second") == 2)
        waiter = self.begin(gateway, "kept")
        left = self.begin(gateway, stream=True)
        left.recv(1)
        left.shutdown(socket.SHUT_RDWR)
        gateway.wait_for_metric("headrace_downstream_cancelled_total", lambda value: value == 1)
        gateway.signal(signal.SIGTERM)
        for connection in (hedged, leader, waiter):
            self.assertEqual(connection.recv(1), b"")
        records = self.records_after_the_end(gateway, 3)
        self.assertEqual(sorted(record["ending"] for record in records), ["client_left", "shutdown", "shutdown"])
        # The log blames nobody else than the records do.
        ended = [line for line in gateway.log_lines(4) if line["status"] != 200]
        self.assertEqual([line["status"] for line in ended], [503] * 3)
        tries = " ".join(line.get("tries", "") for line in ended)
        self.assertIn(" 0 shutdown ", tries)
        self.assertNotIn("client_left", tries)
        self.assertEqual({record["status"] for record in records if record["ending"] == "shutdown"}, {503})
        self.go_on.set()


if __name__ == "__main__":
    unittest.main()
