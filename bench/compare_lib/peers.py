"""The proxies that are measured: how each is configured, started and asked for its version.

Configs are templates in bench/peers with @name@ where a run fills something in; what a run used is
kept beside its results.
"""

import dataclasses
import pathlib
import re
import resource
import socket
import subprocess
import time

from compare_lib import requests
from compare_lib.processes import Failed, Process, free_port, wait_until

TEMPLATES = pathlib.Path(__file__).resolve().parent.parent / "peers"
HOLE = re.compile(r"@(\w+)@")


def fill(template, values):
    """The template with every @name@ filled in; a name without a value is an error."""
    def value(match):
        if match[1] not in values:
            raise Failed(f"a template asks for @{match[1]}@, which nobody gives")
        return str(values[match[1]])
    return HOLE.sub(value, template)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a run's proxies stand and what they may use."""

    folder: pathlib.Path      # of this run's configs and logs
    programs: pathlib.Path    # build/release/bin
    core: int
    provider: tuple[str, int]
    certificate: pathlib.Path  # of the listener, P-256
    key: pathlib.Path


class Proxy(Process):
    """A running proxy."""

    def __init__(self, name, command, place, port, admin_port=None, environment=None):
        super().__init__(command, {place.core}, place.folder / f"{name}.log", environment)
        self.name = name
        self.address = ("127.0.0.1", port)
        self.admin_port = admin_port

    def wait_until_listening(self):
        """Seconds from its start until the first connection was taken."""
        def connects():
            try:
                socket.create_connection(self.address, timeout=1).close()
                return True
            except OSError:
                return False
        wait_until(connects, self, pause=0.0005)
        return time.monotonic() - self.started


class Peer:
    """A kind of proxy. Subclasses say how its config is made and how it is started."""

    name = ""
    template = ""       # file in bench/peers; none for a proxy that takes flags only
    direct = False      # no proxy at all: the load goes to the provider

    def version(self, programs):
        return ""

    def values(self, situation, place):
        """What the template asks for beyond ports and addresses."""
        return {}

    def command(self, config, situation, place, port):
        raise NotImplementedError

    def config_text(self, situation, place, port, admin_port):
        if not self.template:
            return ""
        host, provider_port = place.provider
        text = (TEMPLATES / self.template).read_text()
        return fill(text, {
            "port": port, "admin_port": admin_port, "provider": f"{host}:{provider_port}",
            "folder": place.folder, "certificate": place.certificate, "key": place.key,
            **self.values(situation, place)})

    def start(self, situation, place):
        port, admin_port = free_port(), free_port()
        config = place.folder / f"{self.name}.conf"
        config.write_text(self.config_text(situation, place, port, admin_port))
        return Proxy(self.name, self.command(config, situation, place, port), place, port, admin_port)


class Nginx(Peer):
    name = "nginx"
    template = "nginx.conf"

    def version(self, programs):
        return _first_line(["nginx", "-v"])

    def values(self, situation, place):
        tls = fill((TEMPLATES / "nginx_tls.conf").read_text(), {
            "certificate": place.certificate, "key": place.key}) if situation.tls else ""
        return {
            "cache_zone": "", "cache": "",
            "tls_on": " ssl" if situation.tls else "",
            "tls": tls,
            "buffering": "off" if situation.stream else "on",
            # Room for the whole prompt and the whole answer: nothing is written to a file.
            "request_buffering": "on",
            "prompt_buffer": _at_least(situation.prompt_bytes, 16),
            **_nginx_buffers(situation.answer_bytes),
        }

    def command(self, config, situation, place, port):
        return ["nginx", "-p", place.folder, "-c", config]


class NginxStreaming(Nginx):
    """nginx that sends a prompt on while it arrives: cheaper than holding it whole, but then nobody
    has seen the whole of it before the provider does."""

    name = "nginx-streaming"

    def values(self, situation, place):
        return {**super().values(situation, place), "request_buffering": "off",
                "prompt_buffer": "64k"}


