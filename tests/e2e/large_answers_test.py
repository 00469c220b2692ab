"""Large answers that pass through unread: from socket to socket, without a copy on the way."""

import random
import threading
import time
import unittest

from gateway import KEY, Gateway, Response, read_to_end
from upstream import Upstream, answer

PASSTHROUGH = """passthrough:
  - path: /v1/audio/x
    methods: [POST]
    provider: openai
"""
REQUEST = (
    f"POST /v1/audio/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 2\r\n\r\n{{}}"
).encode()
SPLICED_BYTES = 3_000_000


def opaque(body):
    return answer(body, content_type="application/octet-stream")


def noise(seed, size=SPLICED_BYTES):
    return random.Random(seed).randbytes(size)


class LargeAnswers(unittest.TestCase):
    def test_every_byte_arrives_on_kept_connections_side_by_side(self):
        bodies = {str(seed): noise(seed, SPLICED_BYTES + seed) for seed in range(6)}

        def script(request, connection):
            connection.sendall(opaque(bodies[request.all("X-Body")[0]]))

        def fetch(gateway, order, wrong):
            with gateway.connect() as connection:
                for name in order:
                    connection.sendall(REQUEST.replace(b"\r\n\r\n", f"\r\nX-Body: {name}\r\n\r\n".encode(), 1))
                    if Response(connection).body != bodies[name]:
                        wrong.append(name)

        with Upstream(script) as upstream, Gateway(upstream.address, extra=PASSTHROUGH) as gateway:
            wrong = []
            orders = [random.Random(i).sample(sorted(bodies), len(bodies)) for i in range(4)]
            threads = [threading.Thread(target=fetch, args=(gateway, order, wrong)) for order in orders]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(wrong, [])
            self.assertLessEqual(upstream.connections, len(orders))
            for line in gateway.log_lines(24):
                self.assertEqual(line["status"], 200)
                self.assertGreaterEqual(line["bytes_out"], SPLICED_BYTES)

    def test_a_client_that_leaves_amid_it_takes_the_provider_with_it_and_nobody_else(self):
        left = threading.Event()
        # More than the kernel takes ahead of a client that does not read: it would be sent, and nobody left.
        body = noise(1, 8 * SPLICED_BYTES)

        def script(request, connection):
            try:
                for _ in range(20):
                    connection.sendall(opaque(body) if _ == 0 else b"")
                    if connection.recv(1) == b"":
                        break
            except OSError:
                pass
            left.set()
            return False

        with Upstream(script) as upstream, Gateway(upstream.address, extra=PASSTHROUGH) as gateway:
            with gateway.connect() as leaver:
                leaver.sendall(REQUEST)
                self.assertTrue(leaver.recv(100_000).startswith(b"HTTP/1.1 200 "))
            self.assertTrue(left.wait(60))
            gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value <= 1)  # this one
            upstream.script = lambda request, connection: connection.sendall(opaque(body))
            with gateway.connect() as connection:
                connection.sendall(REQUEST)
                self.assertEqual(Response(connection).body, body)

    def test_a_provider_that_breaks_off_leaves_an_answer_that_is_visibly_incomplete(self):
        body = noise(2)

        def script(request, connection):
            connection.sendall(opaque(body)[: -SPLICED_BYTES // 2])
            return False

        with Upstream(script) as upstream, Gateway(upstream.address, extra=PASSTHROUGH) as gateway:
            with gateway.connect() as connection:
                connection.sendall(REQUEST)
                data = read_to_end(connection)
            head, _, got = data.partition(b"\r\n\r\n")
            self.assertIn(f"Content-Length: {len(body)}".encode(), head)
            self.assertLess(len(got), len(body))
            self.assertTrue(body.startswith(got))
            self.assertTrue(gateway.log_lines(1)[0]["cut"])

    def test_a_reader_that_stalls_is_let_go_and_the_provider_is_not_blamed(self):
        body = noise(3, 30_000_000)

        def script(request, connection):
            try:
                connection.sendall(opaque(body))
            except OSError:
                pass
            return False

        provider = "    gap_timeout_ms: 500\n"
        with Upstream(script) as upstream, Gateway(
            upstream.address, extra=PASSTHROUGH, provider=provider
        ) as gateway, gateway.connect() as connection:
            connection.sendall(REQUEST)
            time.sleep(2.5)
            line = gateway.log_lines(1)[0]
            self.assertNotIn("upstream_failure", line)
            self.assertTrue(line["cut"])


if __name__ == "__main__":
    unittest.main()
