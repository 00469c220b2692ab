"""What a program is given on its command line, or finds in a config, cannot steer the terminal that its
words stand on."""

import pathlib
import subprocess
import tempfile
import unittest

from gateway import BIN

STEERING = b"\x1b[2J\xc2\x9b2J\xe2\x80\xae\x9b\r"
SHOWN = "?[2J?2J???"


class Terminal(unittest.TestCase):
    def check(self, program, *arguments):
        ran = subprocess.run([BIN / program, *arguments], capture_output=True, timeout=60)
        self.assertNotEqual(ran.returncode, 0, arguments)
        told = (ran.stdout + ran.stderr).decode()
        self.assertEqual([c for c in told if not c.isprintable() and c != "\n"], [], (program, arguments))
        self.assertIn(SHOWN, told)

    def test_no_argument_steers_it(self):
        for program, cases in (
            ("headrace", ((STEERING,), (b"--" + STEERING,), ("--cpu", STEERING), ("-t", "-c", STEERING), ("-T", "-c", STEERING), ("-c", STEERING))),
            ("headrace-mock", ((STEERING,), (b"--" + STEERING,), ("--listen", STEERING), ("--latency", STEERING), ("--listen", b"unix:/nowhere/" + STEERING),
                               ("--listen-tls", "127.0.0.1:0", "--certificate", STEERING, "--key", STEERING))),
            ("headrace-load", ((STEERING,), (b"--" + STEERING,), ("--rate", STEERING), (b"http://" + STEERING,),
                               ("--requests", "1", b"http://127.0.0.1:9/" + STEERING))),
        ):
            for arguments in cases:
                self.check(program, *arguments)

    def test_no_config_steers_it(self):
        with tempfile.TemporaryDirectory(prefix="headrace-e2e-") as folder:
            for number, text in enumerate((b"listeners: " + STEERING, b"\"" + STEERING + b"\": 1\n", b"routes: [{models: [\"\\e[2J\\x9b2J\\u202e\\x9b\\r\"]}]\n")):
                config = pathlib.Path(folder) / f"{number}.yaml"
                config.write_bytes(text)
                ran = subprocess.run([BIN / "headrace", "-t", "-c", config], capture_output=True, timeout=60)
                self.assertNotEqual(ran.returncode, 0, text)
                told = (ran.stdout + ran.stderr).decode()
                self.assertEqual([c for c in told if not c.isprintable() and c != "\n"], [], text)


if __name__ == "__main__":
    unittest.main()
