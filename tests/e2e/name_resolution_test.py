"""Names of providers, by a DNS server that misbehaves. It must stand on port 53 and in resolv.conf,
so the tests proper (name_resolution_world.py) run in a network and a file system of their own."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ENTER = ["unshare", "--map-root-user", "--net", "--mount"]
SET_UP = 'ip link set lo up && mount --bind "$0" "$(readlink -f /etc/resolv.conf)" && exec "$@"'


class NameResolution(unittest.TestCase):
    def test_names_that_fail_change_and_hang(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as resolver:
            resolver.write("nameserver 127.0.0.1\n")
            resolver.flush()
            inside = [*ENTER, "sh", "-c", SET_UP, resolver.name]
            try:
                possible = subprocess.run([*inside, "true"], capture_output=True, text=True)
            except FileNotFoundError as missing:
                self.skipTest(f"not installed: {missing.filename}")
            if possible.returncode != 0:
                self.skipTest(f"this machine lets nobody have a network of their own: {possible.stderr.strip()}")
            run = subprocess.run([*inside, sys.executable, "-B", "-m", "unittest", "-v", "name_resolution_world"], cwd=HERE, capture_output=True, text=True, timeout=90)
            self.assertEqual(run.returncode, 0, run.stderr)


if __name__ == "__main__":
    unittest.main()
