#!/usr/bin/env python3
"""Runs a gateway under the requests that are usual, so that a program which writes down the ways it
takes has them: run_usual_requests.py GATEWAY PROGRAMS FOLDER

GATEWAY is the headrace to run, PROGRAMS the folder with headrace-mock and headrace-load, FOLDER takes
what they write. Each kind of request is as many as it is usual beside the others; small chat requests,
of callers with and without limits, are most.
"""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY_S = 20
END_S = 40
LOAD_S = 120

CHAT, ANTHROPIC = "/v1/chat/completions", "/v1/messages"
GEMINI = "/v1beta/models/gemini-2.5-flash"

# What is asked for, by whom, how often, and what else headrace-load is told.
USUAL = (
    ("small chat", CHAT, "plain", 60_000, ()),
    ("small chat with limits", CHAT, "governed", 60_000, ()),
    ("answers of the cache", CHAT, "governed", 30_000, ("--model", "kept")),
    ("refusals", CHAT, "spent", 20_000, ("--expect-status", "429")),
    ("chat streams", CHAT, "governed", 2_000, ("--stream",)),
    ("chat over TLS", CHAT, "governed", 15_000, ("--tls",)),
    ("new connections", CHAT, "governed", 3_000, ("--new-connections",)),
    ("large prompts", CHAT, "governed", 2_000, ("--body-bytes", "100000", "--connections", "16")),
    ("large answers", CHAT, "governed", 3_000, ("--header", "x-mock-answer-bytes: 65536")),
    ("opaque answers", "/v1/opaque/object", "plain", 3_000, ("--header", "x-mock-body-bytes: 65536")),
    ("responses", "/v1/responses", "governed", 5_000, ("--model", "gpt-4o")),
    ("embeddings", "/v1/embeddings", "governed", 5_000, ("--model", "text-embedding-3-small")),
    ("messages", ANTHROPIC, "governed", 20_000, ("--model", "claude-sonnet-4-5")),
    ("message streams", ANTHROPIC, "governed", 1_000, ("--model", "claude-sonnet-4-5", "--stream")),
    ("generateContent", f"{GEMINI}:generateContent", "governed", 10_000, ()),
    ("its streams", f"{GEMINI}:streamGenerateContent?alt=sse", "governed", 1_000, ("--stream",)),
    ("unknown keys", CHAT, "unknown", 2_000, ("--expect-status", "401")),
)


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def wait_for(what, program, log, holds):
    deadline = time.monotonic() + READY_S
    while not holds():
        if program.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"{what} did not become ready; its last words:\n{log.read_text()[-2000:]}")
        time.sleep(0.02)


@contextlib.contextmanager
def started(what, command, log, ready, environment=None):
    """A program from when it is ready to its orderly end: only then are its counts written."""
    with open(log, "wb") as output:
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})})
    try:
        wait_for(what, program, log, ready)
        yield
        program.terminate()
        if program.wait(END_S) != 0:
            sys.exit(f"{what} ended with {program.returncode}; its last words:\n{log.read_text()[-2000:]}")
    finally:
        program.kill()
        program.wait()


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, capture_output=True)


def ask(programs, folder, addresses, row):
    name, path, key, count, options = row
    options = list(options)
    scheme = "http"
    if "--tls" in options:
        options.remove("--tls")
        options += ["--ca", folder / "certificate.pem"]
        scheme = "https"
    run = subprocess.run(
        [programs / "headrace-load", f"{scheme}://{addresses[scheme]}{path}", "--quiet",
         "--api-key", f"key-for-usual-requests-{key}", "--requests", str(count), "--warm-up", "0",
         "--duration", f"{LOAD_S}s", "--json", folder / "load.json",
         *(() if "--connections" in options else ("--connections", "64")), *options],
        capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{name}: headrace-load ended with {run.returncode}\n{run.stdout}{run.stderr}")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    gateway, programs, folder = (pathlib.Path(argument).absolute() for argument in sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    make_certificate(folder)
    mock_log, gateway_log = folder / "mock.log", folder / "headrace.log"

    with started("headrace-mock", [programs / "headrace-mock", "--listen", "127.0.0.1:0"], mock_log,
                 lambda: mock_log.read_text().endswith("}\n")):
        provider = json.loads(mock_log.read_text().splitlines()[-1])["listen"]
        addresses = {"http": free_address(), "https": free_address()}
        environment = {"HEADRACE_LISTEN": addresses["http"], "HEADRACE_LISTEN_TLS": addresses["https"],
                       "HEADRACE_PROVIDER_URL": f"http://{provider}", "HEADRACE_FOLDER": str(folder)}
        with started("headrace", [gateway, "--config", ROOT / "tools/profile/usual.yaml"], gateway_log,
                     lambda: "ready:" in gateway_log.read_text(), environment):
            for number, row in enumerate(USUAL, 1):
                print(f"  {number} of {len(USUAL)}: {row[3]:,} requests, {row[0]}", flush=True)
                ask(programs, folder, addresses, row)


if __name__ == "__main__":
    main()
