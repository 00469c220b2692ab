#!/usr/bin/env python3
"""Runs clang-tidy over the sources of a build folder, and remembers which of them were clean.

usage: tidy.py BUILD_FOLDER [--headers-from BUILT_FOLDER] [--changed] [-j N]

A source is judged again only if it, a header of ours that it includes, its compile command or the
rules have changed. Which headers it includes is what ninja learnt when it built BUILT_FOLDER (by
default the same). --changed looks only at what differs from main: at each source, and at each header
through the smallest source that includes it.
"""

import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import shlex
import subprocess
import sys

import tree

TIDY = "clang-tidy-19"
LAYERS = {"core", "policy", "net", "control", "tools", "bench", "tests"}


def inside(path, folder):
    """path relative to the root if it is a source of ours, else None."""
    path = pathlib.Path(path)
    if not path.is_absolute():
        path = folder / path
    try:
        relative = path.resolve().relative_to(tree.ROOT)
    except ValueError:
        return None
    return relative if relative.parts[0] in LAYERS else None


def headers_by_object(folder):
    """object file -> our files that it was compiled from, as ninja has them."""
    listed = subprocess.run(["ninja", "-C", folder, "-t", "deps"], check=True,
                            capture_output=True, text=True).stdout
    result, current = {}, None
    for line in listed.splitlines():
        if line.startswith("    "):
            if (path := inside(line.strip(), folder)) is not None:
                current.append(path)
        elif ": #deps" in line:
            current = result.setdefault(line.split(":")[0], [])
    return result


def object_of(command):
    """The object file that a compile command writes; Debian 12's CMake has no field for it."""
    words = shlex.split(command)
    return words[words.index("-o") + 1]


def units(folder, built_folder):
    """(source, compile command, our files it is made of) of every source, once."""
    headers = headers_by_object(built_folder)
    seen = set()
    for entry in json.loads((folder / "compile_commands.json").read_text()):
        source = inside(entry["file"], folder)
        if source is None or source in seen:
            continue
        seen.add(source)
        yield source, entry["command"], sorted({source, *headers.get(object_of(entry["command"]), ())})


def covering(units, changed):
    """Those of units that show every changed file: changed sources, and one for each other header."""
    chosen = [unit for unit in units if unit[0] in changed]
    seen = {path for _, _, files in chosen for path in files}
    for header in sorted(changed - seen):
        including = [unit for unit in units if header in unit[2]]
        if header not in seen and including:
            smallest = min(including, key=lambda unit: len(unit[2]))
            chosen.append(smallest)
            seen.update(smallest[2])
    return chosen


def fingerprint(command, files, rules):
    digest = hashlib.sha256(rules)
    digest.update(command.encode())
    for path in files:
        digest.update(str(path).encode() + b"\0" + (tree.ROOT / path).read_bytes())
    return digest.hexdigest()


def tidy(folder, source):
    # A g++ build's commands name warnings that clang does not know.
    run = subprocess.run([TIDY, "--quiet", "--extra-arg=-Wno-unknown-warning-option",
                          f"-p={folder}", str(source)], cwd=tree.ROOT,
                         capture_output=True, text=True)
    return run.returncode == 0, run.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--headers-from", type=pathlib.Path)
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("-j", dest="jobs", type=int, default=2)
    options = parser.parse_args()
    folder = options.folder.resolve()

    rules = (tree.ROOT / ".clang-tidy").read_bytes()
    rules += subprocess.run([TIDY, "--version"], check=True, capture_output=True).stdout
    stamps = folder / "tidy"
    stamps.mkdir(exist_ok=True)

    looked_at = list(units(folder, (options.headers_from or folder).resolve()))
    if options.changed:
        looked_at = covering(looked_at, {pathlib.Path(path) for path in tree.changed_files()})
    work = []
    for source, command, files in looked_at:
        stamp = stamps / fingerprint(command, files, rules)
        if not stamp.exists():
            work.append((source, stamp))

    failed = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda item: (*item, *tidy(folder, item[0])), work)
        for source, stamp, clean, output in results:
            if clean:
                stamp.touch()
            else:
                failed.append(str(source))
                print(output, flush=True)
    return tree.report([f"clang-tidy is not content with {name}" for name in failed],
                       "mend it, or write NOLINT(check) with the reason")


if __name__ == "__main__":
    sys.exit(main())
