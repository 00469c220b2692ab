"""What name_resolution_test runs where port 53 of this machine belongs to nobody else."""

import socket
import struct
import threading
import time
import unittest

from gateway import Gateway, Response, chat, request
from upstream import CHAT_ANSWER, Upstream

ADDRESS = 1  # a record of type A


class NameServer:
    """Answers every name with `address`, or as `mode` says: ok, nxdomain, servfail, silent."""

    def __init__(self, mode="ok", address="127.0.0.1", ttl=0):
        self.mode, self.address, self.ttl = mode, address, ttl
        self.asked = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.socket.settimeout(0.05)
        self.thread, self.over = threading.Thread(target=self._serve), False

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while not self.over:
            try:
                query, who = self.socket.recvfrom(512)
            except TimeoutError:
                continue
            self.asked += 1
            end = query.index(b"\0", 12) + 5
            kind = struct.unpack(">H", query[end - 4 : end - 2])[0]
            code = {"ok": 0, "nxdomain": 3, "servfail": 2}.get(self.mode)
            if code is None:
                continue
            answers = b""
            if code == 0 and kind == ADDRESS:
                answers = struct.pack(">HHHIH", 0xC00C, ADDRESS, 1, self.ttl, 4) + socket.inet_aton(self.address)
            head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, int(bool(answers)), 0, 0)
            self.socket.sendto(head + query[12:end] + answers, who)


def closing(request, connection):
    """Each request needs a connection of its own, and so an address."""
    connection.sendall(CHAT_ANSWER.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    return False


class NameResolution(unittest.TestCase):
    def ask(self, gateway, model="gpt-4o"):
        with gateway.connect() as connection:
            connection.sendall(request(chat(model=model, max_tokens=1), path="/v1/messages" if model.startswith("claude") else "/v1/chat/completions"))
            return Response(connection).status

    def served(self, gateway):
        self.assertEqual(self.ask(gateway), 200)

    def until(self, condition, each=lambda: None, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it never comes to that")
            each()
            time.sleep(0.02)

    def test_a_name_that_changes_is_followed(self):
        with NameServer() as names, Upstream(closing, ("127.0.0.1", 8080)) as first, Upstream(closing, ("127.0.0.2", 8080)) as second:
            with Gateway("provider.test:8080") as gateway:
                self.served(gateway)
                self.assertEqual((len(first.requests), len(second.requests)), (1, 0))
                # A TTL of nothing does not mean a question for every request.
                for _ in range(100):
                    self.served(gateway)
                self.assertLess(names.asked, 20)
                names.address = "127.0.0.2"
                self.until(lambda: second.requests, lambda: self.served(gateway))

    def judge_a_lost_name(self, mode):
        with NameServer() as names, Upstream(closing, ("127.0.0.1", 8080)), Gateway("provider.test:8080") as gateway:
            self.served(gateway)
            names.mode, asked = mode, names.asked
            self.until(lambda: names.asked > asked, lambda: self.served(gateway))
            self.served(gateway)

    def test_a_name_that_fails_is_remembered(self):
        self.judge_a_lost_name("servfail")

    def test_a_name_whose_server_falls_silent_is_remembered(self):
        self.judge_a_lost_name("silent")

    def judge_a_missing_name(self, mode):
        with NameServer(mode) as names, Upstream(address=("127.0.0.1", 8080)) as upstream, Gateway("provider.test:8080") as gateway:
            self.assertEqual(self.ask(gateway), 502)
            self.assertEqual(upstream.requests, [])
            asked = names.asked
            self.until(lambda: names.asked > asked)
            names.mode = "ok"
            self.until(lambda: self.ask(gateway) == 200)
            log = gateway.log.read_text()
            self.assertEqual(log.count("provider.test cannot be resolved"), 1, log)
            self.assertEqual(log.count("provider.test is resolved again"), 1, log)

    def test_a_name_that_is_not_there_is_a_502_and_found_when_it_comes(self):
        self.judge_a_missing_name("nxdomain")

    def test_a_name_that_cannot_be_told_is_a_502_and_found_when_it_comes(self):
        self.judge_a_missing_name("servfail")

    def test_a_name_server_that_says_nothing_holds_nobody_else_up(self):
        with NameServer("silent"), Upstream(address=("127.0.0.1", 8080)) as upstream:
            gateway = Gateway("provider.test:8080", provider="    connect_timeout_ms: 1000\n")
            text = gateway.config_text().replace("http://provider.test:8080\n", "http://127.0.0.1:8080\n", 2)
            gateway.config_text = lambda: text.replace("http://127.0.0.1:8080/v1", "http://provider.test:8080/v1")
            with gateway:
                waiting = [gateway.connect() for _ in range(50)]
                for connection in waiting:
                    connection.sendall(request(chat()))
                for _ in range(50):  # served while the others wait for the name
                    self.assertEqual(self.ask(gateway, "claude-x"), 200)
                for connection in waiting:
                    self.assertIn(Response(connection).status, (502, 504))
                    connection.close()
                self.assertEqual(len(upstream.requests), 50)


if __name__ == "__main__":
    unittest.main()
