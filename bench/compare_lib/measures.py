"""What the scenarios measure: each function takes a Turn and gives {measure: value}."""

import http.client
import threading
import time

from compare_lib import accounting, held_connections, peers, requests, turns
from compare_lib.processes import Failed
from compare_lib.situation import MIB


def closed_loop(turn):
    window, report = turn.under_load()
    if not (turn.situation.new_connections and turn.peer.name == "relay"):
        turn.check_reuse(window)
    turn.check_work(turn.served())
    return {"cpu_us": window.cpu_us(window.requests), "rps": window.requests / window.seconds,
            "core_share": window.core_share, "sleeps": window.cpu.switches / window.requests,
            **latencies(report), **trust(window)}


def cached(turn):
    """Answers that the provider was asked for once: counted by the load, which gets them all."""
    measured, window, answers = answered_by_the_proxy(turn)
    if window.requests > answers / 1000:
        raise Failed(f"the provider was asked {window.requests} times for {answers:.0f} answers")
    return measured


def refused(turn):
    """Answers of 429 where a limit is spent; the provider is asked for nothing."""
    spend_limit(turn)
    measured, window, _ = answered_by_the_proxy(turn)
    if window.requests:
        raise Failed(f"{window.requests} requests went to the provider")
    return measured


def answered_by_the_proxy(turn):
    """What is measured, the window, and how many answers the load got in it."""
    window, report = turn.under_load()
    answers = report.requests_s * window.seconds
    turn.check_work(report.requests)
    return {"cpu_us": window.cpu_us(answers), "rps": report.requests_s,
            "core_share": window.core_share, **latencies(report), **trust(window)}, window, answers


def spend_limit(turn):
    """Asks until the proxy refuses, which it is to do at the second request at the latest."""
    connection = http.client.HTTPConnection(*turn.address, timeout=held_connections.TIMEOUT_S)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {requests.KEY}"}
    body = requests.chat_body(turn.situation.prompt_bytes)
    statuses = []
    for _ in range(2):
        connection.request("POST", requests.CHAT_PATH, body, headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
        if answer.status == 429:
            return
    raise Failed(f"{turn.peer.name} does not refuse: {statuses}")


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
    with turns.turn(bench, scenario, peers.ALL["nginx"], provider, None) as running:
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
