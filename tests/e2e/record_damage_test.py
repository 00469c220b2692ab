"""Usage records where shared memory was overwritten, or is another's now."""

import json
import mmap
import resource
import struct
import subprocess
import unittest

from accounted_gateway import Accounted
from gateway import BIN, Response, chat, request
from mock import Mock

# policy/record/record_layout.h, core/record_ring.h, policy/record/shard_records.h.
RECORD_HEAD, FRAME_HEAD, USAGE, INTENT = 272, 16, 1, 2
POSITIONS_FROM, POSITIONS_TO = 2**48, 2**62


def ring_frame(memory, request_id, wanted=INTENT):
    """Where an intent stands in a record ring (it stands in the in-flight table too), or a record."""
    at = memory.find(request_id)
    while at >= 0:
        frame = at - RECORD_HEAD - FRAME_HEAD
        size, kind, _, zero = struct.unpack_from("<4I", memory, frame)
        if kind == wanted and zero == 0 and RECORD_HEAD < size < 4096:
            return frame
        at = memory.find(request_id, at + 1)
    raise AssertionError("there is no such frame")


def ring_indices(memory):
    """Where the ring begins in which something waits."""
    for at in range(0, len(memory), mmap.PAGESIZE):
        written, read = struct.unpack_from("<Q56xQ", memory, at)
        if POSITIONS_FROM <= read < written < POSITIONS_TO and written - read < 2**20:
            return at
    raise AssertionError("no ring has anything that waits")


def fill_disk(gateway):
    """No file may grow any more: what is written stays in the ring."""
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))


