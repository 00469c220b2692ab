"""When a key was used last, as `headracectl keys` tells it: across a reload, a kill and a restart."""

import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from datetime import datetime, timedelta, timezone

from gateway import BIN, Gateway, Response, chat, request
from identity_test import key
from upstream import CHAT_ANSWER, Upstream


class Keys(Gateway):
    keys = {"used": "", "unused": "", "limited": ", limits: [{measure: concurrent, value: 0}]",
            "off": ", suspended: true", "old": ", expires_at: 2020-01-01", "small": ", models: [renamed]"}

    def config_text(self):
        keys = "".join(f"\n  - {{name: {name}, prefix: hr-{name[:3]}, key: {key(name)}{more}}}"
                       for name, more in self.keys.items())
        return super().config_text().replace("\nkeys:", "\nkeys:" + keys, 1)


class LastUse(unittest.TestCase):
    def setUp(self):
        # In memory, as it would be at work.
        folder = pathlib.Path(tempfile.mkdtemp(prefix="headrace-e2e-", dir="/dev/shm"))
        self.addCleanup(shutil.rmtree, folder)
        self.region = folder / "region"
        self.upstream = self.enterContext(Upstream(lambda seen, connection: connection.sendall(CHAT_ANSWER)))
        self.gateway = self.enterContext(Keys(self.upstream.address, arguments=("--region", str(self.region))))

    def ask(self, name):
        with self.gateway.connect() as connection:
            connection.sendall(request(chat(), key=key(name)))
            return Response(connection).status

    def listed(self, *arguments):
        run = subprocess.run([BIN / "headracectl", "keys", "--region", self.region, *arguments],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn("CANARY", run.stdout)
        return run.stdout

    def last_used(self):
        lines = [json.loads(line) for line in self.listed("-o", "json").splitlines()]
        return {line["key"]: line["last_used"] for line in lines}

    def assert_now(self, text):
        age = datetime.now(timezone.utc) - datetime.fromisoformat(text)
        self.assertTrue(timedelta(seconds=-1) < age < timedelta(seconds=20), text)

    def test_a_use_is_a_request_whose_key_was_good(self):
        for name, status in (("used", 200), ("limited", 429), ("small", 403), ("off", 401), ("old", 401)):
            self.assertEqual(self.ask(name), status)
        used = self.last_used()
        for name in ("used", "limited", "small"):
            self.assert_now(used[name])
        for name in ("unused", "off", "old", "test"):
            self.assertIsNone(used[name])
        table = self.listed().splitlines()
        self.assertTrue(table[0].startswith("KEY"))
        row = next(line for line in table if line.startswith("used ")).split()
        self.assertEqual(row[:3], ["used", "hr-use", "default"])
        self.assert_now(row[-1])

    def test_it_survives_a_reload_a_kill_and_a_restart(self):
        self.assertEqual(self.ask("used"), 200)
        first = self.last_used()["used"]
        self.gateway.keys = {"new": "", **self.gateway.keys}
        self.gateway.config.write_text(self.gateway.config_text())
        generation = self.gateway.metric("headrace_config_generation")
        self.gateway.signal(signal.SIGHUP)
        self.gateway.wait_for_metric("headrace_config_generation", lambda value: value > generation)
        self.assertEqual(self.last_used()["used"], first)
        self.gateway.process.kill()
        self.gateway.process.wait()
        self.assertEqual(self.last_used()["used"], first)  # nobody need be running
        self.gateway.log_file.close()
        self.gateway.start()
        self.assertEqual(self.last_used()["used"], first)
        self.assertIsNone(self.last_used()["new"])
        while datetime.now(timezone.utc) < datetime.fromisoformat(first) + timedelta(seconds=1):
            time.sleep(0.05)
        self.assertEqual(self.ask("used"), 200)
        self.assertGreater(self.last_used()["used"], first)


if __name__ == "__main__":
    unittest.main()
