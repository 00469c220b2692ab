"""A gateway with everything on at once (limits, cache, retries, records, several shards) that is
reloaded under load, and killed under load: nobody is failed without need, nothing is counted twice
or forgotten."""

import json
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from gateway import BIN, KEY, Gateway, Response, chat, request
from mock import Mock

COMING_KEY = "hr-CANARY-coming-and-going-0123456789"
LOAD_THREADS = 4


class Everything(Gateway):
    """`generation` odd: a second listener, a second key, another limit, a cache and other times."""

    def __init__(self, upstream, folder, **arguments):
        super().__init__(upstream, shards=2, resilience=True, arguments=["--region", folder / "region"], **arguments)
        self.place, self.generation = folder, 0
        self.second = folder / "second.sock"

    def config_text(self):
        odd = self.generation % 2
        text = super().config_text()
        text = text.replace("    passthrough: true\n", f"""    passthrough: true
    limits:
      - {{measure: requests, per: total, value: {1000000 + odd}}}
      - {{measure: tokens, per: total, value: 1000000000}}
      - {{measure: concurrent, value: 100}}
""", 1)
        text = text.replace("\nroutes:", f"""
routes:
  - models: [kept]
    targets: [{{provider: openai, model: gpt-4o}}]
    retry: {{tries: {2 + odd}, base_ms: 10}}
    cache: {{mode: {"always" if odd else "asked"}, deterministic_only: false, ttl_ms: 200}}""", 1)
        if odd:
            text = text.replace("\nadmin:", f"\n  - address: unix:{self.second}\nadmin:", 1)
            text = text.replace("\nkeys:", f"\nkeys:\n  - {{name: coming, key: {COMING_KEY}, limits: [{{measure: requests, per: minute, value: 5}}]}}", 1)
        return text + f"""
journal:
  directory: {self.place}/journal
  flush_interval_ms: 10
  records_per_second_planned: 200
  requests_under_way_max: 256
prices:
  - {{provider: openai, models: ["*"], input_micro_usd: {1000000 + odd}, output_micro_usd: 2000000}}
"""

    def used(self, measure="requests", key=KEY):
        with self.connect() as connection:
            connection.sendall(request(method="GET", path="/v1/headrace/usage", key=key))
            limits = Response(connection).json()["limits"]
        return next(limit["used"] for limit in limits if limit["measure"] == measure)

    def records(self):
        run = subprocess.run([BIN / "headracectl", "records", "--journal", self.place / "journal", "-o", "json"],
                             capture_output=True, text=True, timeout=60, check=True)
        return [row for row in map(json.loads, run.stdout.splitlines()) if "id" in row]


class Load:
    """Threads that ask one after another: plain answers, streams, what may be kept."""

    def __init__(self, gateway, may_fail):
        self.gateway, self.may_fail = gateway, may_fail
        self.sent, self.answered, self.failures = 0, 0, []
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(LOAD_THREADS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def run(self, number):
        messages = [request(chat()), request(chat(stream=True)), request(chat(model="kept", user=str(number)))]
        while not self.stop.is_set():
            try:
                with self.gateway.connect(timeout=60) as connection:
                    for message in messages * 3:
                        with self.lock:
                            self.sent += 1
                        connection.sendall(message)
                        response = Response(connection)
                        good = response.whole and response.status == 200
                        with self.lock:
                            self.answered += good
                            if not good:
                                self.failures.append((response.status, response.body[:200]))
                        if not good or self.stop.is_set():
                            break
            except OSError as error:
                with self.lock:
                    self.failures.append(error)
                if self.may_fail:
                    time.sleep(0.01)


class EverythingOn(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(dir="/dev/shm")))
        self.mock = self.enterContext(Mock("--answer-tokens", "12"))
        self.gateway = self.enterContext(Everything(self.mock.address, self.folder))

    def reload(self):
        self.gateway.generation += 1
        self.gateway.config.write_text(self.gateway.config_text())
        before = self.gateway.metric("headrace_config_generation")
        self.gateway.signal(signal.SIGHUP)
        self.gateway.wait_for_metric("headrace_config_generation", lambda value: value > before)

    def ask_second(self, key):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            try:
                connection.connect(str(self.gateway.second))
            except ConnectionRefusedError:
                return None  # it is there, and does not listen yet
            connection.sendall(request(chat(), key=key))
            return Response(connection).status

    def wait_for(self, predicate):
        deadline = time.monotonic() + 60
        while not predicate():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_reloads_that_change_limits_keys_and_listeners_fail_nobody(self):
        with Load(self.gateway, may_fail=False) as load:
            for _ in range(6):
                self.reload()
                if self.gateway.generation % 2:
                    self.wait_for(self.gateway.second.exists)
                    self.wait_for(lambda: self.ask_second(COMING_KEY) in (200, 429))
                    self.assertEqual(self.ask_second(KEY), 200)
                    load.sent += 1
                    load.answered += 1
                else:
                    self.wait_for(lambda: self.ask_first(COMING_KEY) == 401)
            self.wait_for(lambda: load.answered > 100)
        self.assertEqual(load.failures, [])
        self.assertGreater(load.answered, 100)
        # What shards hold of it comes back when nobody asks.
        self.wait_for(lambda: self.gateway.used() == load.answered)
        time.sleep(0.2)
        self.assertEqual(self.gateway.used(), load.answered)
        self.gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value <= 1)
        self.assertEqual(self.gateway.used("concurrent"), 0)
        self.wait_for(lambda: len(self.gateway.records()) >= load.answered)

    def ask_first(self, key):
        with self.gateway.connect() as connection:
            connection.sendall(request(chat(), key=key))
            return Response(connection).status

    def test_killed_and_started_again_under_load_it_counts_what_it_answered(self):
        with Load(self.gateway, may_fail=True) as load:
            for number in range(4):
                time.sleep(0.3)
                self.gateway.process.kill()
                self.gateway.process.wait()
                self.gateway.generation = number
                self.gateway.config.write_text(self.gateway.config_text())
                self.gateway.start()
            time.sleep(0.3)
        # What was under way when it died stays counted; nothing that was answered is forgotten. What
        # shards hold of it comes back when nobody asks.
        self.wait_for(lambda: self.gateway.used() <= load.sent)
        self.assertGreaterEqual(self.gateway.used(), load.answered)
        self.gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value <= 1)
        self.wait_for(lambda: self.gateway.used("concurrent") == 0)
        self.wait_for(lambda: len(self.gateway.records()) >= load.answered)
        records = self.gateway.records()
        self.assertEqual(len({record["id"] for record in records}), len(records))
        self.assertLessEqual(len(records), load.sent)


if __name__ == "__main__":
    unittest.main()
