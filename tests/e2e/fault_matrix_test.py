"""Faults of the world around a request that is being forwarded: providers that break, drip or fall
silent, clients that leave, reloads, overload. Counts decide: what was lost, doubled, left open."""

import json
import os
import pathlib
import resource
import signal
import socket
import threading
import time
import unittest

from gateway import SANITIZED, Gateway, Response, chat, read_to_end, request
from upstream import CHAT, CHAT_ANSWER, STREAM_HEAD, Upstream, answer, chunk, delta, event, reset

PASSTHROUGH = """passthrough:
  - path: /v1/audio/x
    methods: [GET, POST]
    provider: openai
"""
WHOLE = json.dumps(CHAT).encode()
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CUT_LENGTH = JSON + b"Content-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE[:20]
CUT_CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(WHOLE[:20])
CUT_EVENTS = STREAM_HEAD + chunk(event(delta("a")))
CUT_EVENT = STREAM_HEAD + chunk(event(delta("a"))) + chunk(b'data: {"choi')

# where it breaks: bytes before it, does the client get a status of its own or a broken answer
BREAKS = {
    "before the answer": (b"", 502),
    "within the status line": (b"HTTP/1.1 20", 502),
    "within the head": (JSON + b"Content-", 502),
    "behind an interim answer": (b"HTTP/1.1 100 Continue\r\n\r\n", 502),
    "behind the head": (JSON + b"Content-Length: 50\r\n\r\n", 200),
    "within a body of known length": (CUT_LENGTH, 200),
    "within chunks": (CUT_CHUNKED, 200),
    "between events": (CUT_EVENTS, 200),
    "within an event": (CUT_EVENT, 200),
}


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def nothing_is_left(test, gateway, files):
    """Everything that a test opened is closed again. The admin's own request and connection count."""
    gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)
    gateway.wait_for_metric("headrace_streams_open", lambda value: value == 0)
    gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)
    deadline = time.monotonic() + 10
    while gateway.open_files() > files and time.monotonic() < deadline:
        time.sleep(0.02)
    test.assertLessEqual(gateway.open_files(), files)


class UpstreamBreaks(unittest.TestCase):
    """F12."""

    def break_off(self, data, by_reset):
        def script(request, connection):
            if request.json().get("warm"):
                connection.sendall(CHAT_ANSWER)
                return None
            connection.sendall(data)
            if data:
                time.sleep(0.01)  # a reset overtakes what was sent
            if by_reset:
                reset(connection)
            return False

        return script

    def test_wherever_it_breaks_the_client_sees_it_and_nothing_is_sent_twice(self):
        script = [None]
        with Upstream(lambda *args: script[0](*args)) as upstream, Gateway(upstream.address) as gateway:
            for where, (data, status) in BREAKS.items():
                for by_reset in (False, True):
                    for reused in (False, True):
                        script[0] = self.break_off(data, by_reset)
                        with self.subTest(where=where, by_reset=by_reset, reused=reused), gateway.connect() as connection:
                            if reused:
                                connection.sendall(request(chat(warm=True)))
                                self.assertEqual(Response(connection).status, 200)
                            upstream.requests.clear()
                            connection.sendall(request(chat(stream=data.startswith(STREAM_HEAD))))
                            response = Response(connection)
                            self.assertEqual(response.status, status)
                            self.assertEqual(response.whole, status != 200)
                            # A kept connection that dies without a byte of an answer is replaced
                            # once; with a byte, never.
                            self.assertEqual(len(upstream.requests), 2 if reused and not data else 1)
                            if data.startswith(STREAM_HEAD):
                                events = [each for each in response.body.split(b"\n\n") if each]
                                self.assertEqual(events[0] + b"\n\n", event(delta("a")))
                                self.assertIn("error", json.loads(events[-1].removeprefix(b"data: ")))
                                self.assertEqual(len(events), 2)
                            self.assertNotIn(upstream.address.encode(), response.body)
            lines = gateway.log_lines(len(BREAKS) * 6)
            broken = [line for line in lines if line["status"] == 200 and line.get("cut")]
            self.assertEqual(len(broken), sum(status == 200 for _, status in BREAKS.values()) * 4)

    def test_a_body_that_ends_with_its_connection_is_whole_only_when_that_ends_well(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n\r\nhello"
        script = [None]
        with Upstream(lambda *args: script[0](*args)) as upstream, Gateway(upstream.address) as gateway:
            for by_reset in (False, True):
                script[0] = self.break_off(head, by_reset)
                with self.subTest(by_reset=by_reset), gateway.connect() as connection:
                    connection.sendall(request(chat()))
                    response = Response(connection)
                    self.assertEqual((response.status, response.body), (200, b"hello"))
                    self.assertEqual(response.whole, not by_reset)

    def test_a_dead_kept_connection_is_replaced_by_a_fresh_one(self):
        # Each connection serves one request and dies of the second without a word.
        together, served = threading.Barrier(3), {}

        def script(request, connection):
            if served.setdefault(connection, 0) == 1:
                return False
            served[connection] = 1
            if request.json().get("warm"):
                together.wait(10)
            connection.sendall(CHAT_ANSWER)

        with Upstream(script) as upstream, Gateway(upstream.address) as gateway:
            clients = [gateway.connect() for _ in range(3)]
            for client in clients:
                client.sendall(request(chat(warm=True)))
            for client in clients:
                self.assertEqual(Response(client).status, 200)
            clients[0].sendall(request(chat()))
            self.assertEqual(Response(clients[0]).status, 200)
            for client in clients:
                client.close()

    def test_a_provider_that_is_away_comes_back(self):
        # Nobody listens there, but nobody else is given the port either.
        place = self.enterContext(socket.socket())
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", 0))
        address = place.getsockname()
        with Gateway("127.0.0.1:%d" % address[1]) as gateway, gateway.connect() as connection:
            for _ in range(5):
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).status, 502)
            with Upstream(address=address):
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).status, 200)


