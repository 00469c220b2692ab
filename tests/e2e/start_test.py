"""How the process starts, and what it says where it cannot, or where a config is only checked."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
import unittest.mock

from gateway import BIN, Gateway
from process_world import MASTER_KEY, ask, wait_for
from upstream import Upstream


class Starts(unittest.TestCase):
    def test_a_start_waits_for_its_addresses_and_says_so(self):
        with tempfile.TemporaryDirectory() as folder, Upstream() as upstream:
            path = pathlib.Path(folder) / "headrace.sock"
            gateway = Gateway(upstream.address, listener=f"  - address: unix:{path}\n")
            with socket.socket() as port, socket.socket(socket.AF_UNIX) as place:
                port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                port.bind(("127.0.0.1", gateway.port))
                place.bind(str(path))
                for before in (port, place):
                    before.listen()

                def let_go():
                    for before, address in ((port, f"127.0.0.1:{gateway.port}"), (place, f"unix:{path}")):
                        wait_for(lambda: f"{address} is still listened on" in gateway.log.read_text())
                        before.close()

                gateway.log.touch()
                going = threading.Thread(target=let_go)
                going.start()
                with gateway:
                    going.join()
                    for _ in range(20):
                        self.assertEqual(ask(gateway).status, 200)
                    self.assertNotIn("goes on", gateway.log.read_text())

    def test_a_port_shared_with_another_process_is_told(self):
        with Upstream() as upstream:
            gateway = Gateway(upstream.address)
            with socket.socket() as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                other.bind(("127.0.0.1", gateway.port))
                other.listen()
                with gateway:
                    self.assertIn(f"127.0.0.1:{gateway.port} is listened on by another process", gateway.log.read_text())

    def test_a_check_names_the_files_that_a_start_would_miss_each_with_its_line(self):
        gateway = Gateway("127.0.0.1:1")
        self.addCleanup(gateway.remove_folder)
        for held in gateway.reserved:
            self.addCleanup(held.close)
        gateway.listener = f"""    tls: true
    certificates:
      - certificate_file: /nowhere/certificate.pem
        key_file: {gateway.folder}
    ticket_key_file: /nowhere/ticket.key
