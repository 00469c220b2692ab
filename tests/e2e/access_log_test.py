"""A log whose disk is full, or whose reader has fallen asleep, costs lines, which are counted, and no
request; what is written is whole lines of JSON, whatever was cut."""

import json
import os
import resource
import signal
import subprocess
import time
import unittest

from gateway import BIN, KEY, Gateway, Response, chat, request
from upstream import Upstream


class AccessLog(unittest.TestCase):
    def ask(self, gateway, times=1):
        with gateway.connect() as connection:
            for _ in range(times):
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).status, 200)

    def test_a_device_that_takes_nothing_is_told_of_once_and_counted(self):
        with Upstream() as upstream:
            gateway = Gateway(upstream.address)
            gateway.access_log = "/dev/full"
            with gateway:
                for _ in range(5):
                    self.ask(gateway)
                    time.sleep(0.1)  # a write of its own
                gateway.wait_for_metric("headrace_access_log_lines_lost_total", lambda lost: lost == 5)
                told = [line for line in gateway.log.read_text().splitlines() if "lines lost" in line]
                self.assertEqual(len(told), 1, told)
                self.assertIn("access log /dev/full: No space left on device", told[0])

    def test_a_pipe_whose_reader_is_away_holds_nothing_up(self):
        with Upstream() as upstream:
            gateway = Gateway(upstream.address)
            pipe = gateway.folder / "log.pipe"
            os.mkfifo(pipe)
            gateway.access_log = pipe
            with self.assertRaisesRegex(RuntimeError, "log.pipe: a pipe that nobody reads"):
                gateway.__enter__()
            gateway.log_file.close()
            reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            with gateway:
                self.ask(gateway)
                gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)
                deadline = time.monotonic() + 10
                while True:
                    try:
                        line = os.read(reader, 65536)
                        break
                    except BlockingIOError:
                        self.assertLess(time.monotonic(), deadline)
                        time.sleep(0.02)
                self.assertEqual(json.loads(line)["status"], 200)
                os.close(reader)
                gateway.signal(signal.SIGUSR1)
                self.ask(gateway, 2)
                gateway.wait_for_metric("headrace_access_log_lines_lost_total", lambda lost: lost == 2)
                self.assertIn("going on in the old file", gateway.log.read_text())

    def test_an_end_waits_once_for_who_does_not_read_and_not_for_each_piece(self):
        with Upstream() as upstream:
            gateway = UnreadLog(upstream.address, shards=2)
            with gateway:
                loaded = subprocess.run([BIN / "headrace-load", "--api-key", KEY, "--model", "gpt-4o", "--connections", "16", "--warm-up", "0s",
                                         "--requests", "8000", "--duration", "60s", f"http://127.0.0.1:{gateway.port}"], stdout=subprocess.DEVNULL)
                self.assertEqual(loaded.returncode, 0, "the log holds nobody up")
                gateway.signal(signal.SIGTERM)
                # A piece is an eighth of a shard's ring, and a second is waited for one.
                self.assertEqual(gateway.process.wait(10), 0)
                self.assertIn("access log to standard output: Resource temporarily unavailable", gateway.log.read_text())
            written = os.read(gateway.reader, 1 << 20).splitlines()
            os.close(gateway.reader)
            for line in written[:-1]:
                self.assertEqual(json.loads(line)["status"], 200)

    def test_what_was_cut_amid_a_line_spoils_no_other(self):
        with Upstream() as upstream, Gateway(upstream.address) as gateway:
            self.ask(gateway)
            gateway.log_lines(1)
            size = gateway.access_log.stat().st_size
            # No file may grow further: as a full disk, but for its number.
            resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (size + size // 2, resource.RLIM_INFINITY))
            self.ask(gateway, 3)
            gateway.wait_for_metric("headrace_access_log_lines_lost_total", lambda lost: lost == 3)
            resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            self.ask(gateway, 2)
            deadline = time.monotonic() + 60
            while gateway.access_log.read_text().count("\n") < 4 and time.monotonic() < deadline:
                time.sleep(0.02)
            first, cut, *rest = gateway.access_log.read_text().splitlines()
            self.assertEqual(len(cut), size // 2)
            for line in (first, *rest):
                self.assertEqual(json.loads(line)["status"], 200)
            self.assertEqual(len(rest), 2)


class UnreadLog(Gateway):
    """The access log goes to standard output, a pipe that nobody reads."""

    def config_text(self):
        return super().config_text().replace(f"  output: file\n  path: {self.access_log}\n", "  output: stdout\n")

    def start(self):
        self.reader, writer = os.pipe()
        self.process = subprocess.Popen([BIN / "headrace", "--config", self.config], stdin=subprocess.DEVNULL,
                                        stdout=writer, stderr=self._open_log())
        os.close(writer)
        self.wait_until_ready()


class Unread(Gateway):
    """Standard error is a pipe."""

    def _open_log(self):
        self.reader, writer = os.pipe()
        self.log.write_text("")
        self.log_file = os.fdopen(writer, "wb", buffering=0)
        return self.log_file

    def fill(self):
        """Until it takes no more: by a description of its own, so that only this one does not wait."""
        descriptor = os.open(f"/proc/self/fd/{self.log_file.fileno()}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            while True:
                os.write(descriptor, b"x" * 512)
        except BlockingIOError:
            os.close(descriptor)


class EventLog(unittest.TestCase):
    def test_nobody_waits_for_who_reads_standard_error(self):
        lists = "ip_lists: [{name: elsewhere, networks: [192.0.2.0/24]}]\ndevelopment: {ignore_ip_lists: true}"
        with Upstream() as upstream:
            gateway = Unread(upstream.address, listener="    ip_allow: [elsewhere]", extra=lists)
            with gateway, gateway.connect() as connection:
                gateway.fill()
                # Each of them is one that the log is told of.
                for _ in range(3):
                    connection.sendall(request(chat()))
                    self.assertEqual(Response(connection).status, 200)
                gateway.signal(signal.SIGTERM)
                self.assertEqual(gateway.process.wait(60), 0)
            os.close(gateway.reader)


if __name__ == "__main__":
    unittest.main()
