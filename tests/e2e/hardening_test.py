"""What the machine forbids, what TLS peers do wrong, and where keys must not show."""

import ctypes
import pathlib
import resource
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import unittest

from gateway import BIN, KEY, Gateway, Response, chat, read_to_end, request
from tls_test import TlsUpstream, certificate
from upstream import CHAT_ANSWER, STREAM_HEAD, Upstream, answer, chunk, delta, event

IO_URING_SETUP = 425  # the same on every machine
NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER_MODE = 38, 22, 2
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
RETURN_ERROR, RETURN_ALLOW = 0x00050000, 0x7FFF0000


def forbid(call, error):
    """For preexec_fn: from here on the kernel answers `call` with `error`, as container runtimes do."""
    steps = [(LOAD_NUMBER, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, call), (RETURN, 0, 0, RETURN_ERROR | error), (RETURN, 0, 0, RETURN_ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    libc = ctypes.CDLL(None, use_errno=True)

    def act():
        program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
        if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0 or libc.prctl(SET_SECCOMP, FILTER_MODE, program, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "no seccomp filter can be set")

    return act


class Forbidden(unittest.TestCase):
    """F20: io_uring that is not to be had."""

    def test_without_io_uring_it_says_so_and_ends(self):
        for error, words in ((1, ("seccomp", "io_uring")), (38, ("io_uring", "6.1"))):
            with self.subTest(error=error), tempfile.TemporaryDirectory() as folder:
                gateway = Gateway("127.0.0.1:1")
                self.addCleanup(gateway.remove_folder)
                gateway.config.write_text(gateway.config_text())
                refused = subprocess.run([BIN / "headrace", "--config", gateway.config], capture_output=True, text=True, timeout=60, preexec_fn=forbid(IO_URING_SETUP, error))
                self.assertGreater(refused.returncode, 0, "it ended by a signal")
                for word in words:
                    self.assertIn(word, refused.stderr)
                with self.assertRaises(OSError):
                    gateway.connect(timeout=1)


def dated(folder, name, names, begin, end):
    """A self-signed certificate that holds from `begin` to `end` (YYMMDDhhmmssZ)."""
    cert, key = certificate(folder, name + "-any", names)
    config, database, wish, dated_cert = (folder / f"{name}.{each}" for each in ("cnf", "db", "csr", "crt"))
    database.write_text("")
    config.write_text(
        f"[ca]\ndefault_ca=a\n[a]\ndatabase={database}\nnew_certs_dir={folder}\ndefault_md=sha256\nrand_serial=yes\npolicy=p\n"
        f"x509_extensions=x\nunique_subject=no\n[p]\ncommonName=supplied\n[x]\nbasicConstraints=critical,CA:TRUE\n"
        f"subjectAltName={','.join('DNS:' + each for each in names)}\nextendedKeyUsage=serverAuth\n"
    )
    run = lambda *arguments: subprocess.run(["openssl", *arguments], check=True, capture_output=True)
    run("req", "-new", "-key", key, "-subj", f"/CN={names[0]}", "-out", wish)
    run("ca", "-batch", "-config", config, "-selfsign", "-keyfile", key, "-in", wish, "-out", dated_cert, "-startdate", begin, "-enddate", end, "-notext")
    return dated_cert, key


class TlsPeers(unittest.TestCase):
    """F22."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="headrace-hardening-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.main = certificate(cls.folder, "main", ["gateway.test", "127.0.0.1"])

    def to_provider(self, upstream, trusted, **timeouts):
        lines = f"    ca_file: {trusted}\n    server_name: gateway.test\n" + "".join(f"    {name}: {value}\n" for name, value in timeouts.items())
        gateway = Gateway(upstream.address, provider=lines)
        text = gateway.config_text().replace("http://", "https://")
        gateway.config_text = lambda: text
        return gateway

    def status(self, gateway):
        with gateway.connect() as connection:
            connection.sendall(request(chat()))
            return Response(connection).status

    def test_a_provider_whose_time_is_over_or_has_not_come_gets_nothing(self):
        for name, begin, end in (("expired", "200101000000Z", "200102000000Z"), ("early", "490101000000Z", "491231000000Z")):
            cert, key = dated(self.folder, name, ["gateway.test"], begin, end)
            with self.subTest(name=name), TlsUpstream(cert, key) as upstream, self.to_provider(upstream, cert) as gateway:
                self.assertEqual(self.status(gateway), 502)
                self.assertEqual(upstream.requests, [])

    def test_a_provider_that_does_not_finish_its_handshake_is_given_up(self):
        for words in (b"", b"\x16\x03\x03\x00", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28"):
            class Silent(Upstream):
                def _serve(self, connection):
                    connection.sendall(words)
                    read_to_end(connection)
                    connection.close()

            with self.subTest(words=words), Silent() as upstream, self.to_provider(upstream, self.main[0], connect_timeout_ms=300) as gateway:
                self.assertIn(self.status(gateway), (502, 504))
                gateway.wait_for_metric("headrace_upstream_connections", lambda value: value == 0)

    def listening(self, upstream, extra=""):
        listener = f"    tls: true\n    certificates:\n      - certificate_file: {self.main[0]}\n        key_file: {self.main[1]}"
        return Gateway(upstream.address, listener=listener, extra=extra)

    def good(self, gateway):
        context = ssl.create_default_context(cafile=self.main[0])
        with context.wrap_socket(gateway.connect(), server_hostname="gateway.test") as connection:
            connection.sendall(request(chat()))
            self.assertEqual(Response(connection).status, 200)

    def test_handshakes_that_stall_or_flood_hold_nobody_up(self):
        with Upstream() as upstream, self.listening(upstream, "http:\n  tls_handshake_timeout_ms: 1000\n") as gateway:
            context = ssl.create_default_context(cafile=self.main[0])
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            half = context.wrap_bio(incoming, outgoing, server_hostname="gateway.test")
            with self.assertRaises(ssl.SSLWantReadError):
                half.do_handshake()
            hello = outgoing.read()
            stalled = []
            for i in range(300):
                connection = gateway.connect()
                connection.sendall(hello if i % 3 == 0 else hello[: i % len(hello)])
                stalled.append(connection)
            for _ in range(20):
                self.good(gateway)
            for connection in stalled:
                read_to_end(connection)  # ends: its time is up
                connection.close()
            gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)
            self.good(gateway)

    def test_garbage_instead_of_a_handshake_ends_only_itself(self):
        with Upstream() as upstream, self.listening(upstream) as gateway:
            for words in (b"\x00" * 100, b"\xff" * 20_000, b"\x16\x03\x01\xff\xff" + b"a" * 70_000, b"\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff", b"\x17\x03\x03\x00\x01a", b"\x80\x2e\x01\x00\x02", request(chat())):
                with self.subTest(words=words[:10]), gateway.connect() as connection:
                    try:
                        connection.sendall(words)
                        connection.shutdown(socket.SHUT_WR)
                    except OSError:
                        pass
                    self.assertNotIn(b"HTTP/1.1 2", read_to_end(connection))
                self.good(gateway)
            self.assertEqual(len(upstream.requests), 7)

    def test_a_tls_client_that_ends_without_saying_so_has_left(self):
        def script(request, connection):
            connection.sendall(STREAM_HEAD)
            while True:
                connection.sendall(chunk(event(delta("more"))))
                time.sleep(0.01)

        with Upstream(script) as upstream, self.listening(upstream) as gateway:
            context = ssl.create_default_context(cafile=self.main[0])
            connection = context.wrap_socket(gateway.connect(), server_hostname="gateway.test")
            connection.sendall(request(chat(stream=True)))
            self.assertTrue(connection.recv(1))
            connection.shutdown(socket.SHUT_RDWR)  # no close_notify
            connection.close()
            self.assertTrue(upstream.closed_by_peer.wait(60))


class Canaries(unittest.TestCase):
    """No key of either side shows, whatever goes wrong."""

    def test_no_failure_tells_a_key(self):
        wrong = "hr-CANARY-wrong-0123456789"
        stage = [None]
        failures = {
            "reset": lambda request, connection: False,
            "not HTTP": lambda request, connection: connection.sendall(b"sk-CANARY-back HTTP\r\n\r\n") or False,
            "broken": lambda request, connection: connection.sendall(STREAM_HEAD + chunk(event(delta("a")))) or False,
            "refusal": lambda request, connection: connection.sendall(answer(b'{"error":{"message":"no"}}', status="401 No")),
        }
        with Upstream(lambda *args: stage[0](*args)) as upstream, Gateway(upstream.address) as gateway:
            count, seen = 0, b""
            for stage[0] in failures.values():
                for data in (
                    request(chat(stream=True)),
                    request(chat(), key=wrong),
                    request(chat(), headers=[f"x-api-key: {wrong}"]),
                    request(chat(), path=f"/v1/chat/completions?key={KEY}"),
                    request(b"{}", path=f"/v1beta/models/gemini-x:generateContent?key={KEY}", key=None),
                    request(b"{}", path=f"/v1beta/models/gemini-x:generateContent?key={wrong}", key=None),
                    request(b"{}", path=f"/v1beta/models/gemini-x:generateContent?k%65y={KEY}", key=None),
                    request(b"{", path=f"/{KEY}"),
                    request(chat(), headers=[f"X-Request-Id: {KEY} x"]),
                    request(b'{"model":"%s"}' % KEY.encode()),
                    request(chat())[:-1] + b"\x00",
                    request(chat()).replace(b"Authorization: Bearer ", b"Authorization : Bearer "),
                ):
                    with gateway.connect() as connection:
                        connection.sendall(data)
                        seen += read_answer(connection)
                        count += 1
            gateway.log_lines(count)
            for place, text in (("answers", seen), ("metrics", gateway.admin("/metrics")), ("log", gateway.log.read_bytes())):
                for canary in (b"CANARY-provider", b"CANARY-wrong", b"CANARY-back"):
                    self.assertNotIn(canary, text, place)
            for line in gateway.access_log.read_text().splitlines():
                if KEY in line:  # only where a client wrote its key into a path or a model's name
                    self.assertTrue(f'"path":"/{KEY}"' in line or f'"model":"{KEY}"' in line, line)

    def test_a_crash_leaves_no_core_file_unless_asked_for(self):
        for asked, limit in (({}, "1"), ({"HEADRACE_CORE_DUMPS": "yes"}, "unlimited")):
            gateway = Gateway("127.0.0.1:1", environment=asked)
            before = resource.getrlimit(resource.RLIMIT_CORE)
            if before[1] != resource.RLIM_INFINITY:
                self.skipTest("core files are forbidden here anyhow")
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_CORE, before)
            with gateway:
                limits = pathlib.Path(f"/proc/{gateway.process.pid}/limits").read_text()
                self.assertRegex(limits, rf"Max core file size +{limit} ")

    def test_a_config_that_is_wrong_tells_no_key(self):
        gateway = Gateway("127.0.0.1:1")
        self.addCleanup(gateway.remove_folder)
        good = gateway.config_text()
        for change in (("    key:", "    kye:"), ("credential:", "credentail:"), ("    key: ", "    sha256: "), ("credential: ", "url: "), ("    key: ", "    key: [") , ("credential: ", "credential: &a "), ("    key: hr", "    key: ' ${'  # hr")):
            for option in ("-t", "-T"):
                with self.subTest(change=change, option=option):
                    gateway.config.write_text(good.replace(*change))
                    shown = subprocess.run([BIN / "headrace", option, "--config", gateway.config], capture_output=True, text=True, timeout=60)
                    self.assertNotEqual(shown.returncode, 0)
                    self.assertNotIn("CANARY", shown.stdout + shown.stderr)


def read_answer(connection):
    response = Response(connection)
    return repr((response.headers, response.body, response.rest)).encode()


if __name__ == "__main__":
    unittest.main()
