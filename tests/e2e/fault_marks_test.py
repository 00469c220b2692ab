"""The marks of the fault matrix that are of time, memory and processor: measured, and printed beside what
they are to be (`tools/test --long` shows them at its end). They take minutes and are worth what the machine
is quiet, so that a mark that is missed is told and fails nothing; what was lost, failed or is left over
does. HEADRACE_MARK_CLIENTS and HEADRACE_MARK_SECONDS make them larger."""

import contextlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from fault_world import cpu_seconds, nothing_is_left, resident_bytes, tell
from gateway import BIN, KEY, Gateway, Response, chat, read_to_end, request
from mock import Mock
from name_resolution_test import NetworkOfItsOwn
from tls_test import certificate
from upstream import reset

FILES_MAX = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
CLIENTS = min(int(os.environ.get("HEADRACE_MARK_CLIENTS", "2000")), FILES_MAX - 1000)
SECONDS = int(os.environ.get("HEADRACE_MARK_SECONDS", "30"))


def load(gateway, *options, scheme="http", host="127.0.0.1"):
    """What headrace-load found."""
    ran = subprocess.run([BIN / "headrace-load", "-q", "--json", "-", "--api-key", KEY, "--model", "gpt-4o", *map(str, options),
                          f"{scheme}://{host}:{gateway.port}"], capture_output=True, text=True, timeout=300)
    if ran.returncode not in (0, 2):
        raise AssertionError(ran.stderr)
    return json.loads(ran.stdout)["targets"][0]["steps"][0]


@contextlib.contextmanager
def meanwhile(work):
    """`work` again and again in a thread, until the block ends."""
    over = threading.Event()
    failed = []

    def run():
        try:
            while not over.is_set():
                work(over)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failed:
        raise failed[0]


