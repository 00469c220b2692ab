"""Starting programs on one core and ending them, whatever happens to us."""

import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """Something could not be started or measured; the text says what and where to look."""


def find_programs_of_the_system():
    """Debian keeps servers in /usr/sbin, which is not in everyone's path."""
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


class Process:
    """A child pinned to some cores, its output in a file; ends with us."""

    def __init__(self, command, cores, log_path, environment=None):
        self.command = [str(part) for part in command]
        self.log_path = log_path

        def prepare():
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            os.sched_setaffinity(0, cores)

        with open(log_path, "wb") as log:
            self.started = time.monotonic()
            try:
                self._child = subprocess.Popen(
                    self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                    env={**os.environ, **(environment or {})}, preexec_fn=prepare)
            except OSError as error:
                raise Failed(f"cannot start {self.command[0]}: {error.strerror}") from error

    @property
    def pid(self):
        return self._child.pid

    def alive(self):
        return self._child.poll() is None

    def last_words(self):
        with open(self.log_path, "rb") as log:
            return log.read()[-2000:].decode(errors="replace").strip()

    def wait(self, seconds):
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.command[0]} does not end\n{self.last_words()}") from None

    def stop(self):
        if self.alive():
            self._child.terminate()
            try:
                self._child.wait(3)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()

    def end(self, seconds):
        """Asks it to end, and gives what it returned."""
        self._child.terminate()
        return self.wait(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def free_port():
    """A port of the kernel's choice that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(ready, process, seconds=10.0, pause=0.001):
    """Calls ready() until it gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        if result := ready():
            return result
        if not process.alive():
            raise Failed(f"{process.command[0]} ended while it started\n{process.last_words()}")
        if time.monotonic() > deadline:
            raise Failed(f"{process.command[0]} is not ready\n{process.last_words()}")
        time.sleep(pause)
