"""What a process of a test takes, what is left when it is over, and how a mark of time is told."""

import os
import pathlib
import resource
import time


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tell(what, measured, mark, unit):
    """For tools/test --long, which shows these lines at its end. A mark that is missed fails nothing."""
    reached = "reached" if measured <= mark else "missed"
    print(f"mark {what}: {measured:.2f} {unit}, to be at most {mark:g} {unit}: {reached}", flush=True)


def nothing_is_left(test, gateway, files):
    """Everything that a test opened is closed again. The admin's own request and connection count."""
    gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)
    gateway.wait_for_metric("headrace_streams_open", lambda value: value == 0)
    gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)
    deadline = time.monotonic() + 60
    while gateway.open_files() > files and time.monotonic() < deadline:
        time.sleep(0.02)
    test.assertLessEqual(gateway.open_files(), files)
