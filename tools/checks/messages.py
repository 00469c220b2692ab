#!/usr/bin/env python3
"""Every message of the catalogues is said somewhere: one without a caller is four translations that
nobody reads, or a refusal that nobody wrote."""

import re
import sys

import tree

NAMES = "policy/messages/message_id.h"
ROWS = "policy/messages/message_id.cpp"
LAYERS = ("core", "policy", "net", "control")


def names_in(header):
    """The names of `enum class MessageId`, less its count."""
    body = re.search(r"enum class MessageId[^{]*\{(.*?)\n\};", header, re.S).group(1)
    return [name for name in re.findall(r"^\s*(\w+),", body, re.M) if name != "count"]


def said_in(text):
    return set(re.findall(r"\bMessageId::(\w+)", text))


def unsaid(header, sources):
    said = set().union(*map(said_in, sources)) if sources else set()
    return [name for name in names_in(header) if name not in said]


def main():
    sources = [
        (tree.ROOT / name).read_text()
        for name in tree.tracked_files()
        if name.parts[0] in LAYERS and name.suffix in (".h", ".cpp") and str(name) not in (NAMES, ROWS)
    ]
    findings = [f"{NAMES}: nobody says {name}" for name in unsaid((tree.ROOT / NAMES).read_text(), sources)]
    return tree.report(findings, "say it where it belongs, or take it out of the names and of every catalogue")


if __name__ == "__main__":
    sys.exit(main())
