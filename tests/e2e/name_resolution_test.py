"""Names of providers, by a DNS server that misbehaves. It must stand on port 53 and in resolv.conf,
so the tests proper (name_resolution_world.py) run in a network and a file system of their own, all at
the same time: names hold for seconds, which they wait for."""

import contextlib
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ENTER = ["unshare", "--map-root-user", "--net", "--mount"]
SET_UP = 'ip link set lo up && mount --bind "$0" "$(readlink -f /etc/resolv.conf)" && exec "$@"'


class Running:
    def __init__(self, process):
        self.process = process

    def end(self):
        text, _ = self.process.communicate(timeout=90)
        return self.process.returncode, text

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self.process.stdout.close()


def tests_proper():
    for suite in unittest.defaultTestLoader.loadTestsFromName("name_resolution_world"):
        for test in suite:
            yield test.id()


class NetworkOfItsOwn(unittest.TestCase):
    """For tests proper that run where port 53 belongs to nobody else. Skipped where that cannot be had."""

    def inside(self, name):
        """A test proper, which runs from now on."""
        if not hasattr(self, "resolver"):
            self.resolver = self.enterContext(tempfile.NamedTemporaryFile("w", suffix=".conf"))
            self.resolver.write("nameserver 127.0.0.1\n")
            self.resolver.flush()
            try:
                status, text = self.run_inside("true").end()
            except FileNotFoundError as missing:
                self.skipTest(f"not installed: {missing.filename}")
            if status != 0:
                self.skipTest(f"this machine lets nobody have a network of their own: {text.strip()}")
        return self.run_inside(sys.executable, "-B", "-m", "unittest", "-v", name)

    def run_inside(self, *command):
        inside = [*ENTER, "sh", "-c", SET_UP, self.resolver.name]
        run = subprocess.Popen([*inside, *command], cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return self.enterContext(contextlib.closing(Running(run)))


class NameResolution(NetworkOfItsOwn):
    def test_names_that_fail_change_and_hang(self):
        tests = {name: self.inside(name) for name in tests_proper()}
        self.assertGreaterEqual(len(tests), 5)
        for name, running in tests.items():
            with self.subTest(name):
                status, text = running.end()
                self.assertEqual(status, 0, text)


if __name__ == "__main__":
    unittest.main()
