#!/usr/bin/env python3
"""Names the tests that failed and shows how the output of each ended, so that the last screen of a long
run says what is wrong.

usage: failed_tests.py LOG RESULTS

LOG is what ctest printed, whose list at the end tells how each test failed; RESULTS is what it wrote with
--output-junit, which has the outputs. Nothing is printed where every test passed.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree

TESTS_SHOWN = 10
LINES_SHOWN = 30


def failed(log):
    """[(name, how it failed)] by ctest's closing list, which is the last of its kind in `log`."""
    _, found, listed = log.rpartition("The following tests FAILED:\n")
    return re.findall(r"^\s+\d+ - (.*) \(([^()]+)\)\s*$", listed, re.MULTILINE) if found else []


def outputs(results):
    """{name: lines of its output}"""
    return {case.get("name"): (case.findtext("system-out") or "").rstrip().splitlines()
            for case in results.iter("testcase")}


def report(tests, output_of):
    """Lines to print: each test's name, then the end of its output."""
    for index, (name, how) in enumerate(tests):
        yield f"failed: {name} ({how})"
        if index < TESTS_SHOWN:
            lines = output_of.get(name, [])
            if len(lines) > LINES_SHOWN:
                yield f"  | ... {len(lines) - LINES_SHOWN} lines before"
            yield from (f"  | {line}" for line in lines[-LINES_SHOWN:])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    log, results = sys.argv[1:]
    tests = failed(pathlib.Path(log).read_text(errors="replace"))
    for line in report(tests, outputs(xml.etree.ElementTree.parse(results)) if tests else {}):
        print(line)
