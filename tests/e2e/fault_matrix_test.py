"""Providers that break off, drip or fall silent. Counts decide: what was lost, doubled, left open."""

import json
import socket
import threading
import time
import unittest

from fault_world import nothing_is_left, resident_bytes
from gateway import Gateway, Response, chat, request
from upstream import CHAT, CHAT_ANSWER, STREAM_HEAD, Upstream, chunk, delta, event, reset

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

    def test_a_fresh_connection_that_dies_amid_the_request_is_not_replaced(self):
        class Leaving(Upstream):
            def _serve(self, connection):
                self.open.add(connection)
                with connection:
                    connection.recv(4096)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass

        with Leaving() as upstream, Gateway(upstream.address) as gateway, gateway.connect() as connection:
            connection.sendall(request(chat(padding="x" * 12_000_000)))
            self.assertEqual(Response(connection).status, 502)
            self.assertEqual(upstream.connections, 1)
            self.assertEqual(gateway.metric("headrace_upstream_replays_total"), 0)

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
                together.wait(120)
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
                self.assertTrue(upstream.closed_by_peer.wait(60) or not upstream.open)

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
                self.assertTrue(upstream.closed_by_peer.wait(60))

    def test_an_answer_that_never_ends_has_a_total_time(self):
        def script(request, connection):
            connection.sendall(STREAM_HEAD)
            while True:
                connection.sendall(chunk(event(delta("on and on"))))
                time.sleep(0.02)

        with Upstream(script) as upstream, self.gateway(upstream, connect_timeout_ms=500, first_byte_timeout_ms=500, gap_timeout_ms=500, total_timeout_ms=500) as gateway:
            # A provider that was held up has begun too late: that is another test's.
            for _ in range(20):
                response = self.ask(gateway, True)
                if response.status != 504:
                    break
            self.assertEqual((response.status, response.whole), (200, False))
            self.assertIn(b"error", response.body)
            self.assertTrue(upstream.closed_by_peer.wait(60))

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
            gate.wait(120)
            for i in range(1, len(text)):
                connection.sendall(chunk(text[i : i + 1]))
            connection.sendall(b"0\r\n\r\n")

        with Upstream(script) as upstream, Gateway(upstream.address) as gateway:
            before = resident_bytes(gateway.process.pid)
            connections = [gateway.connect() for _ in range(count)]
            for connection in connections:
                connection.sendall(request(chat(stream=True, stream_options={"include_usage": True})))
            gate.wait(120)
            for connection in connections:
                response = Response(connection)
                self.assertTrue(response.whole)
                self.assertEqual(response.body, text)
                connection.close()
            self.assertLess((resident_bytes(gateway.process.pid) - before) / count, 32 << 10)


if __name__ == "__main__":
    unittest.main()
