"""Bodies that pass through unread, and clients or providers that do not play along."""

import contextlib
import itertools
import pathlib
import shutil
import tempfile
import threading
import time
import unittest

from gateway import KEY, Gateway, Response, chat, request
from tls_test import certificate
from upstream import EarlyUpstream, Upstream, answer

PASSTHROUGH = """passthrough:
  - path: /v1/audio/x
    methods: [POST]
    provider: openai
"""


def upload(length, path="/v1/audio/x"):
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: audio/wav\r\nContent-Length: {length}\r\n\r\n".encode()


class Uploads(unittest.TestCase):
    def test_the_rest_of_an_upload_that_was_answered_early_is_thrown_away(self):
        early = threading.Event()

        def say(connection):
            connection.sendall(answer(b"{}", status="413 Too Large"))
            early.wait(60)

        with EarlyUpstream(say) as upstream, Gateway(upstream.address, extra=PASSTHROUGH) as gateway:
            for _ in range(3):
                with gateway.connect() as connection:
                    connection.sendall(upload(1_000_000) + b"x" * 10)
                    response = Response(connection)
                    self.assertEqual(response.status, 413)
                    connection.sendall(b"x" * 200_000)
            early.set()
            self.assertIsNone(gateway.process.poll())

    def test_an_upload_that_is_found_bad_when_its_answer_has_begun_ends_with_its_connection(self):
        head = f"POST /v1/audio/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: audio/wav\r\n"
        begun = {
            "for the client": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "a failure": b"HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\nhello",
            "a head that is not whole": b"HTTP/1.1 200 OK\r\nContent-Len",
        }
        for (what, said), (first, bad) in itertools.product(begun.items(), (
                (b"5\r\nabcde\r\n", b"zz\r\n"), (b"1\r\n \r\n", b'5\r\n{"a":\r\n'))):
            over = threading.Event()

            def say(connection, said=said, over=over):
                connection.sendall(said)
                over.wait(60)

            with self.subTest(what=what, bad=bad), EarlyUpstream(say) as upstream, \
                    Gateway(upstream.address, extra=PASSTHROUGH) as gateway:
                with gateway.connect() as connection:
                    connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + first)
                    got = b""
                    while what == "for the client" and b"hello" not in got:
                        got += connection.recv(4096)
                    # Its own page is one.
                    gateway.wait_for_metric("headrace_requests_in_flight", lambda count: count == 2)
                    connection.sendall(bad)
                    with contextlib.suppress(ConnectionResetError):
                        while piece := connection.recv(4096):
                            got += piece
                over.set()
                self.assertFalse(got.endswith(b"0\r\n\r\n"))
                self.assertIsNone(gateway.process.poll())
                self.assertEqual(gateway.log_lines(1)[0]["status"], int(got.split()[1]))

    def test_a_client_that_leaves_after_its_upload_is_noticed(self):
        arrived, go_on = threading.Event(), threading.Event()

        def script(request, connection):
            arrived.set()
            self.left = connection.recv(1)
            go_on.set()
            return False

        with Upstream(script) as upstream, Gateway(upstream.address, extra=PASSTHROUGH) as gateway:
            with gateway.connect() as connection:
                connection.sendall(upload(50_000) + b"x" * 100)
                time.sleep(0.05)
                connection.sendall(b"x" * 49_900)
                self.assertTrue(arrived.wait(60))
            self.assertTrue(go_on.wait(120))
            self.assertEqual(self.left, b"")

    def test_a_client_is_not_blamed_for_a_slow_provider(self):
        limits = PASSTHROUGH + "http:\n  rate_grace_ms: 300\n"

        class Slow(Upstream):
            def _serve(self, connection):
                time.sleep(1.5)
                super()._serve(connection)

        body = b"x" * 12_000_000
        with Slow() as upstream, Gateway(upstream.address, extra=limits) as gateway, gateway.connect() as connection:
            sender = threading.Thread(target=connection.sendall, args=(upload(len(body)) + body,))
            sender.start()
            self.assertEqual(Response(connection).status, 200)
            sender.join()
            self.assertEqual(upstream.requests[-1].body, body)

    def test_uploads_arrive_by_tls_in_records_of_any_size(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="headrace-uploads-"))
        self.addCleanup(shutil.rmtree, folder)
        cert, key = certificate(folder, "main", ["gateway.test", "127.0.0.1"])
        listener = f"    tls: true\n    certificates:\n      - certificate_file: {cert}\n        key_file: {key}"
        import ssl

        context = ssl.create_default_context(cafile=cert)
        body = bytes(range(256)) * 800
        with Upstream() as upstream, Gateway(upstream.address, extra=PASSTHROUGH, listener=listener) as gateway:
            with context.wrap_socket(gateway.connect(), server_hostname="gateway.test") as connection:
                connection.sendall(upload(len(body)))
                connection.sendall(body)
                self.assertEqual(Response(connection).status, 200)
                self.assertEqual(upstream.requests[-1].body, body)

    def test_a_body_that_comes_too_slowly_is_answered_and_touches_no_other(self):
        limits = "http:\n  rate_grace_ms: 200\n"
        with Upstream() as upstream, Gateway(upstream.address, extra=limits) as gateway:
            slow = gateway.connect()
            self.addCleanup(slow.close)
            head = request(b"x" * 9).split(b"Content-Length")[0]
            slow.sendall(head + b"Content-Length: 15000\r\n\r\n{")
            self.assertEqual(Response(slow).status, 408)
            # The next body of this size takes the same memory; what the slow client still sends must
            # not be in it.
            with gateway.connect() as other:
                body = chat(padding="y" * 14_000)
                whole = request(body)
                other.sendall(whole[:-1000])
                time.sleep(0.05)
                slow.sendall(b"Z" * 9_000)
                time.sleep(0.05)
                other.sendall(whole[-1000:])
                self.assertEqual(Response(other).status, 200)
            self.assertEqual(upstream.requests[-1].body, body)

    def test_a_minimal_rate_of_nothing_is_no_rate(self):
        limits = "http:\n  send_bytes_per_second_min: 0\n  body_bytes_per_second_min: 0\n  rate_grace_ms: 100\n"
        with Upstream() as upstream, Gateway(upstream.address, extra=limits) as gateway, gateway.connect() as connection:
            whole = request(chat())
            connection.sendall(whole[:-5])
            time.sleep(0.4)
            connection.sendall(whole[-5:])
            self.assertEqual(Response(connection).status, 200)


if __name__ == "__main__":
    unittest.main()
