#!/usr/bin/env python3
"""Holds every #include against the layers: core <- policy <- net, core <- policy <- control.

tools, bench and tests may include anything; nothing else includes them. policy knows nothing of
sockets, clocks or files, so the system's headers for these are closed to it.
"""

import pathlib
import re
import sys

import tree

MAY_INCLUDE = {
    "core": {"core"},
    "policy": {"core", "policy"},
    "net": {"core", "policy", "net"},
    "control": {"core", "policy", "control"},
}
FOLDERS = set(MAY_INCLUDE) | {"tools", "bench", "tests"}
CLOSED_TO_POLICY = {
    "arpa/inet.h", "ctime", "fcntl.h", "filesystem", "fstream", "liburing.h", "netinet/in.h",
    "netinet/tcp.h", "stdio.h", "cstdio", "sys/mman.h", "sys/socket.h", "sys/stat.h", "thread",
    "time.h", "unistd.h",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def judge(path, text):
    """Findings for one source file; path is relative to the root."""
    layer = pathlib.PurePosixPath(path).parts[0]
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        own, target = match[1] == '"', match[2]
        folder = target.split("/")[0]
        where = f"{path}:{number}: "
        if own and (target.startswith(".") or folder not in FOLDERS):
            yield f'{where}"{target}" is not a path from the root'
        elif own and layer in MAY_INCLUDE and folder not in MAY_INCLUDE[layer]:
            yield f"{where}{layer} must not include {folder} ({target})"
        elif not own and layer == "policy" and target in CLOSED_TO_POLICY:
            yield f"{where}policy knows nothing of sockets, clocks or files (<{target}>)"


def main():
    findings = []
    for path in tree.tracked_files():
        if path.parts[0] in FOLDERS and path.suffix in {".h", ".cpp"}:
            findings += judge(path, (tree.ROOT / path).read_text())
    return tree.report(findings, "move the code to the layer that may know both, or turn the "
                                 "dependency round (docs/architecture.md)")


if __name__ == "__main__":
    sys.exit(main())
