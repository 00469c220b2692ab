"""What the machine is, and what is changed on it for the length of a run."""

import contextlib
import datetime
import os
import pathlib
import platform
import resource
import subprocess

CONGESTION_CONTROL = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")


def cores():
    return sorted(os.sched_getaffinity(0))


def facts():
    """What a reader needs to judge the figures."""
    cpu = ""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return {
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "kernel": platform.release(),
        "cpu": cpu,
        "cores": len(cores()),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "?"),
        "congestion_control": CONGESTION_CONTROL.read_text().strip(),
        "open_files_max": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "revision": _revision(),
    }


def _revision():
    run = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True,
                         cwd=pathlib.Path(__file__).parent)
    return run.stdout.strip() or "unknown"


def load_average():
    return os.getloadavg()[0]


def raise_open_files():
    """As many files as the machine lets us have; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@contextlib.contextmanager
def cubic():
    """Loopback connections under cubic: bbr paces by timers, which says nothing about proxies.

    Needs root; without it the run goes on and the record says which control was at work.
    """
    before = CONGESTION_CONTROL.read_text().strip()
    try:
        if before != "cubic":
            CONGESTION_CONTROL.write_text("cubic")
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        CONGESTION_CONTROL.write_text(before)