@unittest.skipUnless("HEADRACE_LONG" in os.environ, "takes minutes: tools/test --long")
class FaultMarks(NetworkOfItsOwn):
    def good(self, gateway, seconds=5, **where):
        """A client like any other: 100 requests a second."""
        step = load(gateway, "--rate", 100, "--connections", 8, "--duration", f"{seconds}s", **where)
        self.assertEqual(step["failed"], 0, step["failures"])
        return step

    def streams(self, gateway, count, *headers):
        connections = []
        for _ in range(count):
            connection = gateway.connect(timeout=60)
            self.addCleanup(connection.close)
            connection.sendall(request(chat(stream=True), headers=headers))
            connections.append(connection)
        return connections

    def test_f13_silent_providers(self):
        gap_ms = 10_000
        with Mock("--stall-at-event", "2") as mock, Gateway(mock.address, provider=f"    gap_timeout_ms: {gap_ms}\n") as gateway:
            self.good(gateway, 1)
            before = resident_bytes(gateway.process.pid)
            begun = time.monotonic()
            crowd = self.streams(gateway, CLIENTS)
            gateway.wait_for_metric("headrace_streams_open", lambda value: value == CLIENTS, 60)
            self.assertLess(time.monotonic() - begun, gap_ms / 1000, "too many for this machine")
            each = (resident_bytes(gateway.process.pid) - before) / CLIENTS / 1024
            tell(f"F13 memory of each of {CLIENTS} silent streams", each, 32, "KiB")
            last = crowd[-1]
            data = last.recv(65536)
            begun = time.monotonic()
            data += read_to_end(last)
            tell("F13 a silent stream ends, beside its gap_timeout_ms", abs(time.monotonic() - begun - gap_ms / 1000), 1, "s")
            self.assertIn(b"error", data)
            gateway.wait_for_metric("headrace_streams_open", lambda value: value == 0, 60)

    def test_f14_clients_that_leave(self):
        endless = ("x-mock-tokens-per-second: 50", "x-mock-answer-tokens: 100000")
        with Mock() as mock, Gateway(mock.address) as gateway:
            self.good(gateway, 1)
            gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)
            files, asked, slowest = gateway.open_files(), int(gateway.metric("headrace_requests_total")), 0.0
            gateway.log_lines(asked)
            batch = min(500, CLIENTS)
            batches = CLIENTS // batch
            for _ in range(batches):
                connections = self.streams(gateway, batch, *endless)
                for connection in connections:
                    self.assertTrue(connection.recv(1))
                for number, connection in enumerate(connections):
                    reset(connection) if number % 2 else connection.close()
                begun = time.monotonic()
                gateway.wait_for_metric("headrace_streams_open", lambda value: value == 0, 30)
                slowest = max(slowest, time.monotonic() - begun)
            tell(f"F14 the calls of {batch} that left are cancelled", slowest, 1, "s")
            begun = time.monotonic()
            nothing_is_left(self, gateway, files)
            tell("F14 descriptors are back", time.monotonic() - begun, 5, "s")
            lines = gateway.log_lines(asked + batch * batches)[asked:]
            self.assertEqual(len(lines), batch * batches)
            self.assertEqual([line for line in lines if not line.get("tokens_out")], [], "it was for nothing")

    def test_f15_reloads_under_load(self):
        def reload(over):
            over.wait(5)
            gateway.signal(signal.SIGHUP)

        with Mock() as mock, Gateway(mock.address, shards=2) as gateway:
            ask = ("--rate", 500, "--connections", 64)
            # What the first ones cost once.
            load(gateway, "--stream", "--connections", 20, "--duration", "2s")
            for _ in range(3):
                gateway.signal(signal.SIGHUP)
                load(gateway, *ask, "--duration", "2s")
            before = load(gateway, *ask, "--duration", "10s")
            memory, files = resident_bytes(gateway.process.pid), gateway.open_files()
            with meanwhile(reload), meanwhile(lambda over: self.assertEqual(
                    load(gateway, "--stream", "--connections", 20, "--duration", "4s")["failed"], 0)):
                step = load(gateway, *ask, "--duration", f"{SECONDS}s")
            self.assertEqual((step["failed"], before["failed"]), (0, 0), step["failures"])
            self.assertGreaterEqual(gateway.metric("headrace_config_generation"), SECONDS // 5)
            self.assertEqual(gateway.metric("headrace_config_reloads_failed_total"), 0)
            tell(f"F15 p99 of {step['completed']} requests through reloads and streams, of that without",
                 step["latency_us"]["p99"] / before["latency_us"]["p99"], 2, "times")
            gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)
            tell("F15 memory more than before", max(0, resident_bytes(gateway.process.pid) / memory - 1) * 100, 2, "%")
            self.assertLessEqual(gateway.open_files(), files + 40)  # connections that are kept

    def test_f17_out_of_descriptors(self):
        with Mock() as mock, Gateway(mock.address, files_max=256) as gateway:
            stream, = self.streams(gateway, 1, "x-mock-tokens-per-second: 20", "x-mock-answer-tokens: 100000")
            self.assertTrue(stream.recv(1))
            crowd = [gateway.connect() for _ in range(400)]
            time.sleep(0.5)
            used = cpu_seconds(gateway.process.pid)
            time.sleep(3)
            tell("F17 of a processor while accepting pauses", (cpu_seconds(gateway.process.pid) - used) / 3 * 100, 10, "%")
            self.assertTrue(stream.recv(65536), "a stream was dropped")
            for connection in crowd:
                connection.close()
            begun = time.monotonic()
            with gateway.connect() as connection:
                connection.sendall(request(chat(max_tokens=1)))
                self.assertEqual(Response(connection).status, 200)
            tell("F17 served again", time.monotonic() - begun, 1, "s")
            stream.close()

    def test_f19_more_than_a_core_can_do(self):
        with Mock("--cpu", "1") as mock, Gateway(mock.address, arguments=["--cpu", "0"]) as gateway:
            peak = load(gateway, "--connections", 64, "--duration", "5s")
            step = load(gateway, "--connections", 256, "--duration", "10s")
            self.assertEqual((peak["failed"], step["failed"]), (0, 0), step["failures"])
            tell("F19 goodput lost at four times the load", (1 - step["requests_per_second"] / peak["requests_per_second"]) * 100, 20, "%")
            tell("F19 p99 of what was accepted, of that at the peak", step["service_us"]["p99"] / peak["service_us"]["p99"], 5, "times")

    def test_f21_name_servers_that_fail(self):
        status, text = self.inside("name_resolution_world.NameServersThatFail").end()
        self.assertEqual(status, 0, text)
        self.assertIn("mark F21", text)
        print(text[text.index("mark F21"):].splitlines()[0], flush=True)

    def test_f22_a_flood_of_handshakes(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="headrace-marks-"))
        self.addCleanup(shutil.rmtree, folder)
        cert, key_file = certificate(folder, "main", ["localhost", "127.0.0.1"])
        listener = f"    tls: true\n    certificates:\n      - certificate_file: {cert}\n        key_file: {key_file}"
        good = {"scheme": "https", "host": "localhost"}
        with Mock() as mock, Gateway(mock.address, listener=listener) as gateway:
            trusted = ("--ca", cert)
            ask = lambda: load(gateway, "--rate", 100, "--connections", 8, "--duration", "5s", *trusted, **good)
            alone = ask()
            flood = ("--new-connections", "--no-resume", "--rate", 5000, "--connections", 64, "--duration", "2s")
            with meanwhile(lambda over: load(gateway, *flood, *trusted, **good)):
                time.sleep(1.5)
                step = ask()
            self.assertEqual((alone["failed"], step["failed"]), (0, 0), step["failures"])
            tell("F22 p99 of a good client in a flood of handshakes, of that without",
                 step["latency_us"]["p99"] / alone["latency_us"]["p99"], 2, "times")

    def test_slow_heads(self):
        with Mock() as mock, Gateway(mock.address) as gateway:
            alone = self.good(gateway)
            before = resident_bytes(gateway.process.pid)
            crowd = []
            for _ in range(CLIENTS):
                connection = gateway.connect(timeout=30)
                self.addCleanup(connection.close)
                connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-")
                crowd.append(connection)
            begun = time.monotonic()
            step = self.good(gateway)
            tell(f"slow heads: memory of each of {CLIENTS}", (resident_bytes(gateway.process.pid) - before) / CLIENTS / 1024, 32, "KiB")
            tell("slow heads: p99 of a good client beside them, of that without", step["latency_us"]["p99"] / alone["latency_us"]["p99"], 2, "times")
            read_to_end(crowd[-1])
            tell("slow heads: the last one's end, beside its ten seconds", abs(time.monotonic() - begun - 10), 1, "s")


if __name__ == "__main__":
    unittest.main()
