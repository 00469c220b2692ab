"""A gateway under test: the real program with a config of its own on free loopback ports, and raw
sockets to talk to it."""

import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import weakref

BIN = pathlib.Path(os.environ.get("HEADRACE_BIN", "build/release/bin"))
KEY = "hr-CANARY-client-0123456789"
PROVIDER_KEY = "sk-CANARY-provider-0123456789"
ONLY_KERNEL_6_1 = os.environ.get("HEADRACE_KERNEL") == "6.1"
# Its allocator keeps what was freed for a while, to find uses of it.
SANITIZED = "HEADRACE_SANITIZED" in os.environ

KERNEL_6_1_IO = """  send_vectorized: false
  ring_messages: false
  absolute_waits: false
  idle_waits: false
"""


def reserve_port():
    """A socket that keeps a free port ours as long as it lives. It never listens; the gateway binds
    the same port beside it (its listeners share ports, as shards do)."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    # So that the gateway, which looks whether somebody listens there, sees that nobody does.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


class Gateway:
    """Use as a context manager. `upstream` is host:port of whoever plays the provider."""

    def __init__(self, upstream, extra="", provider="", shards=1, listener="", files_max=None, io="", arguments=(), resilience=False, environment=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headrace-e2e-"))
        # Also where it is never entered: one that is to refuse its start.
        self.remove_folder = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.reserved = [reserve_port(), reserve_port()]
        self.port, self.admin_port = (held.getsockname()[1] for held in self.reserved)
        self.upstream, self.extra, self.provider = upstream, extra, provider
        self.shards, self.listener, self.files_max = shards, listener, files_max
        self.io = io + (KERNEL_6_1_IO if ONLY_KERNEL_6_1 else "")
        self.access_log = self.folder / "access.log"
        self.config = self.folder / "headrace.yaml"
        self.log = self.folder / "headrace.log"
        self.process = None
        self.arguments = list(arguments)
        self.environment = environment or {}
        # Off, so that a test sees each failure once, and none of another test keeps requests away.
        self.resilience = resilience

    def config_text(self):
        providers = "".join(
            f"""
  - name: {dialect}
    dialect: {dialect}
    url: http://{self.upstream}{'/v1' if dialect == 'openai' else ''}
    credential: {PROVIDER_KEY}
    private_network: true
{'' if self.resilience else '    breaker: {failures: 0}'}
{self.provider}"""
            for dialect in ("openai", "anthropic", "gemini")
        )
        once = "" if self.resilience else "    retry: {tries: 1}"
        return f"""
listeners:
  - address: 127.0.0.1:{self.port}
{self.listener}
admin:
  address: 127.0.0.1:{self.admin_port}
shards:
  count: {self.shards}
  pin: false
access_log:
  output: file
  path: {self.access_log}
