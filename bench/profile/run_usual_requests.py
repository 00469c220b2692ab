#!/usr/bin/env python3
"""Runs a gateway under the requests that are usual, so that a program which writes down the ways it
takes has them: run_usual_requests.py GATEWAY PROGRAMS FOLDER

GATEWAY is the headrace to run, PROGRAMS the folder with headrace-mock and headrace-load, FOLDER takes
what they write. Each kind of request is as many as it is usual beside the others; small chat requests,
of callers with and without limits, are most.
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from compare_lib import machine  # noqa: E402
from compare_lib.certificates import make_certificate  # noqa: E402
from compare_lib.processes import Failed, Process, free_port, wait_until  # noqa: E402

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


def ask(programs, folder, certificate, addresses, row):
    name, path, key, count, options = row
    options = list(options)
    scheme = "http"
    if "--tls" in options:
        options.remove("--tls")
        options += ["--ca", certificate]
        scheme = "https"
    run = subprocess.run(
        [programs / "headrace-load", f"{scheme}://{addresses[scheme]}{path}", "--quiet",
         "--api-key", f"key-for-usual-requests-{key}", "--requests", str(count), "--warm-up", "0",
         "--duration", f"{LOAD_S}s", "--json", folder / "load.json",
         *(() if "--connections" in options else ("--connections", "64")), *options],
        capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Failed(f"{name}: headrace-load ended with {run.returncode}\n{run.stdout}{run.stderr}")


def serve_usual_requests(gateway, programs, folder):
    folder.mkdir(parents=True, exist_ok=True)
    certificate, _ = make_certificate(folder)
    cores = set(machine.cores())
    addresses = {scheme: f"127.0.0.1:{free_port()}" for scheme in ("http", "https")}

    with Process([programs / "headrace-mock", "--listen", "127.0.0.1:0"], cores, folder / "mock.log") as mock:
        wait_until(lambda: mock.last_words().endswith("}"), mock)
        environment = {"HEADRACE_LISTEN": addresses["http"], "HEADRACE_LISTEN_TLS": addresses["https"],
                       "HEADRACE_PROVIDER_URL": f"http://{json.loads(mock.last_words())['listen']}",
                       "HEADRACE_FOLDER": str(folder)}
        command = [gateway, "--config", ROOT / "bench/profile/usual.yaml"]
        with Process(command, cores, folder / "headrace.log", environment) as headrace:
            wait_until(lambda: "ready:" in headrace.last_words(), headrace)
            for number, row in enumerate(USUAL, 1):
                print(f"  {number} of {len(USUAL)}: {row[3]:,} requests, {row[0]}", flush=True)
                ask(programs, folder, certificate, addresses, row)
            # Only what ends in order writes its counts.
            if (status := headrace.end(END_S)) != 0:
                raise Failed(f"headrace ended with {status}; its last words:\n{headrace.last_words()}")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        serve_usual_requests(*(pathlib.Path(argument).absolute() for argument in sys.argv[1:]))
    except Failed as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
