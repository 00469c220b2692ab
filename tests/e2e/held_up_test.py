"""Those who hold others up (slow readers, busy providers, dripping uploads), and that they hold up
nobody but themselves."""

import socket
import threading
import time
import unittest

from gateway import KEY, Gateway, Response, chat, request, reserve_port
from upstream import CHAT_ANSWER, STREAM_HEAD, EarlyUpstream, Upstream, answer, chunk, delta, event, reset

PASSTHROUGH = """passthrough:
  - path: /v1/audio/x
    methods: [POST]
    provider: openai
"""
FEW_BUFFERS = "  small_buffers: 16\n  bulk_buffers: 2\n"
MESSAGES = {"path": "/v1/messages", "headers": ["anthropic-version: 2023-06-01"]}


def upload(length, path="/v1/audio/x"):
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: audio/wav\r\nContent-Length: {length}\r\n\r\n".encode()


def message():
    return request(chat(model="claude-x", max_tokens=5), **MESSAGES)


class HeldUp(unittest.TestCase):
    def connect_with_small_window(self, gateway):
        connection = socket.socket()
        self.addCleanup(connection.close)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", gateway.port))
        return connection

    def wait_until_stuck(self, gateway):
        # The metrics themselves are some bytes, too.
        name, own = "headrace_downstream_sent_bytes_total", 100_000
        last, since = gateway.metric(name), time.monotonic()
        while time.monotonic() - since < 0.5:
            time.sleep(0.1)
            value = gateway.metric(name)
            if value - last > own:
                since = time.monotonic()
            last = value

    def test_stuck_readers_do_not_starve_others(self):
        def script(request, connection):
            if request.line.startswith("POST /v1/messages"):
                connection.sendall(CHAT_ANSWER)
                return
            connection.sendall(STREAM_HEAD)
            piece = chunk(event(delta("x" * 3000)))
            while True:
                connection.sendall(piece)

        limits = "http:\n  send_bytes_per_second_min: 0\n"
        with Upstream(script) as upstream, Gateway(upstream.address, extra=limits, io=FEW_BUFFERS) as gateway:
            stuck = [self.connect_with_small_window(gateway) for _ in range(60)]
            for connection in stuck:
                connection.sendall(request(chat(stream=True)))
            gateway.wait_for_metric("headrace_streams_open", lambda value: value == 60)
            self.wait_until_stuck(gateway)
            for _ in range(3):
                with gateway.connect(timeout=60) as connection:
                    connection.sendall(message())
                    self.assertEqual(Response(connection).status, 200)
            gateway.wait_for_metric("headrace_buffers_relieved_total", lambda value: value > 0)
            for connection in stuck:
                connection.close()

    def test_a_slow_reader_whose_buffers_were_moved_gets_every_byte(self):
        events = [event(delta(f"{number} " + "y" * (1500 + number * 37 % 3000))) for number in range(1200)]
        readers = 20

        def script(request, connection):
            connection.sendall(STREAM_HEAD)
            for each in events:
                connection.sendall(chunk(each))
            connection.sendall(chunk(event(b"[DONE]")) + b"0\r\n\r\n")

        limits = "http:\n  send_bytes_per_second_min: 0\n"
        with Upstream(script) as upstream, Gateway(upstream.address, extra=limits, io=FEW_BUFFERS) as gateway:
            slow = [self.connect_with_small_window(gateway) for _ in range(readers)]
            for connection in slow:
                connection.sendall(request(chat(stream=True)))
            self.wait_until_stuck(gateway)
            gateway.wait_for_metric("headrace_buffers_relieved_total", lambda value: value > 0)
            expected = b"".join(events) + event(b"[DONE]")
            bodies = {}

            def read(connection):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                bodies[connection] = Response(connection)

            threads = [threading.Thread(target=read, args=(connection,)) for connection in slow]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for response in bodies.values():
                self.assertTrue(response.whole)
                self.assertEqual(response.body, expected)

    def test_requests_that_wait_for_a_connection_do_not_starve_others(self):
        go_on = threading.Event()

        def script(request, connection):
            if not request.line.startswith("POST /v1/messages"):
                go_on.wait(120)
            connection.sendall(CHAT_ANSWER)

        one = "    pool_idle_max: 1\n    pool_total_max: 1\n    connect_timeout_ms: 200000\n"
        with Upstream(script) as upstream, Gateway(upstream.address, provider=one, io=FEW_BUFFERS) as gateway:
            waiting = [gateway.connect() for _ in range(60)]
            for number, connection in enumerate(waiting):
                self.addCleanup(connection.close)
                connection.sendall(request(chat(user=f"user {number}")))
            gateway.wait_for_metric("headrace_requests_total", lambda value: value >= 60)
            with gateway.connect(timeout=60) as connection:
                connection.sendall(message())
                self.assertEqual(Response(connection).status, 200)
            go_on.set()
            for connection in waiting:
                self.assertEqual(Response(connection).status, 200)
            users = {each.json().get("user") for each in upstream.requests}
            self.assertEqual(len(users - {None}), 60, "a request that was moved is not what was sent")
            self.assertGreater(gateway.metric("headrace_requests_moved_total"), 0)

    def test_an_answer_that_came_before_the_body_was_read_is_passed_on(self):
        refusal = answer(b'{"refused":true}', "413 Too Large", headers=["Connection: close"])
        # Closed with bytes unread: a reset follows.
        with EarlyUpstream(lambda connection: connection.sendall(refusal)) as upstream, Gateway(upstream.address) as gateway:
            for _ in range(40):
                with gateway.connect() as connection:
                    body = chat(padding="x" * 3_000_000)
                    sender = threading.Thread(target=self.send, args=(connection, request(body)))
                    sender.start()
                    response = Response(connection)
                    sender.join()
                    self.assertEqual((response.status, response.body), (413, b'{"refused":true}'))

    @staticmethod
    def send(connection, data):
        try:
            connection.sendall(data)
        except OSError:
            pass

    def test_a_provider_that_only_resets_is_told_soon(self):
        class Resetting(Upstream):
            def _serve(self, connection):
                connection.recv(1024)
                reset(connection)

        with Resetting() as upstream, Gateway(upstream.address) as gateway, gateway.connect(timeout=60) as connection:
            connection.sendall(request(chat(padding="x" * 3_000_000)))
            self.assertEqual(Response(connection).status, 502)

    def test_an_upload_that_drips_is_ended(self):
        limits = PASSTHROUGH + "http:\n  rate_grace_ms: 300\n"
        with Upstream() as upstream, Gateway(upstream.address, extra=limits) as gateway, gateway.connect() as connection:
            connection.sendall(upload(10_000))
            over = threading.Event()

            def drip():
                while not over.wait(0.05):
                    self.send(connection, b"x")

            dripping = threading.Thread(target=drip)
            dripping.start()
            try:
                connection.settimeout(8)  # less than the grace that nobody has set
                self.assertEqual(Response(connection).status, 408)
            finally:
                over.set()
                dripping.join()

    def test_an_upload_that_never_begins_is_ended(self):
        limits = PASSTHROUGH + "http:\n  rate_grace_ms: 300\n"
        with Upstream() as upstream, Gateway(upstream.address, extra=limits) as gateway, gateway.connect(8) as connection:
            connection.sendall(upload(10_000).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
            first = Response(connection)
            self.assertEqual(first.status, 100)
            self.assertEqual(Response(connection, first.rest).status, 408)

    def test_who_stops_sending_when_the_answer_begins_gets_all_of_it(self):
        def say(connection):
            connection.sendall(STREAM_HEAD + chunk(event(delta("a"))))
            for _ in range(8):
                time.sleep(0.1)
                connection.sendall(chunk(event(delta("b"))))
            connection.sendall(b"0\r\n\r\n")
            while connection.recv(65536):
                pass

        limits = PASSTHROUGH + "http:\n  rate_grace_ms: 200\n"
        for path in ("/v1/audio/x", "/v1/chat/completions"):
            with EarlyUpstream(say) as upstream, Gateway(upstream.address, extra=limits) as gateway:
                def begin_and_stop():
                    with gateway.connect() as connection:
                        if path == "/v1/audio/x":
                            connection.sendall(upload(100_000) + b"x" * 10)
                        else:
                            connection.sendall(request(chat(padding="x" * 100_000)))
                        return Response(connection)

                for _ in range(20):
                    response = begin_and_stop()
                    if response.status != 408:  # for then the provider was held up, and had not begun in time
                        break
                self.assertEqual((response.status, response.whole), (200, True))
                self.assertEqual(response.body.count(b"data: "), 9)

    def test_a_client_that_leaves_while_its_upload_waits_is_noticed(self):
        arrived, go_on = threading.Event(), threading.Event()

        def script(request, connection):
            arrived.set()
            go_on.wait(120)
            connection.sendall(CHAT_ANSWER)

        one = "    pool_idle_max: 1\n    pool_total_max: 1\n    connect_timeout_ms: 200000\n"
        with Upstream(script) as upstream, Gateway(upstream.address, extra=PASSTHROUGH, provider=one) as gateway:
            with gateway.connect() as first:
                first.sendall(request(chat()))
                self.assertTrue(arrived.wait(60))
                for sent in (b"", b"x" * 9000):
                    with gateway.connect() as second:
                        second.sendall(upload(100_000) + sent)
                        gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 3)
                    gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 2, seconds=60)
                go_on.set()
                self.assertEqual(Response(first).status, 200)

    def test_an_upload_waits_for_a_connection_and_arrives_whole(self):
        arrived, go_on = threading.Event(), threading.Event()

        def script(request, connection):
            if not arrived.is_set():
                arrived.set()
                go_on.wait(120)
            connection.sendall(CHAT_ANSWER)

        body = bytes(range(256)) * 1000
        one = "    pool_idle_max: 1\n    pool_total_max: 1\n    connect_timeout_ms: 200000\n"
        with Upstream(script) as upstream, Gateway(
            upstream.address, extra=PASSTHROUGH, provider=one, io=FEW_BUFFERS
        ) as gateway:
            first = gateway.connect()
            self.addCleanup(first.close)
            first.sendall(request(chat()))
            self.assertTrue(arrived.wait(60))
            uploads = []
            for _ in range(30):
                connection = gateway.connect()
                self.addCleanup(connection.close)
                sender = threading.Thread(target=self.send, args=(connection, upload(len(body)) + body))
                sender.start()
                uploads.append((connection, sender))
            gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 32)
            go_on.set()
            for connection, sender in uploads:
                self.assertEqual(Response(connection).status, 200)
                sender.join()
            self.assertEqual([each.body == body for each in upstream.requests[1:]], [True] * 30)

    def test_a_large_request_sent_ahead_is_served(self):
        go_on = threading.Event()

        def script(request, connection):
            if b"stream" in request.body:
                connection.sendall(STREAM_HEAD + chunk(event(delta("a"))))
                go_on.wait(120)
                connection.sendall(chunk(event(b"[DONE]")) + b"0\r\n\r\n")
            else:
                connection.sendall(CHAT_ANSWER)

        with Upstream(script) as upstream, Gateway(upstream.address) as gateway, gateway.connect() as connection:
            connection.sendall(request(chat(stream=True)))
            buffered = b""
            while b"\r\n\r\n" not in buffered:
                buffered += connection.recv(65536)
            self.assertNotIn(b"Connection: close", buffered)
            bodies = [chat(padding=letter * 400_000) for letter in "ABC"] + [chat(padding="d")] * 3
            sender = threading.Thread(target=self.send, args=(connection, b"".join(map(request, bodies))))
            sender.start()
            time.sleep(0.2)
            go_on.set()
            response = Response(connection, buffered)
            self.assertTrue(response.whole)
            for _ in bodies:
                response = Response(connection, response.rest)
                self.assertEqual(response.status, 200)
            sender.join()
            self.assertEqual([each.body for each in upstream.requests[1:]], bodies)

    def test_the_last_answer_of_a_connection_says_so(self):
        two = "    requests_per_connection_max: 2"
        with Upstream() as upstream, Gateway(upstream.address, listener=two) as gateway:
            with gateway.connect() as connection:
                connection.sendall(request(chat()))
                self.assertNotIn("connection", Response(connection).headers)
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).headers.get("connection"), "close")
                self.assertEqual(connection.recv(1), b"")