def free_disk(gateway):
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class RecordDamage(unittest.TestCase):
    def test_who_follows_the_records_sees_those_of_every_process(self):
        with Mock("--answer-tokens", "3") as mock, Accounted(mock.address) as gateway:
            following = subprocess.Popen(
                [BIN / "headracectl", "records", "--region", gateway.region, "--follow", "-o", "json"],
                stdout=subprocess.PIPE, text=True)
            try:
                # The third process has the place that the first one had.
                sum_asked = 0
                for count in (20, 1, 3):
                    fill_disk(gateway)
                    asked = []
                    for number in range(count):
                        asked.append(f"of-{gateway.process.pid}-{number}")
                        self.assertEqual(gateway.ask(headers=[f"X-Request-Id: {asked[-1]}"]).status, 200)
                    shown = [json.loads(following.stdout.readline())["request_id"] for _ in asked]
                    self.assertEqual(shown, asked)
                    gateway.kill()
                    gateway.start()
                    sum_asked += count
                    self.assertEqual(len(gateway.records(sum_asked)), sum_asked)
            finally:
                following.kill()
                following.communicate()

    def test_a_length_that_is_overwritten_costs_its_own_request_alone(self):
        with Mock("--answer-tokens", "3") as mock, \
                Accounted(mock.address, billing="billing:\n  strict: true\n") as gateway:
            self.assertEqual(gateway.ask().status, 200)
            fill_disk(gateway)
            with gateway.connect() as waiting, gateway.connect() as behind:
                waiting.sendall(request(chat(), headers=["X-Request-Id: overwritten-while-it-waits"]))
                behind.sendall(request(chat(), headers=["X-Request-Id: waits-behind-it"]))
                waiting.settimeout(0.5)
                with self.assertRaises(TimeoutError):
                    waiting.recv(1)
                with open(gateway.region, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
                    ring_frame(memory, b"waits-behind-it")
                    struct.pack_into("<I", memory, ring_frame(memory, b"overwritten-while-it-waits"), 2**31 - 1)
                free_disk(gateway)
                for connection, status in ((waiting, 503), (behind, 200)):
                    connection.settimeout(60)
                    response = Response(connection)
                    self.assertEqual(response.status, status)
                    self.assertEqual("retry-after" in response.headers, status == 503)
            self.assertEqual(gateway.ask().status, 200)
            self.assertEqual(len(mock.request_ids()), 3, "one of them did not go upstream")
            self.assertEqual(gateway.metric("headrace_requests_refused_for_records_total"), 1)
            self.assertEqual(gateway.metric("headrace_journal_records_damaged_total"), 1)
            log = gateway.log.read_text()
            self.assertEqual(log.count("was overwritten in 1 places"), 1, log)
            self.assertEqual(len(gateway.records(3)), 3)

    def test_a_length_that_is_overwritten_behind_the_dead_costs_its_own_record_alone(self):
        with Mock("--answer-tokens", "3") as mock, Accounted(mock.address) as gateway:
            fill_disk(gateway)
            for number in range(5):
                self.assertEqual(gateway.ask(headers=[f"X-Request-Id: of-the-dead-{number}"]).status, 200)
            gateway.kill()
            with open(gateway.region, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
                struct.pack_into("<I", memory, ring_frame(memory, b"of-the-dead-1", USAGE), 2**31 - 1)
            gateway.start()
            found = {record["request_id"] for record in gateway.records(4)}
            self.assertEqual(found, {f"of-the-dead-{number}" for number in (0, 2, 3, 4)})
            self.assertEqual(gateway.metric("headrace_journal_records_damaged_total"), 1)

    def test_what_comes_is_refused_where_the_indices_are_overwritten(self):
        with Mock("--answer-tokens", "3") as mock, \
                Accounted(mock.address, billing="billing:\n  strict: true\n") as gateway:
            self.assertEqual(gateway.ask().status, 200)
            with gateway.connect() as under_way, gateway.connect() as waiting:
                under_way.sendall(request(chat(), headers=["x-mock-latency: 4s"]))
                gateway.wait_for_metric("headrace_upstream_reused_total", lambda value: value == 1)
                fill_disk(gateway)
                waiting.sendall(request(chat(), headers=["X-Request-Id: waits-for-the-disk"]))
                waiting.settimeout(0.5)
                with self.assertRaises(TimeoutError):
                    waiting.recv(1)
                with open(gateway.region, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
                    struct.pack_into("<Q", memory, ring_indices(memory), 3)
                free_disk(gateway)
                waiting.settimeout(60)
                response = Response(waiting)
                self.assertEqual(response.status, 503)
                self.assertIn("retry-after", response.headers)
                self.assertEqual(gateway.metric("headrace_records_lost_total"), 0)
                under_way.settimeout(60)
                self.assertEqual(Response(under_way).status, 200)
                gateway.wait_for_metric("headrace_records_lost_total", lambda value: value == 1)
            self.assertEqual(gateway.ask().status, 503)
            self.assertEqual(len(mock.request_ids()), 2, "none of those that waited went upstream")
            self.assertEqual(gateway.metric("headrace_requests_refused_for_records_total"), 2)
            log = gateway.log.read_text()
            self.assertEqual(log.count("are answered 503"), 1, log)
            # A new process has a ring of its own.
            gateway.kill()
            gateway.start()
            self.assertEqual(gateway.ask().status, 200)

    def test_whose_intent_is_overwritten_is_answered_and_the_others_go_on(self):
        with Mock("--answer-tokens", "3") as mock, \
                Accounted(mock.address, billing="billing:\n  strict: true\n") as gateway:
            self.assertEqual(gateway.ask().status, 200)
            fill_disk(gateway)
            with gateway.connect() as before, gateway.connect() as overwritten, gateway.connect() as behind:
                waiting = {"waits-before-it": before, "overwritten-alone": overwritten, "waits-behind-it": behind}
                for request_id, connection in waiting.items():
                    connection.sendall(request(chat(), headers=[f"X-Request-Id: {request_id}"]))
                    connection.settimeout(0.5)
                    with self.assertRaises(TimeoutError):
                        connection.recv(1)
                with open(gateway.region, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
                    at = ring_frame(memory, b"overwritten-alone") + FRAME_HEAD + RECORD_HEAD
                    memory[at:at + 3] = b"OVE"
                free_disk(gateway)
                for request_id, connection in waiting.items():
                    connection.settimeout(60)
                    self.assertEqual(Response(connection).status, 503 if request_id == "overwritten-alone" else 200)
            self.assertEqual(gateway.ask().status, 200)
            self.assertEqual(len(mock.request_ids()), 4, "one of them did not go upstream")
            self.assertEqual(gateway.metric("headrace_requests_refused_for_records_total"), 1)
            self.assertEqual(gateway.metric("headrace_journal_records_damaged_total"), 1)
            log = gateway.log.read_text()
            self.assertEqual(log.count("was overwritten in 1 places"), 1, log)
            self.assertEqual(len(gateway.records(4)), 4)


if __name__ == "__main__":
    unittest.main()
