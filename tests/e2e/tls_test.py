"""TLS on both sides of the real program: versions, names, resumption, reload, verification."""

import pathlib
import queue
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from connect_proxy import ConnectProxy
from gateway import KEY, Gateway, Response, chat, request
from upstream import CHAT_ANSWER, Upstream


def certificate(folder, name, names, days=2, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
    """A self-signed certificate and its key, as two paths."""
    cert, key_file = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", *key, "-nodes",
         "-keyout", key_file, "-out", cert, "-days", str(days), "-subj", f"/CN={names[0]}",
         "-addext", "subjectAltName=" + ",".join(("IP:" if each[0].isdigit() else "DNS:") + each for each in names),
         "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=digitalSignature,keyCertSign",
         "-addext", "extendedKeyUsage=serverAuth"],
        check=True, capture_output=True)
    return cert, key_file


def client_certificate(folder, name, names):
    cert, key_file = folder / f"client-{name}.crt", folder / f"client-{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", key_file, "-out", cert, "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}",
         "-addext", "extendedKeyUsage=clientAuth"],
        check=True, capture_output=True)
    return cert, key_file


class TlsUpstream(Upstream):
    def __init__(self, cert, key, script=None):
        super().__init__(script)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.resumed = 0

    def _serve(self, connection):
        try:
            connection = self.context.wrap_socket(connection, server_side=True)
        except (ssl.SSLError, OSError):
            connection.close()
            return
        if connection.session_reused:
            self.resumed += 1
        super()._serve(connection)