class UpstreamIsSlow(unittest.TestCase):
    """F13."""

    def gateway(self, upstream, **timeouts):
        lines = "".join(f"    {name}: {value}\n" for name, value in timeouts.items())
        return Gateway(upstream.address, provider=lines)

    def ask(self, gateway, stream=False, path="/v1/chat/completions", model="gpt-4o"):
        with gateway.connect() as connection:
            connection.sendall(request(chat(model=model, stream=stream, max_tokens=9), path=path))
            return Response(connection)

    def test_silence_before_the_answer_is_a_504(self):
        for data in (b"", b"HTTP/1.1 2", b"HTTP/1.1 100 Continue\r\n\r\n"):
            def script(request, connection):
                connection.sendall(data)
                self.assertEqual(connection.recv(1), b"")  # the gateway gives up

            with self.subTest(data=data), Upstream(script) as upstream, self.gateway(upstream, first_byte_timeout_ms=200) as gateway:
                response = self.ask(gateway)
                self.assertEqual((response.status, response.whole), (504, True))
                self.assertTrue(upstream.closed_by_peer.wait(10) or not upstream.open)

    def test_silence_within_the_answer_breaks_it_off(self):
        for data, stream in ((CUT_LENGTH, False), (CUT_CHUNKED, False), (CUT_EVENTS, True), (CUT_EVENT, True)):
            def script(request, connection):
                connection.sendall(data)
                connection.recv(1)

            with self.subTest(data=data), Upstream(script) as upstream, self.gateway(upstream, gap_timeout_ms=200) as gateway:
                response = self.ask(gateway, stream)
                self.assertEqual((response.status, response.whole), (200, False))
                if stream:
                    last = [each for each in response.body.split(b"\n\n") if each][-1]
                    self.assertIn("error", json.loads(last.removeprefix(b"data: ")))
                self.assertTrue(upstream.closed_by_peer.wait(10))

    def test_an_answer_that_never_ends_has_a_total_time(self):
        def script(request, connection):
            connection.sendall(STREAM_HEAD)
            while True:
                connection.sendall(chunk(event(delta("on and on"))))
                time.sleep(0.02)

        with Upstream(script) as upstream, self.gateway(upstream, connect_timeout_ms=500, first_byte_timeout_ms=500, gap_timeout_ms=500, total_timeout_ms=500) as gateway:
            response = self.ask(gateway, True)
            self.assertFalse(response.whole)
            self.assertIn(b"error", response.body)
            self.assertTrue(upstream.closed_by_peer.wait(10))

    def test_a_provider_that_takes_no_connection_is_a_504(self):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        crowd = []
        self.addCleanup(lambda: [each.close() for each in crowd + [listener]])
        for _ in range(4):  # until the queue of those who wait is full
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
            crowd.append(each)
        with Gateway("127.0.0.1:%d" % listener.getsockname()[1], provider="    connect_timeout_ms: 300\n") as gateway:
            self.assertEqual(self.ask(gateway).status, 504)
            nothing_is_left(self, gateway, gateway.open_files())

    def test_many_answers_that_drip_arrive_and_cost_little(self):
        count = 300
        text = b"".join(event(delta(str(i))) for i in range(2)) + event(b"[DONE]")
        gate = threading.Barrier(count + 1)

        def script(request, connection):
            connection.sendall(STREAM_HEAD + chunk(text[:1]))
            gate.wait(30)
            for i in range(1, len(text)):
                connection.sendall(chunk(text[i : i + 1]))
            connection.sendall(b"0\r\n\r\n")

        with Upstream(script) as upstream, Gateway(upstream.address) as gateway:
            before = resident_bytes(gateway.process.pid)
            connections = [gateway.connect() for _ in range(count)]
            for connection in connections:
                connection.sendall(request(chat(stream=True, stream_options={"include_usage": True})))
            gate.wait(30)
            for connection in connections:
                response = Response(connection)
                self.assertTrue(response.whole)
                self.assertEqual(response.body, text)
                connection.close()
            self.assertLess((resident_bytes(gateway.process.pid) - before) / count, 32 << 10)


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
            deadline = time.monotonic() + 10
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


