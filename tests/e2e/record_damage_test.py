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
RECORD_HEAD, FRAME_HEAD, INTENT = 272, 16, 2


def ring_frame(memory, request_id):
    """Where an intent stands in a record ring (it stands in the in-flight table too)."""
    at = memory.find(request_id)
    while at >= 0:
        frame = at - RECORD_HEAD - FRAME_HEAD
        size, kind, _, zero = struct.unpack_from("<4I", memory, frame)
        if kind == INTENT and zero == 0 and RECORD_HEAD < size < 4096:
            return frame
        at = memory.find(request_id, at + 1)
    raise AssertionError("there is no intent")


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

    def test_who_waits_for_the_disk_is_answered_where_the_ring_is_overwritten(self):
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
                for connection in (waiting, behind):
                    connection.settimeout(60)
                    response = Response(connection)
                    self.assertEqual(response.status, 503)
                    self.assertIn("retry-after", response.headers)
            self.assertEqual(gateway.ask().status, 503)
            self.assertEqual(len(mock.request_ids()), 1, "none of them went upstream")
            self.assertEqual(gateway.metric("headrace_requests_refused_for_records_total"), 3)
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