class Failures(unittest.TestCase):
    def test_a_request_that_reaches_no_provider_is_one_failure(self):
        with reserve_port() as nobody, Gateway("127.0.0.1:%d" % nobody.getsockname()[1]) as gateway:
            with gateway.connect() as connection:
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).status, 502)
            self.assertEqual(gateway.metric("headrace_upstream_failures_total"), 1)


class AdminAddress(unittest.TestCase):
    def test_a_reload_moves_the_admin_pages(self):
        with Upstream() as upstream, Gateway(upstream.address) as gateway:
            other = reserve_port()
            self.addCleanup(other.close)
            before, gateway.admin_port = gateway.admin_port, other.getsockname()[1]
            gateway.config.write_text(gateway.config_text())
            gateway.signal(1)
            deadline = time.monotonic() + 60
            while True:
                try:
                    self.assertIn(b" 200 ", gateway.admin("/ready").split(b"\r\n")[0])
                    break
                except OSError:
                    self.assertLess(time.monotonic(), deadline, "the admin pages are not served anew")
                    time.sleep(0.02)
            while True:
                try:
                    socket.create_connection(("127.0.0.1", before), timeout=2).close()
                except OSError:
                    break
                self.assertLess(time.monotonic(), deadline, "the old address still listens")
                time.sleep(0.02)


if __name__ == "__main__":
    unittest.main()
