"""What all proxies that are measured have in common: how one is configured, started and asked for its
version.

Configs are templates in bench/peers with @name@ where a run fills something in; what a run used is
kept beside its results.
"""

import dataclasses
import pathlib
import re
import socket
import subprocess
import time

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
    gateway: pathlib.Path     # the headrace to measure
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

    def check_work(self, proxy, count):
        """Fails where the proxy has not done with each of so many requests what it was set up for."""

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


def first_line(command):
    try:
        run = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    except OSError:
        return "not installed"
    return (run.stdout + run.stderr).strip().split("\n")[0]
