"""Records while the journal's disk takes nothing, or its folder is gone."""

import os
import pathlib
import resource
import shutil
import signal
import time
import unittest

from accounted_gateway import Accounted
from gateway import Response, chat, request
from mock import Mock


def largest_segment(gateway):
    return max(path.stat().st_size for path in pathlib.Path(gateway.disk.name).iterdir())


class FullDisk(unittest.TestCase):
    def test_a_full_disk_refuses_before_upstream_and_loses_nothing(self):
        with Mock("--answer-tokens", "3") as mock, Accounted(mock.address) as gateway:
            self.assertEqual(gateway.ask().status, 200)
            gateway.records(1)
            before = largest_segment(gateway)
            # No file may grow any more: as a full disk, but for its number.
            resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (before, resource.RLIM_INFINITY))
            answered, refused = 1, None
            with gateway.connect() as connection:
                for _ in range(20_000):
                    connection.sendall(request(chat()))
                    answer = Response(connection)
                    if answer.status != 200:
                        refused = answer
                        break
                    answered += 1
            self.assertIsNotNone(refused, "the ring has no end")
            self.assertEqual(refused.status, 503)
            self.assertIn("retry-after", refused.headers)
            self.assertEqual(gateway.metric("headrace_journal_stalled"), 1)
            self.assertGreater(gateway.metric("headrace_journal_waiting_bytes"), 0)
            self.assertEqual(sum(row["requests"] for row in mock.request_ids().values()), answered)
            resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE,
                             (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            # A hundred pauses between them are a second, and more on a machine that stands still.
            refused = 0
            while gateway.ask().status != 200:
                refused += 1
                self.assertLess(refused, 100, "it does not go on, or late")
                time.sleep(0.01)
            self.assertEqual(len(gateway.records(answered + 1)), answered + 1)
            self.assertEqual(gateway.metric("headrace_journal_stalled"), 0)

    def test_a_folder_that_is_removed_takes_no_record_with_it_that_comes_later(self):
        with Mock("--answer-tokens", "3") as mock, Accounted(mock.address) as gateway:
            self.assertEqual(gateway.ask().status, 200)
            gateway.records(1)
            shutil.rmtree(gateway.disk.name)
            for _ in range(3):
                self.assertEqual(gateway.ask().status, 200)
            gateway.wait_for_metric("headrace_journal_stalled", lambda value: value == 1)
            self.assertIn("segment 1 of the journal was removed while it was written", gateway.log.read_text())
            os.mkdir(gateway.disk.name)
            gateway.wait_for_metric("headrace_journal_stalled", lambda value: value == 0)
            self.assertEqual(len(gateway.records(3)), 3)
            self.assertIn("the journal is written again", gateway.log.read_text())

    def test_what_is_lost_with_the_process_is_told(self):
        with Mock("--answer-tokens", "3") as mock:
            gateway = Accounted(mock.address)
            gateway.arguments = []
            with gateway:
                self.assertEqual(gateway.ask().status, 200)
                gateway.records(1)
                shutil.rmtree(gateway.disk.name)
                self.assertEqual(gateway.ask().status, 200)
                gateway.wait_for_metric("headrace_journal_stalled", lambda value: value == 1)
                gateway.signal(signal.SIGTERM)
                self.assertEqual(gateway.process.wait(60), 0)
                self.assertRegex(gateway.log.read_text(), "[1-9][0-9]* bytes of records that the journal's disk has not taken are lost")

    def test_a_successor_drains_what_a_full_disk_left(self):
        with Mock("--answer-tokens", "3") as mock, Accounted(mock.address) as gateway:
            self.assertEqual(gateway.ask().status, 200)
            gateway.records(1)
            resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE,
                             (largest_segment(gateway), resource.RLIM_INFINITY))
            for _ in range(20):
                self.assertEqual(gateway.ask().status, 200)
            self.assertEqual(len(gateway.rows()[0]), 1)
            gateway.kill()
            gateway.start()
            self.assertEqual(len(gateway.records(21)), 21)

    def test_strict_billing_waits_for_the_disk(self):
        with Mock("--answer-tokens", "3") as mock, \
                Accounted(mock.address, billing="billing:\n  strict: true\n") as gateway:
            for _ in range(5):
                self.assertEqual(gateway.ask().status, 200)
            self.assertEqual(gateway.metric("headrace_journal_intents_total"), 5)
            # While the disk takes nothing, nothing goes upstream.
            resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE,
                             (largest_segment(gateway), resource.RLIM_INFINITY))
            before = len(mock.request_ids())
            with gateway.connect() as connection:
                connection.sendall(request(chat()))
                connection.settimeout(0.7)
                with self.assertRaises(TimeoutError):
                    connection.recv(1)
                self.assertEqual(len(mock.request_ids()), before)
                resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE,
                                 (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                connection.settimeout(60)
                self.assertEqual(Response(connection).status, 200)
            self.assertEqual(len(gateway.records(6)), 6)

    def test_strict_billing_does_not_wait_for_a_full_disk_for_ever(self):
        with Mock("--answer-tokens", "3") as mock, \
                Accounted(mock.address, billing="billing:\n  strict: true\n") as gateway:
            self.assertEqual(gateway.ask().status, 200)
            gateway.records(1)
            resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE,
                             (largest_segment(gateway), resource.RLIM_INFINITY))
            refused = gateway.ask()
            self.assertEqual(refused.status, 503)
            self.assertIn("retry-after", refused.headers)
            self.assertEqual(sum(row["requests"] for row in mock.request_ids().values()), 1)
            self.assertEqual(gateway.metric("headrace_requests_refused_for_records_total"), 1)
            resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE,
                             (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            self.assertEqual(gateway.ask().status, 200)
            # Its intent has come to the disk: it is no request of a process that died.
            gateway.records(3)
            gateway.kill()
            gateway.start()
            self.assertEqual([(record["status"], record["ending"], record["cost_micro_usd"]) for record in gateway.records(3)],
                             [(200, "answered", 0), (503, "failed", 0), (200, "answered", 0)])


if __name__ == "__main__":
    unittest.main()