class NginxCached(Nginx):
    """nginx that answers from its cache, keyed on the body."""

    name = "nginx-cached"

    def values(self, situation, place):
        return {**super().values(situation, place),
                "cache_zone": f"proxy_cache_path {place.folder}/nginx_cache levels=1:2"
                              " keys_zone=answers:10m inactive=1h use_temp_path=off;",
                "cache": (TEMPLATES / "nginx_cache.conf").read_text()}


class Haproxy(Peer):
    name = "haproxy"
    template = "haproxy.cfg"

    def version(self, programs):
        return _first_line(["haproxy", "-v"])

    def values(self, situation, place):
        bundle = place.folder / "haproxy.pem"
        bundle.write_text(place.certificate.read_text() + place.key.read_text())
        tls = (f" ssl crt {bundle} ssl-min-ver TLSv1.3 curves X25519"
               " ciphersuites TLS_AES_128_GCM_SHA256")
        return {
            "tls": tls if situation.tls else "",
            # It refuses to start where the limit of open files does not cover these twice and
            # the pipes.
            "connections_max": (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1500) // 2,
            "buffer_bytes": 16384,
            # Splicing pays from some 16 KiB on, and only where nobody has to read the body.
            "splice_answers": _option("splice-response", situation.answer_bytes > 16384),
            "splice_prompts": _option("splice-request", situation.prompt_bytes > 16384),
        }

    def command(self, config, situation, place, port):
        return ["haproxy", "-db", "-f", config]


class Relay(Peer):
    """Bytes from one connection to another, on the seam that headrace stands on, and nothing else."""

    name = "relay"
    program = "headrace-relay"

    def command(self, config, situation, place, port):
        host, provider_port = place.provider
        return [place.programs / self.program, "--listen", f"127.0.0.1:{port}",
                "--upstream", f"{host}:{provider_port}"]


class RelayByHand(Relay):
    """The same without the seam, straight onto liburing: what the seam is measured against."""

    name = "relay-by-hand"
    program = "headrace-relay-by-hand"


class Headrace(Peer):
    name = "headrace"
    template = "headrace.yaml"
    spin_us = 0
    cache = ""

    def version(self, programs):
        return _first_line([programs / "headrace", "-V"])

    def values(self, situation, place):
        tls = fill((TEMPLATES / "headrace_tls.yaml").read_text(), {
            "certificate": place.certificate, "key": place.key}) if situation.tls else ""
        return {"tls": tls, "spin_us": self.spin_us, "model": requests.MODEL, "cache": self.cache,
                "client_key": requests.KEY, "opaque_path": requests.OPAQUE_PATH}

    def command(self, config, situation, place, port):
        return [place.programs / "headrace", "--config", config]


class HeadraceSpin(Headrace):
    """Polls before it sleeps: for latency, where the core is its own."""

    name = "headrace-spin"
    spin_us = 200


class HeadraceCached(Headrace):
    """Answers from its cache."""

    name = "headrace-cached"
    cache = "cache: {mode: always, deterministic_only: false, ttl_ms: 3600000}"


class Direct(Peer):
    """No proxy: what the load and the provider take by themselves."""

    name = "direct"
    direct = True


def _option(name, wanted):
    return f"option {name}" if wanted else ""


def _at_least(size, kib):
    return f"{max(kib, -(-size // 1024) + 1)}k"


def _nginx_buffers(answer_bytes):
    """8 KiB buffers for what they hold; else 8 of 64 KiB, tried as the best for 64 KiB and 1 MiB."""
    number, size_kib = (8, 8) if answer_bytes <= 32 * 1024 else (8, 64)
    # nginx wants one buffer to stay free of what is being sent.
    return {"answer_buffers": f"{number} {size_kib}k", "busy_buffers": f"{(number - 1) * size_kib}k"}


def _first_line(command):
    try:
        run = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    except OSError:
        return "not installed"
    return (run.stdout + run.stderr).strip().split("\n")[0]


ALL = {peer.name: peer for peer in (
    Direct(), Nginx(), NginxStreaming(), NginxCached(), Haproxy(), RelayByHand(), Relay(),
    Headrace(), HeadraceSpin(), HeadraceCached())}
