"""The rows of the table of docs/performance.md: what is sent, what is measured, what is to be reached."""

import dataclasses
import threading
import time
from collections.abc import Callable

from compare_lib import accounting, held_connections, peers, requests
from compare_lib.processes import Failed
from compare_lib.situation import KIB, MIB, Situation
from compare_lib.statistics import Mark

PROXIES = ("nginx", "haproxy", "relay", "headrace")
TLS_PROXIES = ("nginx", "haproxy", "headrace")


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    situation: Situation
    measure: Callable | None      # of one Turn: {measure: value}
    peers: tuple[str, ...] = PROXIES
    marks: tuple[Mark, ...] = ()
    prepare: Callable | None = None  # once before the rounds, with the bench and the provider
    rounds_min: int = 1           # where a single round says little, as for a p99
    quick: bool = True            # part of a --quick run
    long: bool = False            # only with --long


# --- measures: each takes a Turn and gives {measure: value} ---

def closed_loop(turn):
    window, report = turn.under_load()
    if not (turn.situation.new_connections and turn.peer.name == "relay"):
        turn.check_reuse(window)
    return {"cpu_us": window.cpu_us(window.requests), "rps": window.requests / window.seconds,
            "core_share": window.core_share, "sleeps": window.cpu.switches / window.requests,
            **latencies(report), **trust(window)}


def cached(turn):
    """Answers that the provider was asked for once: counted by the load, which gets them all."""
    window, report = turn.under_load()
    answers = report.requests_s * window.seconds
    if window.requests > answers / 1000:
        raise Failed(f"the provider was asked {window.requests} times for {answers:.0f} answers")
    return {"cpu_us": window.cpu_us(answers), "rps": report.requests_s,
            "core_share": window.core_share, **latencies(report), **trust(window)}


def open_loop(turn):
    window, report = turn.under_load(rate=turn.prepared)
    return {**latencies(report), "rps": window.requests / window.seconds,
            "cpu_us": window.cpu_us(window.requests), **trust(window)}


def latencies(report):
    return {"p50_us": report.p50_us, "p90_us": report.p90_us, "p99_us": report.p99_us}


def trust(window):
    """How far the two clocks of the kernel agree; nothing to show for a proxy that hardly ran."""
    return {"clock_ratio": window.cpu.tick_nanos / window.cpu.nanos} if window.cpu.nanos else {}


def half_of_nginx(bench, scenario, provider):
    """Half of the requests a second that nginx reaches under a closed loop."""
    from compare_lib.turns import turn
    with turn(bench, scenario, peers.ALL["nginx"], provider, None) as running:
        return closed_loop(running)["rps"] / 2


def streams(turn):
    window, report = turn.under_load()
    events_s = pace(turn.situation, report)
    return {"cpu_us_event": window.cpu_us(events_s * window.seconds),
            "events_s": events_s, "core_share": window.core_share,
            **delays(report), **trust(window)}


def delays(report):
    """From the moment at which the provider wrote an event until the load had it."""
    return {"delay_p50_us": report.delay_p50_us, "delay_p90_us": report.delay_p90_us,
            "delay_p99_us": report.delay_p99_us}


def pace(situation, report):
    """Events a second of all streams. A provider or a load that cannot keep up would make every
    proxy look good."""
    wanted = situation.connections * situation.events_per_second
    events_s = situation.connections * 1e6 / report.gap_mean_us if report.gap_mean_us else 0
    if events_s < 0.95 * wanted:
        raise Failed(f"only {events_s:.0f} of {wanted} events a second came through")
    return events_s


LARGE_PROMPT_BYTES = 10 * 1000 * 1000


def streams_beside_prompts(turn):
    """Streams run while one connection sends 10 MB prompts one after another."""
    # These are answered at once, whatever pace the streams are told.
    at_once = {"x-mock-gap": "0ms", "x-mock-latency": "0ms", "x-mock-answer-tokens": "10"}
    request = requests.request_bytes(requests.CHAT_PATH, "gateway",
                                     requests.chat_body(LARGE_PROMPT_BYTES), at_once)
    done, counted, failure = threading.Event(), [], []

    def send_prompts():
        try:
            while not done.is_set():
                with held_connections.HeldConnections(turn.address) as connections:
                    connections.add(1, request, held_connections.whole_answer)
                counted.append(1)
        except (Failed, OSError) as error:
            failure.append(error)

    sender = threading.Thread(target=send_prompts)
    sender.start()
    try:
        window, report = turn.under_load()
    finally:
        done.set()
        sender.join()
    if failure:
        raise Failed(f"a large prompt failed: {failure[0]}")
    return {**delays(report), "prompts": len(counted), "events_s": pace(turn.situation, report)}