class Reloads(unittest.TestCase):
    """F15, within the process."""

    def test_streams_and_uploads_go_on_through_reloads_and_nothing_grows(self):
        go_on = threading.Event()

        def script(request, connection):
            if request.line.startswith("POST /v1/audio/x"):
                connection.sendall(answer(str(len(request.body)).encode()))
                return
            if not request.json().get("stream"):
                connection.sendall(CHAT_ANSWER)
                return
            connection.sendall(STREAM_HEAD + chunk(event(delta("first"))))
            go_on.wait(30)
            connection.sendall(chunk(event(delta("last"))) + chunk(event(b"[DONE]")) + b"0\r\n\r\n")

        with Upstream(script) as upstream, Gateway(upstream.address, extra=PASSTHROUGH) as gateway:
            def short(connection):
                connection.sendall(request(chat()))
                response = Response(connection)
                self.assertEqual((response.status, response.whole), (200, True))

            generation = 1

            def reload():
                nonlocal generation
                generation += 1
                gateway.signal(signal.SIGHUP)
                gateway.wait_for_metric("headrace_config_generation", lambda value: value == generation)

            with gateway.connect() as kept:
                short(kept)
                for _ in range(10):  # what the first reloads cost once
                    reload()
                    short(kept)
                files, memory = gateway.open_files(), resident_bytes(gateway.process.pid)
                streams = [gateway.connect() for _ in range(30)]
                for connection in streams:
                    connection.sendall(request(chat(stream=True)))
                upload = gateway.connect()
                upload.sendall(request(None, path="/v1/audio/x", headers=["Content-Length: 4000"]) + b"x" * 100)
                for connection in streams:
                    data = connection.recv(65536)
                    while b"first" not in data:
                        data += connection.recv(65536)
                for i in range(39):
                    reload()
                    short(kept)
                    upload.sendall(b"x" * 100)
                go_on.set()
                for connection in streams:
                    data = b""
                    while not data.endswith(b"0\r\n\r\n"):
                        piece = connection.recv(65536)
                        self.assertTrue(piece, "a stream was dropped")
                        data += piece
                    self.assertIn(b"last", data)
                    connection.close()
                self.assertEqual(Response(upload).body, b"4000")
                upload.close()
                reload()
                short(kept)
                deadline = time.monotonic() + 10
                while gateway.open_files() > files and time.monotonic() < deadline:
                    time.sleep(0.02)
                self.assertLessEqual(gateway.open_files(), files)
                # What the streams themselves touched, and no config that was forgotten.
                if not SANITIZED:
                    self.assertLess(resident_bytes(gateway.process.pid) - memory, 30 * (32 << 10) + (1 << 20))
            gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)

    def test_garbage_on_reload_changes_nothing(self):
        with Upstream() as upstream, Gateway(upstream.address) as gateway, gateway.connect() as connection:
            good = gateway.config_text()
            bad = ("", "\x00", "[" * 10_000, "a: &a [*a, *a]\n", good[: good.index("address") + 3], good + good, "listeners: 5\n", "\ufeff%YAML 9.9\n---\n")
            for number, text in enumerate(bad, 1):
                gateway.config.write_text(text)
                gateway.signal(signal.SIGHUP)
                gateway.wait_for_metric("headrace_config_reloads_failed_total", lambda value: value == number)
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).status, 200)
            gateway.config.unlink()
            gateway.signal(signal.SIGHUP)
            gateway.wait_for_metric("headrace_config_reloads_failed_total", lambda value: value == len(bad) + 1)
            gateway.config.write_text(good)
            gateway.signal(signal.SIGHUP)
            gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
            self.assertNotIn("CANARY", gateway.log.read_text())