class TlsProviderGateway(Gateway):
    def config_text(self):
        return super().config_text().replace("url: http://", "url: https://")


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="headrace-tls-"))
        cls.main = certificate(cls.folder, "main", ["gateway.test", "127.0.0.1"])
        cls.other = certificate(cls.folder, "other", ["other.test"])
        cls.later = certificate(cls.folder, "later", ["gateway.test", "127.0.0.1"])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def listener(self):
        lines = ["    tls: true", "    certificates:"]
        for cert, key in (self.main, self.other):
            lines += [f"      - certificate_file: {cert}", f"        key_file: {key}"]
        return "\n".join(lines)

    def wrap(self, gateway, trusted, name="gateway.test", session=None, **options):
        context = options.pop("context", None) or ssl.create_default_context(cafile=trusted)
        for option, value in options.items():
            setattr(context, option, value)
        return context.wrap_socket(gateway.connect(), server_hostname=name, session=session)

    def ask(self, connection):
        connection.sendall(request(chat()))
        return Response(connection)

    def test_a_proxy_header_goes_before_the_handshake(self):
        listener = self.listener() + "\n    trusted_proxies: [127.0.0.0/8]\n    proxy_protocol: required\n    x_forwarded: true"
        with Upstream() as upstream, Gateway(upstream.address, listener=listener) as gateway:
            context = ssl.create_default_context(cafile=self.main[0])
            header = b"PROXY TCP4 203.0.113.7 127.0.0.1 1 443\r\n"
            for pieces in ([header], [header[:9], header[9:]]):
                raw = gateway.connect()
                for piece in pieces:
                    raw.sendall(piece)
                with context.wrap_socket(raw, server_hostname="gateway.test") as connection:
                    self.assertEqual(self.ask(connection).status, 200)
                self.assertEqual(upstream.requests[-1].all("X-Forwarded-For"), ["203.0.113.7"])

    def test_a_client_certificate_stands_for_its_key(self):
        clients = {name: client_certificate(self.folder, name, names) for name, names in (
            ("known", "URI:spiffe://acme/app,DNS:APP.acme.test"), ("by_dns", "DNS:app.acme.test"), ("unknown", "DNS:other.test"))}
        authority = self.folder / "clients.crt"
        authority.write_text("".join(cert.read_text() for name, (cert, _) in clients.items()))
        stranger = client_certificate(self.folder, "stranger", "URI:spiffe://acme/app")
        names = "certificate_names:\n  - {name: 'uri:spiffe://acme/app', key: test}\n  - {name: 'dns:app.acme.test', key: test}\n"

        def ask(gateway, client, key=None):
            context = ssl.create_default_context(cafile=self.main[0])
            if client:
                context.load_cert_chain(*client)
            with self.wrap(gateway, self.main[0], context=context) as connection:
                connection.sendall(request(chat(), key=key))
                return Response(connection)

        for mode in ("optional", "required"):
            listener = self.listener() + f"\n    client_certificates: {mode}\n    client_ca_file: {authority}"
            with self.subTest(mode=mode), Upstream() as upstream, Gateway(upstream.address, listener=listener, extra=names) as gateway:
                for name in ("known", "by_dns"):
                    self.assertEqual(ask(gateway, clients[name]).status, 200)
                self.assertEqual(gateway.log_lines(2)[1]["key"], "test")
                refused = ask(gateway, clients["unknown"])
                self.assertEqual(refused.status, 401)
                self.assertIn("certificate", refused.json()["detail"])
                # A key that is sent counts, whoever's certificate it is.
                self.assertEqual(ask(gateway, clients["unknown"], KEY).status, 200)
                self.assertEqual(ask(gateway, clients["known"], "x" * 20).status, 401)
                for client in (stranger, *([None] if mode == "required" else [])):
                    with self.assertRaises((ssl.SSLError, ConnectionError, AssertionError)):
                        self.assertTrue(ask(gateway, client).whole)
                if mode == "optional":
                    self.assertEqual(ask(gateway, None).status, 401)
                    self.assertEqual(ask(gateway, None, KEY).status, 200)

    def test_our_own_answers_ask_for_tls_from_then_on(self):
        with Upstream() as upstream, Gateway(upstream.address, listener=self.listener()) as gateway:
            with self.wrap(gateway, self.main[0]) as connection:
                connection.sendall(request(chat(model="nothing")))
                answer = Response(connection)
            self.assertEqual(answer.headers["strict-transport-security"], "max-age=31536000")
            self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
            self.assertEqual(answer.headers["cache-control"], "private, no-store")

    def test_a_provider_is_verified_through_a_proxy_on_the_way_out(self):
        with TlsUpstream(*self.main) as upstream, ConnectProxy() as proxy:
            options = f"    egress_proxy: http://{proxy.address}\n    ca_file: {self.main[0]}\n"
            with TlsProviderGateway(upstream.address, provider=options) as gateway, gateway.connect() as connection:
                for _ in range(2):
                    self.assertEqual(self.ask(connection).status, 200)
            self.assertEqual([head.split()[1] for head in proxy.heads], [upstream.address])
            # Another root: the proxy cannot stand in the provider's place.
            options = options.replace(str(self.main[0]), str(self.other[0]))
            with TlsProviderGateway(upstream.address, provider=options) as gateway, gateway.connect() as connection:
                self.assertEqual(self.ask(connection).status, 502)

    def test_both_versions_serve_requests_and_streams_of_bytes(self):
        with Upstream() as upstream, Gateway(upstream.address, listener=self.listener()) as gateway:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.subTest(version=version), self.wrap(gateway, self.main[0], maximum_version=version) as connection:
                    for size in (1, 5_000, 100_000):
                        connection.sendall(request(chat(padding="x" * size)))
                        self.assertEqual(Response(connection).status, 200)
                        self.assertEqual(upstream.requests[-1].body, chat(padding="x" * size))

    def test_the_oldest_version_is_the_listeners(self):
        listener = self.listener() + '\n    tls_version_min: "1.3"'
        with Upstream() as upstream, Gateway(upstream.address, listener=listener) as gateway:
            with self.assertRaises(ssl.SSLError):
                self.wrap(gateway, self.main[0], maximum_version=ssl.TLSVersion.TLSv1_2)
            with self.wrap(gateway, self.main[0]) as connection:
                self.assertEqual(connection.version(), "TLSv1.3")
                self.assertEqual(self.ask(connection).status, 200)

    def test_the_listeners_protocols_are_negotiated(self):
        with Upstream() as upstream, Gateway(upstream.address, listener=self.listener()) as gateway:
            for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), ([], None)):
                context = ssl.create_default_context(cafile=self.main[0])
                if offered:
                    context.set_alpn_protocols(offered)
                with self.wrap(gateway, None, context=context) as connection:
                    self.assertEqual(connection.selected_alpn_protocol(), chosen)
                    self.assertEqual(self.ask(connection).status, 200)
            context = ssl.create_default_context(cafile=self.main[0])
            context.set_alpn_protocols(["h2"])
            with self.assertRaises(ssl.SSLError):
                self.wrap(gateway, None, context=context)

    def test_rsa_keys_sign_beside_the_shard(self):
        rsa = certificate(self.folder, "rsa", ["gateway.test"], key=("rsa:4096",))
        listener = f"    tls: true\n    certificates:\n      - certificate_file: {rsa[0]}\n        key_file: {rsa[1]}"
        with Upstream() as upstream, Gateway(upstream.address, listener=listener) as gateway:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                connections = [self.wrap(gateway, rsa[0], maximum_version=version) for _ in range(4)]
                for connection in connections:
                    with connection:
                        self.assertEqual(self.ask(connection).status, 200)
            # One that leaves while its signature is made disturbs nobody.
            gone = gateway.connect()
            context = ssl.create_default_context(cafile=rsa[0])
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            hello = context.wrap_bio(incoming, outgoing, server_hostname="gateway.test")
            with self.assertRaises(ssl.SSLWantReadError):
                hello.do_handshake()
            gone.sendall(outgoing.read())
            gone.close()
            with self.wrap(gateway, rsa[0]) as connection:
                self.assertEqual(self.ask(connection).status, 200)

    def test_the_certificate_fits_the_name(self):
        with Upstream() as upstream, Gateway(upstream.address, listener=self.listener()) as gateway:
            with self.wrap(gateway, self.other[0], name="other.test") as connection:
                self.assertEqual(self.ask(connection).status, 200)
            with self.assertRaises(ssl.SSLCertVerificationError):
                self.wrap(gateway, self.other[0], name="gateway.test")

    def test_old_versions_and_plain_http_are_refused(self):
        with Upstream() as upstream, Gateway(upstream.address, listener=self.listener()) as gateway:
            with gateway.connect() as connection:
                connection.sendall(request(chat()))
                try:
                    self.assertNotIn(b"HTTP/1.1 200", connection.recv(1000))
                except ConnectionResetError:
                    pass
            self.assertEqual(upstream.requests, [])
            with self.wrap(gateway, self.main[0]) as connection:
                self.assertEqual(self.ask(connection).status, 200)

    def test_sessions_resume(self):
        with Upstream() as upstream, Gateway(upstream.address, listener=self.listener()) as gateway:
            context = ssl.create_default_context(cafile=self.main[0])
            with self.wrap(gateway, None, context=context) as connection:
                self.ask(connection)
                session = connection.session
            with self.wrap(gateway, None, context=context, session=session) as connection:
                self.assertTrue(connection.session_reused)
                self.assertEqual(self.ask(connection).status, 200)

    def test_a_new_certificate_is_shown_after_a_reload_and_no_connection_drops(self):
        with Upstream() as upstream, Gateway(upstream.address, listener=self.listener()) as gateway:
            with self.wrap(gateway, self.main[0]) as running:
                self.ask(running)
                text = gateway.config_text().replace(str(self.main[0]), str(self.later[0])).replace(str(self.main[1]), str(self.later[1]))
                gateway.config.write_text(text)
                gateway.signal(signal.SIGHUP)
                gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
                deadline = time.monotonic() + 60
                while True:
                    try:
                        with self.wrap(gateway, self.later[0]) as connection:
                            self.assertEqual(self.ask(connection).status, 200)
                        break
                    except ssl.SSLCertVerificationError:
                        self.assertLess(time.monotonic(), deadline)
                self.assertEqual(self.ask(running).status, 200)

    def test_a_handshake_that_stalls_is_given_up(self):
        limit = "http:\n  tls_handshake_timeout_ms: 200\n"
        with Upstream() as upstream, Gateway(upstream.address, extra=limit, listener=self.listener()) as gateway:
            with gateway.connect() as connection:
                connection.sendall(b"\x16\x03\x01")
                self.assertEqual(connection.recv(100), b"")

    # --- the end of a kept connection --------------------------------------------------------------

    def assertEndsWithGoodbye(self, connection):
        """Without close_notify it would be an SSLEOFError."""
        connection.settimeout(60)
        connection.suppress_ragged_eofs = False
        self.assertEqual(connection.recv(100), b"")

    def test_a_client_connection_that_is_kept_too_long_ends_with_close_notify(self):
        idle = "http:\n  keep_alive_timeout_ms: 200\n"
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with Upstream() as upstream, Gateway(upstream.address, extra=idle, listener=self.listener()) as gateway:
                with self.wrap(gateway, self.main[0], maximum_version=version) as connection:
                    self.assertEqual(self.ask(connection).status, 200)
                    self.assertEndsWithGoodbye(connection)

    def test_a_client_connection_that_is_drained_ends_with_close_notify(self):
        with Upstream() as upstream, Gateway(upstream.address, listener=self.listener()) as gateway:
            with self.wrap(gateway, self.main[0]) as connection:
                self.assertEqual(self.ask(connection).status, 200)
                gateway.signal(signal.SIGTERM)
                self.assertEndsWithGoodbye(connection)

    def test_a_providers_connection_that_is_kept_too_long_ends_with_close_notify(self):
        ends = queue.Queue()

        def once(request, connection):
            connection.sendall(CHAT_ANSWER)
            connection.suppress_ragged_eofs = False
            try:
                ends.put(connection.recv(100))
            except ssl.SSLError as error:
                ends.put(error)
            return False

        upstream, gateway = self.upstream_tls(self.main, self.main[0], "gateway.test")
        upstream.script = once
        text = gateway.config_text().replace("    ca_file:", "    pool_idle_timeout_ms: 200\n    ca_file:")
        gateway.config_text = lambda: text
        with upstream, gateway, gateway.connect() as connection:
            self.assertEqual(self.ask(connection).status, 200)
            self.assertEqual(ends.get(timeout=60), b"")

    def upstream_tls(self, cert, trusted, server_name):
        provider = f"    ca_file: {trusted}\n    server_name: {server_name}\n"
        upstream = TlsUpstream(*cert)
        gateway = Gateway(upstream.address, provider=provider)
        text = gateway.config_text().replace("http://", "https://")
        gateway.config_text = lambda: text
        return upstream, gateway

    def test_providers_are_reached_by_tls_and_verified(self):
        upstream, gateway = self.upstream_tls(self.main, self.main[0], "gateway.test")
        with upstream, gateway, gateway.connect() as connection:
            for size in (1, 100_000):
                connection.sendall(request(chat(padding="x" * size)))
                self.assertEqual(Response(connection).status, 200)

    def test_a_provider_with_another_name_or_authority_gets_nothing(self):
        for trusted, name in ((self.main[0], "wrong.test"), (self.other[0], "gateway.test")):
            upstream, gateway = self.upstream_tls(self.main, trusted, name)
            with self.subTest(name=name), upstream, gateway, gateway.connect() as connection:
                self.assertEqual(self.ask(connection).status, 502)
                self.assertEqual(upstream.requests, [])

    def test_a_provider_that_need_not_be_verified_is_not(self):
        upstream = TlsUpstream(*self.other)
        gateway = Gateway(upstream.address, provider="    verify: false\n")
        text = gateway.config_text().replace("http://", "https://")
        gateway.config_text = lambda: text
        with upstream, gateway, gateway.connect() as connection:
            self.assertEqual(self.ask(connection).status, 200)

    def test_large_answers_of_providers_come_whole(self):
        upstream, gateway = self.upstream_tls(self.main, self.main[0], "gateway.test")
        body = bytes(range(256)) * 4096

        def large(request, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            for at in range(0, len(body), 50_001):
                connection.sendall(body[at:at + 50_001])
            return True

        upstream.script = large
        with upstream, gateway, gateway.connect() as connection:
            for _ in range(2):
                self.assertEqual(self.ask(connection).body, body)

    def test_sessions_with_providers_resume(self):
        upstream, gateway = self.upstream_tls(self.main, self.main[0], "gateway.test")

        def once(request, connection):
            connection.sendall(CHAT_ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            return False

        upstream.script = once
        with upstream, gateway, gateway.connect() as connection:
            for _ in range(5):
                self.assertEqual(self.ask(connection).status, 200)
            self.assertGreater(upstream.resumed, 0)


if __name__ == "__main__":
    unittest.main()
