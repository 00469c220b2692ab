"""Files of certificates and keys that are not what they are to be: a reload with one is refused, says which
it is and why, and what was served before is served on; a start with one ends."""

import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import unittest

from gateway import BIN, Gateway, Response, chat, request
from tls_test import TlsUpstream, certificate, client_certificate


class TlsFiles(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headrace-tls-files-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.main = certificate(self.folder, "main", ["gateway.test"])
        self.other = certificate(self.folder, "other", ["gateway.test"])
        shown = client_certificate(self.folder, "shown", "DNS:gateway.test")
        self.files = {}
        for name, content in (("listener.crt", self.main[0]), ("listener.key", self.main[1]), ("clients.crt", self.main[0]),
                              ("provider.crt", self.main[0]), ("shown.crt", shown[0]), ("shown.key", shown[1])):
            self.files[name] = self.folder / name
            shutil.copy(content, self.files[name])
        self.files["tickets"] = self.folder / "tickets"
        self.files["tickets"].write_text("0123456789abcdef0123456789abcdef\n")

    def gateway(self, upstream):
        listener = (f"    tls: true\n    ticket_key_file: {self.files['tickets']}\n"
                    f"    client_certificates: optional\n    client_ca_file: {self.files['clients.crt']}\n    certificates:\n"
                    f"      - {{certificate_file: {self.files['listener.crt']}, key_file: {self.files['listener.key']}}}\n")
        provider = (f"    ca_file: {self.files['provider.crt']}\n    server_name: gateway.test\n"
                    f"    client_certificate_file: {self.files['shown.crt']}\n    client_key_file: {self.files['shown.key']}\n")
        gateway = Gateway(upstream.address, listener=listener, provider=provider)
        text = gateway.config_text().replace("http://", "https://")
        gateway.config_text = lambda: text
        return gateway

    def ask(self, gateway):
        context = ssl.create_default_context(cafile=self.main[0])
        with context.wrap_socket(gateway.connect(), server_hostname="gateway.test") as connection:
            connection.sendall(request(chat()))
            return Response(connection).status

    def test_what_is_wrong_is_named_and_what_was_served_is_served_on(self):
        text, stranger = b"no certificate\n", self.other[1].read_bytes()
        cases = [
            ("listener.crt", text), ("listener.crt", self.other[0].read_bytes()), ("listener.key", text), ("listener.key", stranger),
            ("clients.crt", text), ("provider.crt", text), ("shown.crt", text), ("shown.key", stranger),
            ("tickets", b"short\n"), ("tickets", b""), ("tickets", b"0123456789abcdef0123456789abcdef\n" * 20),
        ]
        with TlsUpstream(*self.main) as upstream, self.gateway(upstream) as gateway:
            self.assertEqual(self.ask(gateway), 200)
            for number, (name, content) in enumerate(cases, 1):
                with self.subTest(file=name, content=content[:30]):
                    right = self.files[name].read_bytes()
                    self.files[name].write_bytes(content)
                    before = len(gateway.log.read_text())
                    gateway.signal(signal.SIGHUP)
                    gateway.wait_for_metric("headrace_config_reloads_failed_total", lambda value: value == number)
                    said = gateway.log.read_text()[before:]
                    # A key that fits no certificate is told with the certificate that it does not fit.
                    pair = {"listener.key": "listener.", "shown.key": "shown."}.get(name, str(self.files[name]))
                    self.assertIn(pair, said)
                    for secret in (self.main[1], self.other[1], self.files["shown.key"]):
                        self.assertNotIn(secret.read_text().splitlines()[1], said)
                    self.assertNotIn("0123456789abcdef", said)
                    self.assertEqual(self.ask(gateway), 200)
                    self.files[name].write_bytes(right)
            gateway.signal(signal.SIGHUP)
            gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
            self.assertEqual(self.ask(gateway), 200)
            self.files["listener.key"].write_bytes(stranger)
            started = subprocess.run([BIN / "headrace", "--config", gateway.config], capture_output=True, text=True, timeout=60)
            self.assertNotEqual(started.returncode, 0)
            self.assertIn("listener.", started.stderr)


if __name__ == "__main__":
    unittest.main()
