"""CPU time and memory of a process and all its descendants, from /proc.

CPU time is the scheduler's own (schedstat, nanoseconds), summed over all threads; kernel threads
that io_uring makes for a process are threads of it. utime + stime, which the kernel samples by
ticks on some machines, serves as a cross-check.
"""

import dataclasses
import os
import pathlib

PROC = pathlib.Path("/proc")
NANOS_PER_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def descendants(pid):
    """pid and everything below it; a process that ends meanwhile is left out."""
    found, queue = [], [pid]
    while queue:
        current = queue.pop()
        found.append(current)
        for task in _tasks(current):
            try:
                queue += map(int, (task / "children").read_text().split())
            except FileNotFoundError:
                pass
    return found


def _tasks(pid):
    try:
        return list((PROC / str(pid) / "task").iterdir())
    except FileNotFoundError:
        return []


@dataclasses.dataclass(frozen=True)
class CpuSample:
    nanos: int        # by the scheduler, threads alive now
    tick_nanos: int   # utime + stime, threads that have ended included
    switches: int     # times that a thread went to sleep

    def __sub__(self, earlier):
        return CpuSample(self.nanos - earlier.nanos, self.tick_nanos - earlier.tick_nanos,
                         self.switches - earlier.switches)


def cpu(pid):
    nanos = ticks = switches = 0
    for process in descendants(pid):
        for task in _tasks(process):
            try:
                nanos += int((task / "schedstat").read_text().split()[0])
                switches += _status_number(task, "voluntary_ctxt_switches:")
            except FileNotFoundError:
                continue
        try:
            # The name in field 2 may hold spaces and parentheses; what follows it does not.
            fields = (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        except FileNotFoundError:
            continue
    return CpuSample(nanos, ticks * NANOS_PER_TICK, switches)


def _status_number(task, label):
    for line in (task / "status").read_text().splitlines():
        if line.startswith(label):
            return int(line.split()[1])
    return 0


def resident_bytes(pid):
    """Resident memory, pages shared between processes counted once (PSS)."""
    total = 0
    for process in descendants(pid):
        try:
            for line in (PROC / str(process) / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total
