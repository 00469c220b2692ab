#!/usr/bin/env python3
"""Finds what must not stand in the tree: unfinished work, drawer names, secrets, foreign paths.

The patterns are written in pieces so that this file does not find itself.
"""

import re
import sys

import tree

UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|\b[Ff]or " r"now\b")
FOREIGN_PATH = re.compile(r"(?<![\w.])/(wor" r"k|ro" r"ot|ho" r"me)/[\w.-]+")
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE" r" KEY-----|\bAKIA[0-9A-Z]{16}\b|\bsk-ant-a" r"pi\d")
DRAWERS = r"(util|utils|common|misc|helper|helpers|manager)"
DRAWER_PATH = re.compile(rf"(^|[/_]){DRAWERS}([/_.]|$)")
DRAWER_TYPE = re.compile(r"^\s*(class|struct|enum class|namespace)\s+(\w*"
                         r"(?:Util|Utils|Common|Misc|Helper|Helpers|Manager)|util|utils|common|misc)\b")
# Fuzz corpora hold whatever broke a parser; package locks are written by npm.
EXEMPT = re.compile(r"^tests/fuzz/corpus/|(^|/)package-lock\.json$")
TEXT = "a binary file: let the build or the test make it"


def judge(path, content):
    """Findings for one file: its path relative to the root, and its bytes."""
    path = str(path)
    if EXEMPT.search(path):
        return
    if DRAWER_PATH.search(path):
        yield f"{path}: a drawer name; call it what it is"
    if b"\0" in content:
        yield f"{path}: {TEXT}"
        return
    for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
        where = f"{path}:{number}: "
        if match := UNFINISHED.search(line):
            yield f"{where}unfinished work ({match[0]})"
        if match := FOREIGN_PATH.search(line):
            yield f"{where}a path of one machine ({match[0]})"
        if SECRET.search(line):
            yield f"{where}looks like a secret"
        if match := DRAWER_TYPE.match(line):
            yield f"{where}a drawer name ({match[2]}); call it what it is"


def main():
    findings = []
    for path in tree.tracked_files():
        findings += judge(path, (tree.ROOT / path).read_bytes())
    return tree.report(findings, "finish it, rename it, or take it out")


if __name__ == "__main__":
    sys.exit(main())
