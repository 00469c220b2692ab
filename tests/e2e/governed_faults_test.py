"""The fault matrix again, with limits, prices, retries, hedges, the cache and the journal on at once:
what breaks, leaves or jumps costs what it should, is recorded once, and leaves nothing taken."""

import pathlib
import socket
import tempfile
import threading
import time
import unittest

from fault_matrix_test import BREAKS
from fault_world import nothing_is_left
from gateway import Response, chat, request
from governed_gateway import OTHER_KEY, Governed
from upstream import CHAT, CHAT_ANSWER, STREAM_HEAD, Upstream, chunk, delta, event, reset

FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
WHOLE_STREAM = chunk(event(delta("a"))) + chunk(event(b"[DONE]")) + b"0\r\n\r\n"


def conserved(test, gateway, count):
    """Records, limits and counters say the same of `count` requests."""
    records = gateway.records(count)
    test.assertEqual(len(records), count)
    test.assertEqual(len({record["id"] for record in records}), count)
    charged = [record for record in records if record["usage"]["source"] != "cache"]
    cost = sum(record["cost_micro_usd"] for record in charged)
    test.assertEqual(gateway.metric("headrace_cost_micro_usd_total"), cost)
    used = gateway.used()
    test.assertEqual(used["tokens"], gateway.metric("headrace_tokens_charged_total"))
    test.assertEqual(used["concurrent"], 0)
    return records


class UpstreamBreaks(unittest.TestCase):
    """F12."""

    def test_before_the_first_byte_another_answers_after_it_nobody_does(self):
        data, by_reset = [b""], [False]

        def breaks(seen, connection):
            connection.sendall(data[0])
            if data[0]:
                time.sleep(0.01)  # a reset overtakes what was sent
            if by_reset[0]:
                reset(connection)
            return False

        def answers(seen, connection):
            connection.sendall(STREAM_HEAD + WHOLE_STREAM if seen.json().get("stream") else CHAT_ANSWER)

        with Upstream(breaks) as first, Upstream(answers) as second, Governed(first.address, second.address, hedge="after_ms: 5000") as gateway:
            files, count = gateway.open_files(), 0
            for where, (data[0], status) in BREAKS.items():
                for by_reset[0] in (False, True):
                    for model in ("both", "kept"):
                        with self.subTest(where=where, by_reset=by_reset[0], model=model), gateway.connect() as connection:
                            first.requests.clear()
                            second.requests.clear()
                            streams = data[0].startswith(STREAM_HEAD)
                            # Of the cache: nobody has asked this before.
                            body = chat(model=model, stream=streams, seed=count)
                            connection.sendall(request(body))
                            response = Response(connection)
                            count += 1
                            retried = status != 200
                            self.assertEqual((response.status, response.whole), (200, retried))
                            self.assertEqual((len(first.requests), len(second.requests)), (1, 1 if retried else 0))
                            if model == "kept":
                                # A broken answer is given to nobody else.
                                with gateway.connect() as again:
                                    again.sendall(request(body))
                                    self.assertEqual(Response(again).headers["x-cache"], "HIT" if retried else "MISS")
                                count += 1
            records = conserved(self, gateway, count)
            for record in records:
                if record["ending"] == "broken":
                    self.assertEqual(len(record["attempts"]), 1)
                    # Zero only where nothing at all had come of an answer.
                    self.assertEqual(record["usage"]["source"], "estimated")
            nothing_is_left(self, gateway, files + 4)