class Limits(unittest.TestCase):
    """F17 and F19."""

    def test_out_of_descriptors_a_stream_goes_on(self):
        go_on = threading.Event()

        def script(request, connection):
            connection.sendall(STREAM_HEAD)
            for i in range(200):
                connection.sendall(chunk(event(delta(str(i)))))
                time.sleep(0.005)
                if i == 100:
                    go_on.wait(20)
            connection.sendall(chunk(event(b"[DONE]")) + b"0\r\n\r\n")

        with Upstream(script) as upstream, Gateway(upstream.address, files_max=96) as gateway:
            with gateway.connect() as stream:
                stream.sendall(request(chat(stream=True, stream_options={"include_usage": True})))
                first = stream.recv(1)
                crowd = [gateway.connect() for _ in range(200)]
                for connection in crowd:
                    connection.sendall(request(chat(stream=True)))
                time.sleep(0.2)
                go_on.set()
                response = Response(stream, first)
                self.assertTrue(response.whole)
                self.assertEqual(response.body, b"".join(event(delta(str(i))) for i in range(200)) + event(b"[DONE]"))
                for connection in crowd:
                    connection.close()

    def test_descriptors_that_are_used_again_at_once_meet_no_old_news(self):
        seen = []

        def script(request, connection):
            n = request.json()["n"]
            seen.append(n)
            connection.sendall(answer(b'{"n":%d}' % n, headers=["Connection: close"] if n % 2 else []))
            return False if n % 2 else None

        with Upstream(script) as upstream, Gateway(upstream.address, files_max=80) as gateway:
            def run(first):
                for n in range(first, first + 300):
                    with gateway.connect() as connection:
                        connection.sendall(request(chat(n=n)))
                        if n % 5 == 0:
                            reset(connection)
                            continue
                        response = Response(connection)
                        if (response.status, response.body) != (200, b'{"n":%d}' % n):
                            wrong.append((n, response.status, response.body))

            wrong = []
            threads = [threading.Thread(target=run, args=(k * 1000,)) for k in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            self.assertEqual(wrong, [])
            self.assertEqual(len(seen), len(set(seen)), "a request was sent twice")
            gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)

    def test_more_connections_than_allowed_are_closed_and_the_others_served(self):
        with Upstream() as upstream, Gateway(upstream.address, listener="    connections_max: 20\n") as gateway:
            inside = [gateway.connect() for _ in range(20)]
            for connection in inside:
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).status, 200)
            for _ in range(100):
                with gateway.connect() as connection:
                    try:
                        connection.sendall(request(chat()))
                        self.assertEqual(read_to_end(connection), b"")
                    except OSError:
                        pass
            for connection in inside:
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).status, 200)
                connection.close()
            self.assertGreaterEqual(gateway.metric("headrace_connections_refused_total"), 100)
            gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)
            with gateway.connect() as connection:
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).status, 200)

    def test_more_bodies_than_planned_get_503_and_what_runs_ends_well(self):
        extra = "http:\n  body_bytes_max: 1MiB\n  bodies_memory_bytes_max: 4MiB\n"
        data, count = request(chat(padding="x" * 900_000)), 24
        with Upstream() as upstream, Gateway(upstream.address, extra=extra) as gateway:
            memory = resident_bytes(gateway.process.pid)
            connections = [gateway.connect() for _ in range(count)]
            for connection in connections:
                connection.sendall(data[:1000])  # a body's memory is taken with its head
            gateway.wait_for_metric("headrace_requests_failed_total", lambda value: value > 0)
            for n, connection in enumerate(connections):
                connection.settimeout(0.2)
                try:
                    response = Response(connection)
                    self.assertEqual(response.status, 503)
                    self.assertTrue(response.headers["retry-after"])
                    connection.close()
                    connections[n] = None
                except TimeoutError:
                    connection.settimeout(15)
            held = [connection for connection in connections if connection]
            self.assertTrue(0 < len(held) <= 4, len(held))
            for connection in held:
                connection.sendall(data[1000:])
                self.assertEqual(Response(connection).status, 200)
                connection.close()
            self.assertLess(resident_bytes(gateway.process.pid) - memory, 16 << 20)
            with gateway.connect() as connection:
                connection.sendall(data)
                self.assertEqual(Response(connection).status, 200)

    def test_a_flood_beyond_what_a_shard_can_do_loses_no_answer(self):
        """Closed loop on more connections than there is processor: each request has one answer."""
        with Upstream() as upstream, Gateway(upstream.address, provider="    pool_total_max: 8\n    pool_idle_max: 8\n") as gateway:
            connections, each = [gateway.connect() for _ in range(150)], 10
            for connection in connections:
                connection.sendall(request(chat()) * each)
            for connection in connections:
                buffered = b""
                for _ in range(each):
                    response = Response(connection, buffered)
                    self.assertEqual((response.status, response.whole), (200, True))
                    buffered = response.rest
                connection.close()
            self.assertEqual(len(upstream.requests), 150 * each)
            self.assertLessEqual(upstream.connections, 8)


if __name__ == "__main__":
    unittest.main()
