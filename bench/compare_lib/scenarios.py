"""The rows of the table of docs/performance.md: what is sent, what is measured, what is to be reached."""

import dataclasses
from collections.abc import Callable

from compare_lib import measures
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


def against_nginx(measure, reach, aim, gate=False, subject="headrace"):
    return Mark(measure, reach, aim, ("nginx",), gate, subject)


def small(connections, *more_marks):
    return Scenario(
        f"small-{connections}", f"1.5 KB request, 1.1 KB answer, {connections} connections",
        Situation(connections=connections), measures.closed_loop,
        marks=(against_nginx("cpu_us", 0.80, 0.72, gate=True), *more_marks))


def sse(count):
    return Scenario(
        f"sse-{count}", f"{count} streams of 100 events a second",
        Situation(connections=count, events_per_second=100, events=1000), measures.streams,
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
    Scenario("seam", "The bare relay on the seam beside one written by hand, and one on epoll",
             Situation(), measures.closed_loop,
             peers=("nginx", "relay-by-hand", "relay-by-epoll", "relay"),
             marks=(Mark("cpu_us", 1.03, 1.01, ("relay-by-hand",), gate=True, subject="relay"),
                    against_nginx("cpu_us", 0.62, 0.60, subject="relay", gate=True))),
    Scenario("seam-1m", "The same with 1 MiB answers",
             Situation(answer_bytes=MIB, opaque=True), measures.closed_loop, quick=False,
             peers=("relay-by-hand", "relay"),
             marks=(Mark("cpu_us", 1.03, 1.01, ("relay-by-hand",), gate=True, subject="relay"),)),
    Scenario("one", "One connection; headrace-spin polls before it sleeps",
             Situation(connections=1), measures.closed_loop,
             peers=("direct", *PROXIES, "headrace-spin"),
             marks=(against_nginx("p50_us", 0.75, 0.60, subject="headrace-spin"),)),
    Scenario("half", "Open loop at half of nginx's peak rate",
             Situation(), measures.open_loop, prepare=measures.half_of_nginx, rounds_min=15, quick=False,
             peers=("direct", *PROXIES),
             marks=tuple(Mark(name, 1.0, 0.9, ("nginx", "haproxy"))
                         for name in ("p50_us", "p90_us", "p99_us"))),
    Scenario("answer-64k", "64 KiB answers, metered",
             Situation(answer_bytes=64 * KIB), measures.closed_loop,
             marks=(against_nginx("cpu_us", 0.75, 0.50, gate=True),)),
    Scenario("answer-1m", "1 MiB answers, metered",
             Situation(answer_bytes=MIB), measures.closed_loop, quick=False,
             marks=(against_nginx("cpu_us", 1.0, 0.7),)),
    Scenario("opaque-64k", "64 KiB opaque answers",
             Situation(answer_bytes=64 * KIB, opaque=True), measures.closed_loop,
             marks=(Mark("cpu_us", 1.15, 1.0, ("haproxy",), gate=True),)),
    Scenario("opaque-1m", "1 MiB opaque answers",
             Situation(answer_bytes=MIB, opaque=True), measures.closed_loop, quick=False,
             marks=(Mark("cpu_us", 1.15, 1.0, ("haproxy",)),)),
    Scenario("prompt-100k", "100 KB prompts, 16 connections",
             Situation(connections=16, prompt_bytes=100_000), measures.closed_loop,
             peers=("nginx", "nginx-streaming", *PROXIES[1:]),
             marks=(against_nginx("cpu_us", 0.80, 0.65, gate=True),)),
    Scenario("prompt-400k", "400 KB prompts, 16 connections",
             Situation(connections=16, prompt_bytes=400_000), measures.closed_loop, quick=False,
             peers=("nginx", "nginx-streaming", *PROXIES[1:]),
             marks=(against_nginx("cpu_us", 0.80, 0.65, gate=True),)),
    Scenario("beside", "200 streams beside 10 MB prompts one after another",
             Situation(connections=200, events_per_second=20, events=1000), measures.streams_beside_prompts,
             quick=False, peers=("direct", *PROXIES),
             marks=(Mark("delay_p99_us", 2000, 500),)),
    Scenario("governed", "Networks, four limits, a price and usage records, 64 connections",
             Situation(), measures.closed_loop, rounds_min=7,
             peers=("nginx", "relay", "headrace", "headrace-governed"),
             marks=tuple(Mark("cpu_us", reach, aim, (against,), True, "headrace-governed")
                         for against, reach, aim in (("headrace", 1.08, 1.05),
                                                     ("nginx", 0.85, 0.76), ("relay", 1.40, 1.25)))),
    Scenario("cached", "Answers from the cache, 1.1 KB, keyed on a body of 1.5 KB",
             Situation(), measures.cached, peers=("nginx-cached", "headrace-cached"),
             marks=(Mark("cpu_us", 0.40, 0.33, ("nginx-cached",), True, "headrace-cached"),)),
    Scenario("refusal", "429 by a limit that is spent, 64 connections",
             Situation(refused=True), measures.refused,
             peers=("nginx-refusing", "haproxy-refusing", "responder", "headrace-refusing"),
             marks=(Mark("cpu_us", 0.60, 0.45, ("nginx-refusing",), True, "headrace-refusing"),
                    Mark("cpu_us", 1.60, 1.30, ("responder",), True, "headrace-refusing"),
                    Mark("p99_us", 1000, 500, gate=True, subject="headrace-refusing"))),
    Scenario("slow", "A provider that takes 60 ms, 256 connections",
             Situation(connections=256, latency_ms=60), measures.closed_loop, quick=False,
             marks=(against_nginx("cpu_us", 0.80, 0.65),)),
    sse(200),
    sse(600),
    Scenario("tls", "TLS 1.3, kept connections",
             Situation(tls=True), measures.closed_loop, peers=TLS_PROXIES,
             marks=(against_nginx("cpu_us", 0.85, 0.75, gate=True),)),
    Scenario("fresh", "A new connection for each request",
             Situation(new_connections=True), measures.closed_loop, quick=False,
             marks=(Mark("cpu_us", 0.9, 0.8, ("haproxy",)),)),
    Scenario("idle", "Memory of an idle kept connection",
             Situation(), measures.memory_per_connection, peers=TLS_PROXIES,
             marks=(Mark("bytes_connection", 512, 256, gate=True),)),
    Scenario("idle-tls", "Memory of an idle kept TLS connection",
             Situation(tls=True), measures.memory_per_connection, peers=TLS_PROXIES, quick=False,
             marks=(against_nginx("bytes_connection", 1.0, 0.7, gate=True),)),
    Scenario("quiet", "Memory of an open quiet stream",
             Situation(events_per_second=1, events=9, stall=True), measures.memory_per_stream, peers=TLS_PROXIES,
             marks=(Mark("bytes_stream", 4096, 2048, gate=True),)),
    Scenario("many", "8,000 connections beside 64",
             Situation(connections=8000), measures.many_connections, peers=TLS_PROXIES, long=True,
             marks=(Mark("growth", 1.15, 1.05),)),
    Scenario("start", "Start to first answer; memory when idle",
             Situation(connections=1), measures.start_up,
             marks=(Mark("ready_ms", 50, 15), Mark("resident_mib", 24, 10, gate=True))),
)
