"""A gateway whose requests are accounted for, and clients that go on while it is killed."""

import json
import pathlib
import subprocess
import tempfile
import threading
import time

from gateway import BIN, Gateway, Response, chat, request


class Accounted(Gateway):
    """A gateway with a journal, and a region that outlives it."""

    def __init__(self, upstream, journal="", billing="", **more):
        self.shared = tempfile.TemporaryDirectory(prefix="headrace-e2e-", dir="/dev/shm")
        self.disk = tempfile.TemporaryDirectory(prefix="headrace-journal-")
        self.region = pathlib.Path(self.shared.name) / "region"
        self.key_limits = more.pop("key_limits", "")
        extra = more.pop("extra", "")
        super().__init__(
            upstream,
            arguments=["--region", self.region],
            extra=f"""
journal:
  directory: {self.disk.name}
  node: test-node
  records_per_second_planned: 50
  requests_under_way_max: 256
{journal}
{billing}
{extra}""",
            **more,
        )

    def config_text(self):
        limits = f"    limits: [{self.key_limits}]\n" if self.key_limits else ""
        return super().config_text().replace("    passthrough: true\n", "    passthrough: true\n" + limits, 1)

    def __exit__(self, *exception):
        try:
            super().__exit__(*exception)
        finally:
            self.shared.cleanup()
            self.disk.cleanup()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log_file.close()

    def rows(self):
        """What the journal holds: usage records and refusals."""
        lines = ctl("records", "--journal", self.disk.name, "-o", "json").splitlines()
        rows = [json.loads(line) for line in lines]
        return [row for row in rows if "id" in row], [row for row in rows if "refused" in row]

    def records(self, count, seconds=60):
        """The records once there are so many."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            records, _ = self.rows()
            if len(records) >= count:
                return records
            time.sleep(0.05)
        raise AssertionError(f"only {len(records)} records")

    def ask(self, body=None, **more):
        with self.connect() as connection:
            connection.sendall(request(chat() if body is None else body, **more))
            return Response(connection)


def ctl(*arguments):
    run = subprocess.run([BIN / "headracectl", *arguments], capture_output=True, text=True, timeout=60)
    if run.returncode != 0:
        raise AssertionError(f"headracectl {arguments}: {run.stderr}")
    return run.stdout


class Load:
    """Clients that ask as long as they may, streamed and not, and outlive their gateway."""

    def __init__(self, gateway, clients):
        self.gateway, self.stopped = gateway, threading.Event()
        self.whole, self.tokens_seen, self.lock = 0, {}, threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        asked = 0
        while not self.stopped.is_set():
            asked += 1
            name = f"client-{number}-request-{asked}"
            stream = asked % 3 != 0
            data = b""
            try:
                with self.gateway.connect(timeout=60) as connection:
                    connection.sendall(request(chat(stream=stream), headers=[f"X-Request-Id: {name}"]))
                    while piece := connection.recv(65536):
                        data += piece
                        if data.endswith(b"0\r\n\r\n") or (not stream and data.endswith(b"}")):
                            break
            except OSError:
                pass
            with self.lock:
                if stream:
                    self.tokens_seen[name] = data.count(b'"content":"') - data.count(b'"content":""')
                self.whole += 1 if data.endswith(b"0\r\n\r\n") else 0
            if not data:
                time.sleep(0.01)

    def wait_for(self, more, seconds=60):
        goal, deadline = self.whole + more, time.monotonic() + seconds
        while self.whole < goal and time.monotonic() < deadline:
            time.sleep(0.02)
        assert self.whole >= goal, "nobody is served any more"

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()
