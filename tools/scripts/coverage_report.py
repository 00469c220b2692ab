#!/usr/bin/env python3
"""What the tests reach, by layer, folder and file, from what gcovr counted.

usage: coverage_report.py SUMMARY REPORT

SUMMARY is gcovr's --json-summary. REPORT gets every folder and every file, worst first; the layers, the
worst folders and the worst files are printed. Lines that are reached decide, branches do not: g++ makes
branches of its own for everything that might throw.
"""

import collections
import json
import pathlib
import sys

PERCENT_TO_REACH = 90
WORST_SHOWN = 12


class Count(collections.namedtuple("Count", "lines reached")):
    """How many lines there are that do something, and how many of them were reached."""

    def __add__(self, other):
        return Count(self.lines + other.lines, self.reached + other.reached)

    @property
    def missed(self):
        return self.lines - self.reached

    @property
    def percent(self):
        return 100 * self.reached / self.lines


def files_of(summary):
    """{file: Count}, without files in which nothing can be reached."""
    return {entry["filename"]: Count(entry["line_total"], entry["line_covered"])
            for entry in summary["files"] if entry["line_total"]}


def by(place_of, files):
    """The same, the files of one place together."""
    places = collections.defaultdict(lambda: Count(0, 0))
    for name, count in files.items():
        places[place_of(pathlib.PurePosixPath(name))] += count
    return dict(places)


def worst_first(counts):
    """Lines for the reader, what has the smallest part reached first."""
    ranked = sorted(counts.items(), key=lambda item: (item[1].percent, -item[1].missed, item[0]))
    return [f"{count.percent:6.1f} %  {count.missed:5} of {count.lines:5} lines not reached  {name}"
            for name, count in ranked]


def layers(files):
    for name, count in sorted(by(lambda path: path.parts[0], files).items()):
        verdict = "reached" if count.percent >= PERCENT_TO_REACH else "missed"
        yield (f"{name:8}{count.percent:5.1f} % of {count.lines} lines "
               f"(to be {PERCENT_TO_REACH} %: {verdict})")


def main():
    summary, report = map(pathlib.Path, sys.argv[1:])
    files = files_of(json.loads(summary.read_text()))
    if not files:
        print("no source was reached: did the tests run?")
        return 1
    in_layers = list(layers(files))
    folders = worst_first(by(lambda path: f"{path.parent}/", files))
    ranked = worst_first(files)
    report.write_text("\n".join([*in_layers, "", *folders, "", *ranked, ""]))
    print("\n".join(["worst files:", *ranked[:WORST_SHOWN], "", "worst folders:", *folders[:WORST_SHOWN], "",
                     *in_layers]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
