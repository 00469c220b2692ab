"""Reloads and overload around requests that are being forwarded: what runs goes on, and what is too much
is refused or waits."""

import select
import signal
import threading
import time
import unittest

from fault_world import resident_bytes
from gateway import SANITIZED, Gateway, Response, chat, read_to_end, request
from upstream import CHAT_ANSWER, STREAM_HEAD, Upstream, answer, chunk, delta, event, reset

PASSTHROUGH = """passthrough:
  - path: /v1/audio/x
    methods: [GET, POST]
    provider: openai
"""


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
            go_on.wait(120)
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
                upload.sendall(request(None, path="/v1/audio/x", headers=["Content-Type: audio/wav", "Content-Length: 4000"]) + b"x" * 100)
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
                deadline = time.monotonic() + 60
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
                    go_on.wait(120)
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
            # Until each has its memory or its refusal; the look itself is one more under way.
            failed = gateway.wait_for_metric(
                "headrace_requests_failed_total",
                lambda value: value > 0 and value + gateway.metric("headrace_requests_in_flight") - 1 == count)
            held = list(connections)
            while len(held) > count - failed:
                for connection in select.select(held, [], [])[0]:
                    response = Response(connection)
                    self.assertEqual(response.status, 503)
                    self.assertTrue(response.headers["retry-after"])
                    connection.close()
                    held.remove(connection)
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
