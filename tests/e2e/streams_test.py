"""Event streams: passed on event by event, metered, ended as their dialect ends them, cancelled with
their client, held back for slow readers."""

import json
import threading
import time
import unittest

from gateway import Gateway, Response, chat, read_to_end, request
from upstream import FINISH, STREAM_HEAD, USAGE, Upstream, chunk, delta, event, held_stream, reset


def send_stream(connection, events, one_byte=False):
    data = STREAM_HEAD + b"".join(chunk(event(each)) for each in events) + b"0\r\n\r\n"
    if one_byte:
        for i in range(len(data)):
            connection.sendall(data[i : i + 1])
    else:
        connection.sendall(data)


class Streams(unittest.TestCase):
    def setUp(self):
        self.script = None
        self.upstream = Upstream(lambda *args: self.script(*args)).__enter__()
        self.gateway = Gateway(self.upstream.address).__enter__()

    def tearDown(self):
        self.gateway.__exit__(None, None, None)
        self.upstream.__exit__()

    def open_stream(self, **members):
        connection = self.gateway.connect()
        self.addCleanup(connection.close)
        connection.sendall(request(chat(stream=True, **members)))
        return connection

    def test_the_usage_chunk_is_asked_for_and_kept_from_who_did_not_ask(self):
        events = [delta("a"), delta("b"), FINISH, USAGE, b"[DONE]"]
        for one_byte in (False, True):
            self.script = lambda request, connection: send_stream(connection, events, one_byte)
            with self.subTest(one_byte=one_byte):
                response = Response(self.open_stream())
                self.assertTrue(response.whole)
                self.assertIs(self.upstream.requests[-1].json()["stream_options"]["include_usage"], True)
                kept = [delta("a"), delta("b"), FINISH, b"[DONE]"]
                self.assertEqual(response.body, b"".join(event(each) for each in kept))
        for line in self.gateway.log_lines(2):
            self.assertEqual((line["tokens_in"], line["tokens_out"]), (5, 3))
            self.assertEqual(line["usage_source"], "provider")

    def test_who_asks_for_usage_gets_it(self):
        events = [delta("a"), FINISH, USAGE, b"[DONE]"]
        self.script = lambda request, connection: send_stream(connection, events)
        response = Response(self.open_stream(stream_options={"include_usage": True}))
        self.assertEqual(response.body, b"".join(event(each) for each in events))

    def test_events_are_not_held_back(self):
        go_on = threading.Event()
        self.script = held_stream(go_on, "first")
        connection = self.open_stream()
        data = b""
        while b"first" not in data:  # arrives although the second event is not sent yet
            data += connection.recv(65536)
        go_on.set()
        self.assertIn(b"[DONE]", read_until(connection, b"0\r\n\r\n"))

    def test_all_three_ways_to_end_an_event_are_understood(self):
        for end in (b"\n\n", b"\r\n\r\n", b"\r\r"):
            data = b"".join(b"data: " + (each if isinstance(each, bytes) else json.dumps(each).encode()) + end for each in (delta("x"), FINISH, USAGE, b"[DONE]"))
            self.script = lambda request, connection: connection.sendall(STREAM_HEAD + chunk(data) + b"0\r\n\r\n")
            with self.subTest(end=end):
                response = Response(self.open_stream())
                self.assertTrue(response.whole)
                self.assertNotIn(b'"choices": []', response.body)
                self.assertIn(b"[DONE]", response.body)
        self.assertEqual({line["tokens_in"] for line in self.gateway.log_lines(3)}, {5})

    def test_a_stream_that_breaks_ends_with_the_dialects_error(self):
        def script(request, connection):
            connection.sendall(STREAM_HEAD + chunk(event(delta("a"))) + chunk(b'data: {"half":'))
            time.sleep(0.05)
            return False

        self.script = script
        response = Response(self.open_stream())
        self.assertFalse(response.whole)
        last = [line for line in response.body.split(b"\n\n") if line][-1]
        self.assertIn("error", json.loads(last.removeprefix(b"data: ")))
        self.assertNotIn(b"half", response.body)
        line = self.gateway.log_lines(1)[0]
        self.assertEqual((line["cut"], line["usage_source"]), (True, "estimated"))

    def test_an_array_that_breaks_ends_with_an_element_that_says_so(self):
        element = json.dumps({"candidates": [{"content": {"parts": [{"text": "a, ]}"}]}}]}).encode()
        head = STREAM_HEAD.replace(b"text/event-stream", b"application/json")
        for begun, whole_elements in (
            (b"", 0), (b"[", 0), (b"[" + element[:-9], 0), (b"[" + element, 1), (b"[" + element + b"\n,\r\n", 1),
            (b"[" + element + b",\r\n" + element[:20], 1), (b"[" + element + b"," + element, 2),
        ):
            for one_byte in (False, True):
                def script(request, connection):
                    data = head + b"".join(chunk(begun[i : i + 1]) for i in range(len(begun))) if one_byte else head + (chunk(begun) if begun else b"")
                    for piece in (data[i : i + 1] for i in range(len(data))) if one_byte else (data,):
                        connection.sendall(piece)
                    time.sleep(0.05)
                    return False

                self.script = script
                with self.subTest(begun=begun, one_byte=one_byte), self.gateway.connect() as connection:
                    connection.sendall(request(b'{"contents":[]}', path="/v1beta/models/gemini-x:streamGenerateContent"))
                    response = Response(connection)
                    self.assertEqual((response.status, response.whole), (200, False))
                    elements = json.loads(response.body)
                    self.assertEqual([json.loads(element)] * whole_elements, elements[:-1])
                    error = elements[-1]["error"]
                    self.assertEqual((error["code"], error["status"]), (502, "UNAVAILABLE"))
                    self.assertIn("broke off", error["message"])

    def test_an_event_that_does_not_end_ends_its_stream(self):
        def script(request, connection):
            connection.sendall(STREAM_HEAD + chunk(b"data: "))
            try:
                for _ in range(200):
                    connection.sendall(chunk(b"x" * 4096))
            except OSError:
                pass
            return False

        with Upstream(script) as upstream, Gateway(upstream.address, extra="http:\n  event_bytes_max: 64KiB\n") as gateway:
            with gateway.connect() as connection:
                connection.sendall(request(chat(stream=True)))
                response = Response(connection)
            self.assertEqual((response.status, response.whole), (200, False))
            events = response.body.split(b"\n\n")
            self.assertLess(len(events[0]), 64 * 1024 + 256 * 1024)
            self.assertIn("too large", json.loads(events[1].removeprefix(b"data: "))["error"]["message"])
            self.assertEqual(gateway.metric("headrace_events_too_large_total"), 1)
            deadline = time.monotonic() + 10
            while "event_too_large" not in gateway.access_log.read_text():
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)

    def test_an_array_of_which_half_an_element_has_gone_only_breaks(self):
        def script(request, connection):
            head = STREAM_HEAD.replace(b"text/event-stream", b"application/json")
            connection.sendall(head + chunk(b'[{"text":"' + b"x" * 50_000))
            time.sleep(0.05)
            return False

        self.script = script
        with self.gateway.connect() as connection:
            connection.sendall(request(b'{"contents":[]}', path="/v1beta/models/gemini-x:streamGenerateContent"))
            response = Response(connection)
        self.assertFalse(response.whole)
        self.assertNotIn(b"error", response.body)

    def test_anthropic_streams_break_with_an_error_event(self):
        def script(request, connection):
            start = {"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}}
            connection.sendall(STREAM_HEAD + chunk(b"event: message_start\ndata: " + json.dumps(start).encode() + b"\n\n"))
            time.sleep(0.05)
            reset(connection)

        self.script = script
        connection = self.gateway.connect()
        self.addCleanup(connection.close)
        connection.sendall(request(chat(model="claude-x", max_tokens=5, stream=True), path="/v1/messages"))
        response = Response(connection)
        self.assertFalse(response.whole)
        self.assertIn(b"event: error\n", response.body)
        self.assertEqual(self.gateway.log_lines(1)[0]["tokens_in"], 9)

    def test_a_client_that_leaves_cancels_its_upstream(self):
        def script(request, connection):
            connection.sendall(STREAM_HEAD)
            while True:  # until the gateway closes: then sending fails
                connection.sendall(chunk(event(delta("more"))))
                time.sleep(0.005)

        self.script = script
        connection = self.open_stream()
        data = b""
        while b"more" not in data:
            data += connection.recv(65536)
        connection.close()
        self.assertTrue(self.upstream.closed_by_peer.wait(60), "the upstream request goes on")
        line = self.gateway.log_lines(1)[0]
        self.assertTrue(line["cut"])
        self.assertGreater(line["tokens_out"], 0, "what was used is not billed")
        self.gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)

    def test_a_client_that_leaves_before_the_answer_cancels_too(self):
        arrived = threading.Event()

        def script(request, connection):
            arrived.set()
            if not connection.recv(1):
                self.upstream.closed_by_peer.set()

        self.script = script
        connection = self.open_stream()
        arrived.wait(60)
        connection.close()
        self.assertTrue(self.upstream.closed_by_peer.wait(60))

    def test_a_slow_reader_holds_the_provider_back(self):
        sent = [0]
        stopped = threading.Event()

        def script(request, connection):
            connection.sendall(STREAM_HEAD)
            piece = chunk(event(delta("x" * 3000)))
            try:
                for _ in range(30_000):
                    connection.sendall(piece)
                    sent[0] += len(piece)
            finally:
                stopped.set()

        self.script = script
        connection = self.open_stream()
        last, deadline = -1, time.monotonic() + 60
        while sent[0] != last and time.monotonic() < deadline:
            last = sent[0]
            time.sleep(0.5)
        self.assertFalse(stopped.is_set(), "100 MB were taken for a client that reads nothing")
        self.assertLess(sent[0], 60_000_000)
        connection.close()
        self.assertTrue(stopped.wait(60))

    def test_many_streams_at_once_all_arrive(self):
        def script(request, connection):
            connection.sendall(STREAM_HEAD)
            for i in range(20):
                connection.sendall(chunk(event(delta(f"{request.json()['n']}-{i}"))))
                time.sleep(0.002)
            connection.sendall(chunk(event(b"[DONE]")) + b"0\r\n\r\n")

        self.script = script
        connections = [self.open_stream(n=n) for n in range(60)]
        for n, connection in enumerate(connections):
            response = Response(connection)
            self.assertTrue(response.whole)
            expected = [event(delta(f"{n}-{i}")) for i in range(20)] + [event(b"[DONE]")]
            self.assertEqual(response.body, b"".join(expected))


def read_until(connection, end):
    data = b""
    while not data.endswith(end):
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


class ManyConnectionsFewBuffers(unittest.TestCase):
    def test_two_receive_buffers_serve_two_hundred_connections(self):
        few = "  small_buffers: 2\n  bulk_buffers: 1\n"
        with Upstream() as upstream, Gateway(upstream.address, io=few) as gateway:
            connections = [gateway.connect() for _ in range(200)]
            for connection in connections:
                connection.sendall(request(chat()))
            for connection in connections:
                self.assertEqual(Response(connection).status, 200)
                connection.close()


if __name__ == "__main__":
    unittest.main()