def memory_per_connection(turn):
    """Resident growth per connection that has had an answer and now waits."""
    return {"bytes_connection": growth_per_connection(turn, held_connections.whole_answer)}


def memory_per_stream(turn):
    """Resident growth per stream whose provider has fallen silent after the first events."""
    return {"bytes_stream": growth_per_connection(turn, held_connections.first_event)}


def growth_per_connection(turn, enough):
    situation = turn.situation
    body = requests.chat_body(situation.prompt_bytes, situation.stream)
    request = requests.request_bytes(requests.CHAT_PATH, "gateway", body)
    count = turn.bench.timing.held_connections
    with held_connections.HeldConnections(turn.address, situation.tls) as connections:
        # What comes with the first connections (code paged in, first pools) is not theirs.
        connections.add(count // 4, request, enough)
        time.sleep(0.2)
        before = accounting.resident_bytes(turn.proxy.pid)
        connections.add(count, request, enough)
        time.sleep(0.2)
        return (accounting.resident_bytes(turn.proxy.pid) - before) / count


def many_connections(turn):
    few, _ = turn.under_load(connections=64)
    many, report = turn.under_load()
    few_us, many_us = few.cpu_us(few.requests), many.cpu_us(many.requests)
    return {"growth": many_us / few_us, "cpu_us": many_us, "cpu_us_64": few_us, **latencies(report)}


def start_up(turn):
    """From the program's start until it has passed on a first request; its memory when idle."""
    body = requests.chat_body(turn.situation.prompt_bytes)
    with held_connections.HeldConnections(turn.address) as connections:
        connections.add(1, requests.request_bytes(requests.CHAT_PATH, "gateway", body),
                        held_connections.whole_answer)
        ready_s = time.monotonic() - turn.proxy.started
    time.sleep(0.5)
    return {"ready_ms": ready_s * 1000,
            "resident_mib": accounting.resident_bytes(turn.proxy.pid) / MIB}


# --- the rows ---

def against_nginx(measure, reach, aim, gate=False, subject="headrace"):
    return Mark(measure, reach, aim, ("nginx",), gate, subject)


def small(connections, *more_marks):
    return Scenario(
        f"small-{connections}", f"1.5 KB request, 1.1 KB answer, {connections} connections",
        Situation(connections=connections), closed_loop,
        marks=(against_nginx("cpu_us", 0.80, 0.72, gate=True), *more_marks))


def sse(count):
    return Scenario(
        f"sse-{count}", f"{count} streams of 100 events a second",
        Situation(connections=count, events_per_second=100, events=1000), streams,
        marks=(against_nginx("cpu_us_event", 0.92, 0.84, gate=True),
               against_nginx("delay_p50_us", 1.0, 0.9, gate=True),
               against_nginx("delay_p90_us", 1.0, 0.9, gate=True),
               against_nginx("delay_p99_us", 1.5, 1.0, gate=True)),
        rounds_min=15, quick=count == 200)


ALL = (
    small(16),
    small(64,
          Mark("cpu_us", 1.30, 1.20, ("relay",), gate=True)),
    small(256),
    Scenario("seam", "The bare relay on the seam beside one written by hand",
             Situation(), closed_loop, peers=("nginx", "relay-by-hand", "relay"),
             marks=(Mark("cpu_us", 1.03, 1.01, ("relay-by-hand",), gate=True, subject="relay"),
                    against_nginx("cpu_us", 0.62, 0.60, subject="relay", gate=True))),
    Scenario("seam-1m", "The same with 1 MiB answers",
             Situation(answer_bytes=MIB, opaque=True), closed_loop, quick=False,
             peers=("relay-by-hand", "relay"),
             marks=(Mark("cpu_us", 1.03, 1.01, ("relay-by-hand",), gate=True, subject="relay"),)),
    Scenario("one", "One connection; headrace-spin polls before it sleeps",
             Situation(connections=1), closed_loop,
             peers=("direct", *PROXIES, "headrace-spin"),
             marks=(against_nginx("p50_us", 0.75, 0.60, subject="headrace-spin"),)),
    Scenario("half", "Open loop at half of nginx's peak rate",
             Situation(), open_loop, prepare=half_of_nginx, rounds_min=15, quick=False,
             peers=("direct", *PROXIES),
             marks=tuple(Mark(name, 1.0, 0.9, ("nginx", "haproxy"))
                         for name in ("p50_us", "p90_us", "p99_us"))),
    Scenario("answer-64k", "64 KiB answers, metered",
             Situation(answer_bytes=64 * KIB), closed_loop,
             marks=(against_nginx("cpu_us", 0.75, 0.50, gate=True),)),
    Scenario("answer-1m", "1 MiB answers, metered",
             Situation(answer_bytes=MIB), closed_loop, quick=False,
             marks=(against_nginx("cpu_us", 1.0, 0.7),)),
    Scenario("opaque-64k", "64 KiB opaque answers",
             Situation(answer_bytes=64 * KIB, opaque=True), closed_loop,
             marks=(Mark("cpu_us", 1.15, 1.0, ("haproxy",), gate=True),)),
    Scenario("opaque-1m", "1 MiB opaque answers",
             Situation(answer_bytes=MIB, opaque=True), closed_loop, quick=False,
             marks=(Mark("cpu_us", 1.15, 1.0, ("haproxy",)),)),
    Scenario("prompt-100k", "100 KB prompts, 16 connections",
             Situation(connections=16, prompt_bytes=100_000), closed_loop,
             peers=("nginx", "nginx-streaming", *PROXIES[1:]),
             marks=(against_nginx("cpu_us", 0.80, 0.65, gate=True),)),
    Scenario("prompt-400k", "400 KB prompts, 16 connections",
             Situation(connections=16, prompt_bytes=400_000), closed_loop, quick=False,
             peers=("nginx", "nginx-streaming", *PROXIES[1:]),
             marks=(against_nginx("cpu_us", 0.80, 0.65, gate=True),)),
    Scenario("beside", "200 streams beside 10 MB prompts one after another",
             Situation(connections=200, events_per_second=20, events=1000), streams_beside_prompts,
             quick=False, peers=("direct", *PROXIES),
             marks=(Mark("delay_p99_us", 2000, 500),)),
    Scenario("cached", "Answers from the cache, 1.1 KB, keyed on a body of 1.5 KB",
             Situation(), cached, peers=("nginx-cached", "headrace-cached"),
             marks=(Mark("cpu_us", 0.40, 0.33, ("nginx-cached",), subject="headrace-cached"),)),
    Scenario("slow", "A provider that takes 60 ms, 256 connections",
             Situation(connections=256, latency_ms=60), closed_loop, quick=False,
             marks=(against_nginx("cpu_us", 0.80, 0.65),)),
    sse(200),
    sse(600),
    Scenario("tls", "TLS 1.3, kept connections",
             Situation(tls=True), closed_loop, peers=TLS_PROXIES,
             marks=(against_nginx("cpu_us", 0.85, 0.75, gate=True),)),
    Scenario("fresh", "A new connection for each request",
             Situation(new_connections=True), closed_loop, quick=False,
             marks=(Mark("cpu_us", 0.9, 0.8, ("haproxy",)),)),
    Scenario("idle", "Memory of an idle kept connection",
             Situation(), memory_per_connection, peers=TLS_PROXIES,
             marks=(Mark("bytes_connection", 512, 256, gate=True),)),
    Scenario("idle-tls", "Memory of an idle kept TLS connection",
             Situation(tls=True), memory_per_connection, peers=TLS_PROXIES, quick=False,
             marks=(against_nginx("bytes_connection", 1.0, 0.7, gate=True),)),
    Scenario("quiet", "Memory of an open quiet stream",
             Situation(events_per_second=1, events=9, stall=True), memory_per_stream, peers=TLS_PROXIES,
             marks=(Mark("bytes_stream", 4096, 2048, gate=True),)),
    Scenario("many", "8,000 connections beside 64",
             Situation(connections=8000), many_connections, peers=TLS_PROXIES, long=True,
             marks=(Mark("growth", 1.15, 1.05),)),
    Scenario("start", "Start to first answer; memory when idle",
             Situation(connections=1), start_up,
             marks=(Mark("ready_ms", 50, 15), Mark("resident_mib", 24, 10, gate=True))),
)
