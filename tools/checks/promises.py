#!/usr/bin/env python3
"""Holds docs/promises.md against ctest: every promise names tests, and every named test exists.

usage: promises.py BUILD_FOLDER

A promise is a row of a table whose last column is headed "Test" and holds one or more names in
backticks, `*` standing for anything: `net.RequestHead.*`.
"""

import fnmatch
import json
import re
import subprocess
import sys

import tree

CELL = re.compile(r"(?<!\\)\|")
NAME = re.compile(r"`([^`]+)`")
PAGE = "docs/promises.md"


def promises(text):
    """(line number, promise, [test name or pattern]) for every row of every table of promises."""
    in_table = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            in_table = False
            continue
        cells = [cell.strip() for cell in CELL.split(line)[1:-1]]
        if not in_table:
            in_table = cells[-1:] == ["Test"]
        elif set(line) - set("|-: "):
            yield number, cells[0], NAME.findall(cells[-1])


def judge(text, tests):
    """Findings for the page, given the names of the tests that exist."""
    rows = list(promises(text))
    if not rows:
        yield f"{PAGE}: no promise in it (a table whose last column is headed Test)"
    for number, promise, names in rows:
        if not names:
            yield f"{PAGE}:{number}: no test holds this promise: {promise}"
        for name in names:
            if not fnmatch.filter(tests, name):
                yield f"{PAGE}:{number}: no such test: {name}"


def tests_of(build_folder):
    listed = subprocess.run(["ctest", "--test-dir", build_folder, "--show-only=json-v1"],
                            check=True, capture_output=True, text=True).stdout
    return [test["name"] for test in json.loads(listed)["tests"]]


def main():
    page = tree.ROOT / PAGE
    if not page.exists():
        return tree.report([f"{PAGE} is missing"], "write it: the promises, and their tests")
    return tree.report(list(judge(page.read_text(), tests_of(sys.argv[1]))),
                       "name a test that fails without the promise (ctest -N lists them)")


if __name__ == "__main__":
    sys.exit(main())
