"""Runs the steps of a demo and shows what came back."""

import os
import sys
import textwrap
import time


def refusal(call, error_class):
    try:
        call()
    except error_class as error:
        return {error_class.__name__: error.message}
    raise AssertionError(f"expected {error_class.__name__}, but the call succeeded")


def text(value):
    assert value and value.strip(), "the text is empty"
    return value


def show(label, value):
    flat = textwrap.shorten(" ".join(str(value).split()), 160, placeholder=" ...")
    lines = textwrap.wrap(flat, 80) or [""]
    print(f"       {label:12} " + ("\n" + " " * 20).join(lines))


def run(sdk, step):
    """Whether the step passed; says what came back."""
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    name = f"python {sdk}: " + step.__name__.replace("_", " ")
    started = time.monotonic()
    try:
        shown = step()
    except Exception as error:  # whatever the SDK raises is a failed step
        print(("\x1b[31mFAIL\x1b[0m " if colour else "FAIL ") + name)
        show(type(error).__name__, error)
        return False
    took = f"({1000 * (time.monotonic() - started):.0f} ms)"
    print(("\x1b[32m ok \x1b[0m " if colour else " ok  ") + name, took)
    for label, value in shown.items():
        show(label, value)
    return True