"""
        gateway.provider = "    ca_file: /nowhere/ca.pem\n"
        gateway.access_log = "/nowhere/access.log"
        gateway.extra = f"journal: {{directory: {gateway.config}/journal}}"
        text = gateway.config_text().replace("url: http:", "url: https:")
        gateway.config.write_text(text)
        checked = subprocess.run([BIN / "headrace", "-t", "--config", gateway.config], capture_output=True, text=True, timeout=60)
        self.assertEqual(checked.returncode, 1)
        for path in ("/nowhere/certificate.pem", f"key_file: {gateway.folder}", "/nowhere/ticket.key", "/nowhere/ca.pem", "/nowhere/access.log", f"{gateway.config}/journal"):
            line = 1 + next(number for number, each in enumerate(text.splitlines()) if path in each)
            told = [each for each in checked.stderr.splitlines() if each.startswith(f"{gateway.config}:{line}:")]
            self.assertEqual(len(told), 1, (path, checked.stderr))
            self.assertIn(path.split(": ")[-1], told[0])
        # A link to nowhere is no folder, and none can be made in its place; nor one with such a name.
        (gateway.folder / "link").symlink_to("/nowhere")
        for folder, why in (("link", "Not a directory"), ("link/journal", "Not a directory"), ("x" * 300, "File name too long")):
            gateway.config.write_text(f"journal: {{directory: {gateway.folder}/{folder}}}\n")
            checked = subprocess.run([BIN / "headrace", "-t", "--config", gateway.config], capture_output=True, text=True, timeout=60)
            self.assertEqual(checked.returncode, 1)
            self.assertRegex(checked.stderr, f"(?m)^{gateway.config}:1:22: `directory` `{gateway.folder}/{folder[:40]}[^`]*`: {why}; ")
        # What is there, or can be made, is good; and the check makes nothing.
        gateway.listener, gateway.provider, gateway.access_log = "", "", gateway.folder / "new.log"
        gateway.extra = f"journal: {{directory: {gateway.folder}/some/where}}"
        gateway.config.write_text(gateway.config_text())
        checked = subprocess.run([BIN / "headrace", "-t", "--config", gateway.config], capture_output=True, text=True, timeout=60)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        self.assertFalse(gateway.access_log.exists())
        # And it is told what there is.
        self.assertTrue(checked.stdout.startswith(f"{gateway.config}: the config is good\n"), checked.stdout)
        for told in ("1 listener, admin pages on", "3 providers (openai, anthropic, gemini)", "4 routes, 5 model names, 4 targets",
                     "1 API key", f"a journal of usage records in {gateway.folder}/some/where"):
            self.assertIn(told, checked.stdout)
        self.assertEqual(subprocess.run([BIN / "headracectl", "check", gateway.config], capture_output=True, text=True).stdout, checked.stdout)

    def test_a_folder_is_no_config(self):
        refused = subprocess.run([BIN / "headrace", "-t", "--config", "/"], capture_output=True, text=True, timeout=60)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("directory", refused.stderr)

    def test_what_cannot_start_says_why(self):
        blocker = socket.create_server(("127.0.0.1", 0))
        with Upstream() as upstream:
            gateway = Gateway(upstream.address)
            gateway.port = blocker.getsockname()[1]
            gateway.config.write_text(gateway.config_text())
            refused = subprocess.run([BIN / "headrace", "--config", gateway.config], capture_output=True, text=True, timeout=60)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn(str(gateway.port), refused.stderr)
            self.assertIn("taken", refused.stderr)
        blocker.close()

    def test_a_config_is_checked_with_every_error_at_once(self):
        gateway = Gateway("127.0.0.1:1")
        gateway.config.write_text("listeners:\n  - adress: 1\nproviders: 5\nhttp:\n  head_timeout_ms: soon\n")
        checked = subprocess.run([BIN / "headrace", "-t", "--config", gateway.config], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 1)
        self.assertGreaterEqual(len(checked.stderr.splitlines()), 3, checked.stderr)
        for line in checked.stderr.splitlines():
            self.assertRegex(line, r":\d+:\d+: ")

    def test_a_base_compiled_before_is_served_from_under_its_master_key(self):
        with Upstream() as upstream:
            gateway = Gateway(upstream.address)
            base = gateway.folder / "headrace.base"
            gateway.config.write_text(gateway.config_text())

            def run(program, *arguments, key=None):
                variables = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_MASTER")}
                if key:
                    variables["HEADRACE_MASTER_KEY"] = key
                return subprocess.run([BIN / program, *arguments], env=variables, capture_output=True, text=True, timeout=60)

            # Sealed for nobody it would be of no use.
            refused = run("headracectl", "compile", gateway.config, "-o", base)
            self.assertEqual((refused.returncode, base.exists()), (1, False))
            self.assertIn("HEADRACE_MASTER_KEY", refused.stderr)
            compiled = run("headracectl", "compile", gateway.config, "-o", base, key=MASTER_KEY)
            self.assertEqual(compiled.returncode, 0, compiled.stderr)
            self.assertNotIn(b"CANARY", base.read_bytes())
            self.assertEqual(base.stat().st_mode & 0o077, 0)
            self.assertEqual([each.name for each in base.parent.glob("*.base*")], ["headrace.base"])
            for place, why in (("/nowhere/headrace.base", "No such file"), ("/dev/full", "No space"), (gateway.folder, "directory")):
                refused = run("headracectl", "compile", gateway.config, "-o", place, key=MASTER_KEY)
                self.assertEqual(refused.returncode, 1)
                self.assertIn(why, refused.stderr)
            other = run("headrace", "-t", "--config", base, key=MASTER_KEY[::-1])
            self.assertEqual(other.returncode, 1)
            self.assertRegex(other.stderr, r"^\S+/headrace\.base: its secrets are sealed with another master key; [^\n]*\n$")
            self.assertEqual(run("headrace", "-t", "--config", base, key=MASTER_KEY).returncode, 0)
            self.assertIn("gpt-4o", run("headrace", "-T", "--config", base, key=MASTER_KEY).stdout)
            # As systemd hands it over; what the environment says itself goes before.
            (gateway.folder / "headrace-master-key").write_text(MASTER_KEY + "\n")
            with unittest.mock.patch.dict(os.environ, {"CREDENTIALS_DIRECTORY": str(gateway.folder)}):
                self.assertEqual(run("headrace", "-t", "--config", base).returncode, 0)
                self.assertEqual(run("headrace", "-t", "--config", base, key=MASTER_KEY[::-1]).returncode, 1)
                self.assertEqual(run("headracectl", "compile", gateway.config, "-o", base).returncode, 0)
            whole = base.read_bytes()
            (gateway.folder / "cut.base").write_bytes(whole[:-9])
            cut = run("headrace", "-t", "--config", gateway.folder / "cut.base", key=MASTER_KEY)
            self.assertEqual(cut.returncode, 1)
            self.assertIn("compile the config again", cut.stderr)

            gateway.config = base
            with unittest.mock.patch.dict(os.environ, {"HEADRACE_MASTER_KEY": MASTER_KEY}):
                gateway.start()
            with contextlib.ExitStack() as stack:
                stack.push(gateway.__exit__)
                self.assertEqual(ask(gateway).status, 200)
                base.write_bytes(whole[:100])
                gateway.signal(signal.SIGHUP)
                gateway.wait_for_metric("headrace_config_reloads_failed_total", lambda value: value == 1)
                base.write_bytes(whole)
                gateway.signal(signal.SIGHUP)
                gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
                self.assertEqual(ask(gateway).status, 200)

    def test_the_version_names_kernel_and_features(self):
        shown = subprocess.run([BIN / "headrace", "-V"], capture_output=True, text=True)
        self.assertEqual(shown.returncode, 0)
        self.assertIn("kernel", shown.stdout)
        self.assertIn("io_uring", shown.stdout)


if __name__ == "__main__":
    unittest.main()