providers:{providers}
routes:
  - models: [gpt-4o, smart]
    targets: [{{provider: openai}}]
{once}
  - models: [renamed]
    targets: [{{provider: openai, model: gpt-4o}}]
{once}
  - models: ["claude-*"]
    targets: [{{provider: anthropic}}]
{once}
  - models: ["gemini-*"]
    targets: [{{provider: gemini}}]
{once}
keys:
  - name: test
    key: {KEY}
    passthrough: true
{'io:' if self.io else ''}
{self.io}
{self.extra}
"""

    def __enter__(self):
        self.config.write_text(self.config_text())
        try:
            self.start()
        except BaseException:
            if self.process is not None:
                self.process.kill()
                self.process.wait()
                self.log_file.close()
            raise
        return self

    def _open_log(self):
        self.log_file = open(self.log, "ab")
        return self.log_file

    def start(self):
        def limit():
            if self.files_max:
                resource.setrlimit(resource.RLIMIT_NOFILE, (self.files_max, self.files_max))

        self.process = subprocess.Popen(
            [BIN / "headrace", "--config", self.config, *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._open_log(),
            env={**os.environ, **self.environment},
            preexec_fn=limit,
        )
        self.wait_until_ready()

    def wait_until_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"headrace ended: {self.log.read_text()}")
            try:
                if b" 200 " in self.admin("/ready").split(b"\r\n")[0]:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError(f"headrace is not ready: {self.log.read_text()}")

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                if exception == (None, None, None):
                    raise
        self.log_file.close()
        for held in self.reserved:
            held.close()
        status = self.process.returncode
        text = self.log.read_text()
        self.remove_folder()
        if exception == (None, None, None) and status != 0:
            raise RuntimeError(f"headrace ended with {status}: {text}")
        if exception != (None, None, None):
            # What the gateway said explains what a test saw.
            print(f"headrace ended with {status}: {text}", file=sys.stderr)

    def signal(self, number):
        self.process.send_signal(number)

    def connect(self, timeout=60):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def admin(self, path):
        with socket.create_connection(("127.0.0.1", self.admin_port), timeout=60) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            return read_to_end(connection)

    def metric(self, name):
        for line in self.admin("/metrics").decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise KeyError(name)

    def wait_for_metric(self, name, predicate, seconds=60):
        """Counts decide, not time: the bound only ends a test that hangs."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = self.metric(name)
            if predicate(value):
                return value
            time.sleep(0.02)
        raise AssertionError(f"{name} stays at {value}")

    def log_lines(self, count, seconds=60):
        """The access log once it has at least so many lines."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            lines = self.access_log.read_text().splitlines() if self.access_log.exists() else []
            if len(lines) >= count:
                return [json.loads(line) for line in lines]
            time.sleep(0.02)
        raise AssertionError(f"only {len(lines)} log lines")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def read_to_end(connection):
    data = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return data
        if not piece:
            return data
        data += piece


class Response:
    """One answer read from a connection by its framing. `whole` is False when it broke off."""

    def __init__(self, connection, buffered=b"", head_request=False):
        self.whole = False
        self.status, self.headers, self.body = 0, {}, b""
        self.rest = b""
        data = buffered
        while b"\r\n\r\n" not in data:
            piece = self._receive(connection)
            if not piece:
                self.rest = data
                return
            data += piece
        head, data = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.lines = lines
        for line in lines[1:]:
            name, value = line.split(":", 1)
            self.headers[name.lower()] = value.strip()
        if head_request or self.status in (204, 304) or self.status < 200:
            self.whole, self.rest = True, data
        elif "content-length" in self.headers:
            length = int(self.headers["content-length"])
            while len(data) < length:
                piece = self._receive(connection)
                if not piece:
                    self.body = data
                    return
                data += piece
            self.body, self.rest, self.whole = data[:length], data[length:], True
        elif self.headers.get("transfer-encoding") == "chunked":
            self._read_chunks(connection, data)
        else:
            while piece := self._receive(connection):
                data += piece
            self.body, self.whole = data, True

    @staticmethod
    def _receive(connection):
        try:
            return connection.recv(65536)
        except ConnectionResetError:
            return b""

    def _read_chunks(self, connection, data):
        def need(count):
            nonlocal data
            while len(data) < count:
                piece = self._receive(connection)
                if not piece:
                    return False
                data += piece
            return True

        while True:
            while b"\r\n" not in data:
                if not need(len(data) + 1):
                    return
            line, data = data.split(b"\r\n", 1)
            size = int(line, 16)
            if not need(size + 2):
                self.body += data
                return
            if data[size : size + 2] != b"\r\n":
                raise AssertionError("a chunk without its line end")
            self.body += data[:size]
            data = data[size + 2 :]
            if size == 0:
                self.rest, self.whole = data, True
                return

    def json(self):
        return json.loads(self.body)

    def events(self):
        """What the events of a stream carry, without its [DONE]."""
        return [json.loads(line[6:]) for line in self.body.decode().split("\n") if line.startswith("data: {")]


def chat(model="gpt-4o", stream=False, **members):
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], **members}
    if stream:
        body["stream"] = True
    return json.dumps(body).encode()


def request(body=None, method="POST", path="/v1/chat/completions", key=KEY, headers=(), version="1.1"):
    lines = [f"{method} {path} HTTP/{version}", "Host: gateway.test"]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += list(headers)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")
