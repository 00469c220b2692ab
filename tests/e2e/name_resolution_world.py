"""What name_resolution_test runs where port 53 of this machine belongs to nobody else."""

import os
import socket
import struct
import threading
import time
import unittest

from fault_world import tell
from gateway import Gateway, Response, chat, request
from upstream import CHAT_ANSWER, Upstream

ADDRESS = 1  # a record of type A


class NameServer:
    """Answers every name with `address`, or as `mode` says: ok, nxdomain, servfail, silent; and slow,
    which is ok after `slow_seconds`."""

    def __init__(self, mode="ok", address="127.0.0.1", ttl=0, slow_seconds=3):
        self.mode, self.address, self.ttl, self.slow_seconds = mode, address, ttl, slow_seconds
        self.asked, self.answered_late = 0, []
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
        for late in self.answered_late:
            late.cancel()
            late.join()
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
            mode = self.mode
            code = {"ok": 0, "slow": 0, "nxdomain": 3, "servfail": 2}.get(mode)
            if code is None:
                continue
            answers = b""
            if code == 0 and kind == ADDRESS:
                answers = struct.pack(">HHHIH", 0xC00C, ADDRESS, 1, self.ttl, 4) + socket.inet_aton(self.address)
            head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, int(bool(answers)), 0, 0)
            if mode == "slow":
                late = threading.Timer(self.slow_seconds, self._answer, (head + query[12:end] + answers, who))
                self.answered_late.append(late)
                late.start()
            else:
                self._answer(head + query[12:end] + answers, who)

    def _answer(self, data, who):
        self.socket.sendto(data, who)


def closing(request, connection):
    """Each request needs a connection of its own, and so an address."""
    connection.sendall(CHAT_ANSWER.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    return False


def one_by_name(provider=""):
    """A gateway that knows OpenAI by a name, and the others by their address."""
    gateway = Gateway("provider.test:8080", provider=provider)
    text = gateway.config_text().replace("http://provider.test:8080\n", "http://127.0.0.1:8080\n")
    gateway.config_text = lambda: text
    return gateway


class Names(unittest.TestCase):
    def ask(self, gateway, model="gpt-4o"):
        with gateway.connect() as connection:
            connection.sendall(request(chat(model=model, max_tokens=1), path="/v1/messages" if model.startswith("claude") else "/v1/chat/completions"))
            return Response(connection).status

    def served(self, gateway):
        self.assertEqual(self.ask(gateway), 200)

    def until(self, condition, each=lambda: None, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it never comes to that")
            each()
            time.sleep(0.02)


class NameResolution(Names):
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
            with one_by_name("    connect_timeout_ms: 1000\n") as gateway:
                waiting = [gateway.connect() for _ in range(50)]
                for connection in waiting:
                    connection.sendall(request(chat()))
                for _ in range(50):  # served while the others wait for the name
                    self.assertEqual(self.ask(gateway, "claude-x"), 200)
                for connection in waiting:
                    self.assertIn(Response(connection).status, (502, 504))
                    connection.close()
                self.assertEqual(len(upstream.requests), 50)


class NameServersThatFail(Names):
    """F21: what has been resolved once serves on, and neither its clients nor others wait for a name."""

    # Of those that a provider may be known by for minutes: every way to fail, one after another.
    WAYS = ("nxdomain", "servfail", "slow")

    def test_they_cost_no_request_and_hold_up_no_turn(self):
        long = "HEADRACE_LONG" in os.environ

        def both():
            for model in ("gpt-4o", "claude-x"):
                self.assertEqual(self.ask(gateway, model), 200, names.mode)

        with NameServer(slow_seconds=10 if long else 3) as names, Upstream(closing, ("127.0.0.1", 8080)), \
                Upstream(closing, ("127.0.0.2", 8080)) as second, one_by_name() as gateway:
            both()
            for names.mode in self.WAYS:
                asked, enough = names.asked, time.monotonic() + names.slow_seconds
                self.until(lambda: names.asked > asked and time.monotonic() > enough, both, 60)
            names.mode, names.address = "ok", "127.0.0.2"
            self.until(lambda: second.requests, both, 60)
            if long:
                turn = gateway.metric('headrace_turn_seconds_max{shard="0"}')
                tell("F21 the longest turn of a shard while names fail", turn * 1000, 1, "ms")


if __name__ == "__main__":
    unittest.main()