class ClientLeaves(unittest.TestCase):
    """F14."""

    def leave_at_every_place(self, on_disconnect):
        go_on = threading.Event()

        def streams(seen, connection):
            connection.sendall(STREAM_HEAD + chunk(event(delta("some words"))))
            while not go_on.is_set():
                connection.sendall(chunk(event(delta("more"))))
                time.sleep(0.02)
            connection.sendall(WHOLE_STREAM)

        def silent(seen, connection):
            if seen.json().get("stream"):
                return streams(seen, connection)
            connection.settimeout(0.05)
            while not go_on.is_set():
                try:
                    if connection.recv(1) == b"":
                        return False
                except TimeoutError:
                    continue
            connection.sendall(CHAT_ANSWER)

        with Upstream(silent) as first, Upstream(silent) as second, \
                Governed(first.address, second.address, hedge="after_ms: 50", on_disconnect=on_disconnect) as gateway:
            gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)
            files = gateway.open_files()
            clients, fetched = [], set()
            for i in range(60):
                client = gateway.connect()
                stream = i % 3 == 0  # within an answer; the others before one: with a rival, or as they wait for it
                model = "both" if i % 2 else "kept"
                client.sendall(request(chat(model=model, stream=stream, seed=0 if i % 5 else i)))
                clients.append((client, stream and model == "both"))
                # Of those who ask the same one fetches; who only waits was not admitted yet.
                fetched.add(i if model == "both" else (stream, 0 if i % 5 else i))
            gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 61)
            gateway.wait_for_metric("headrace_hedges_total", lambda value: value > 0)
            for client, streaming in clients:
                if streaming:
                    client.recv(1)
            for i, (client, _) in enumerate(clients):
                (client.close, lambda: reset(client), lambda: client.shutdown(socket.SHUT_WR))[i % 3]()
            gateway.wait_for_metric("headrace_downstream_cancelled_total", lambda value: value == 60)
            go_on.set()
            records = conserved(self, gateway, len(fetched))
            self.assertEqual({record["ending"] for record in records}, {"client_left"})
            for record in records:
                # A provider was at work for each of them.
                self.assertGreater(record["cost_micro_usd"], 0, record)
            for client, _ in clients:
                client.close()
            nothing_is_left(self, gateway, files + 130)  # connections that were kept
            gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)

    def test_where_the_call_is_cancelled(self):
        self.leave_at_every_place("cancel")

    def test_where_it_is_read_for_its_usage(self):
        self.leave_at_every_place("drain")

    def test_a_slow_reader_holds_its_provider_back_and_nobody_else(self):
        def much(seen, connection):
            if not seen.json().get("stream"):
                connection.sendall(CHAT_ANSWER)
                return
            connection.sendall(STREAM_HEAD)
            for _ in range(4000):
                connection.sendall(chunk(event(delta("x" * 4000))))
            connection.sendall(WHOLE_STREAM)

        with Upstream(much) as first, Upstream(much) as second, Governed(first.address, second.address, hedge="after_ms: 2000") as gateway:
            lazy = gateway.connect()
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.sendall(request(chat(model="kept", stream=True)))
            lazy.recv(1)
            for i in range(30):
                with gateway.connect() as connection:
                    connection.sendall(request(chat(model="kept", seed=i)))
                    self.assertEqual(Response(connection).json(), CHAT)
            lazy.close()
            conserved(self, gateway, 31)


class ClockSteps(unittest.TestCase):
    """F11, for the whole process: the machine's clock is set while everything runs."""

    @unittest.skipIf(FAKETIME is None, "the package faketime is not installed")
    def test_nothing_is_refused_aborted_or_given_away(self):
        go_on = threading.Event()

        def script(seen, connection):
            if not seen.json().get("stream"):
                connection.sendall(CHAT_ANSWER)
                return
            connection.sendall(STREAM_HEAD + chunk(event(delta("a"))))
            go_on.wait(120)
            connection.sendall(WHOLE_STREAM)

        clock = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "clock"
        clock.write_text("+0s")
        faked = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock),
                 "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}
        with Upstream(script) as first, Upstream(script) as second, \
                Governed(first.address, second.address, breaker="failures: 5", environment=faked) as gateway:
            streams = [gateway.connect() for _ in range(5)]
            for stream in streams:
                stream.sendall(request(chat(model="both", stream=True)))
                stream.recv(1)
            count = len(streams)
            for step in ("+1s", "-1s", "+1h", "-1h", "+3650d", "-3650d", "+0s"):
                clock.write_text(step)
                for _ in range(5):
                    with gateway.connect() as connection:
                        connection.sendall(request(chat(model="both")))
                        self.assertEqual(Response(connection).status, 200, step)
                    count += 1
            go_on.set()
            for stream in streams:
                self.assertTrue(Response(stream, b"H").whole)
                stream.close()
            records = conserved(self, gateway, count)
            self.assertGreaterEqual(gateway.used()["requests"], count, "the limit on all requests began anew")
            for record in records:
                # Of the monotonic clock, whatever the other one says.
                self.assertGreaterEqual(record["duration_us"], 0)
                self.assertLess(record["duration_us"], 60_000_000)


if __name__ == "__main__":
    unittest.main()
