"""What the user may ask for, and the run from top to bottom."""

import argparse
import pathlib
import subprocess
import sys
import time

from compare_lib import machine, peers, picture, report, scenarios
from compare_lib.certificates import make_certificate
from compare_lib.processes import Failed, find_programs_of_the_system
from compare_lib.provider import Provider
from compare_lib.situation import Situation
from compare_lib.turns import Bench, Timing, turn

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench/results"
TARGETS = ("programs", "headrace-relay", "headrace-relay-by-hand", "headrace-relay-by-epoll",
           "headrace-respond")

QUICK = Timing(warm_up_s=0.3, window_s=0.8, held_connections=1000)
FULL = Timing(warm_up_s=1.0, window_s=3.0, held_connections=4000)
QUICK_ROUNDS, FULL_ROUNDS = 3, 7


def arguments():
    parser = argparse.ArgumentParser(
        prog="bench/compare",
        description="Measures Headrace beside nginx, HAProxy and a bare relay: each on one core with "
                    "one worker, in turn, round after round, under the same load.",
        epilog="Results go to bench/results/<time>/ as text, JSON and a picture.")
    parser.add_argument("--quick", action="store_true",
                        help="the most telling scenarios in at most 5 minutes")
    parser.add_argument("--only", metavar="NAME,...", type=lambda text: text.split(","),
                        help="these scenarios (--list names them)")
    parser.add_argument("--list", action="store_true", help="list the scenarios and end")
    parser.add_argument("--rounds", type=int, metavar="N",
                        help=f"rounds of each scenario (default {FULL_ROUNDS}, "
                             f"with --quick {QUICK_ROUNDS})")
    parser.add_argument("--window", type=float, metavar="SECONDS",
                        help=f"how long a turn measures (default {FULL.window_s:g}, "
                             f"with --quick {QUICK.window_s:g})")
    parser.add_argument("--peers", metavar="NAME,...", type=lambda text: text.split(","),
                        help="only these proxies: " + ", ".join(peers.ALL))
    parser.add_argument("--long", action="store_true", help="also thousands of connections")
    parser.add_argument("--proxy-core", type=int, metavar="N", default=machine.cores()[-1],
                        help="core of the proxy (default: the last); load and provider take the rest")
    parser.add_argument("--profiled", action="store_true",
                        help="measure build/profiled/bin/headrace (tools/build_profiled) instead of "
                             "build/release's")
    parser.add_argument("--no-build", action="store_true", help="take what is built as it is")
    parser.add_argument("--gates", action="store_true", help="fail if a gate was missed")
    return parser.parse_args()


def chosen(options):
    known = {scenario.name: scenario for scenario in scenarios.ALL}
    if options.only:
        if unknown := [name for name in options.only if name not in known]:
            raise Failed(f"no such scenario: {', '.join(unknown)} (--list names them)")
        return [known[name] for name in options.only]
    return [scenario for scenario in scenarios.ALL
            if (options.long or not scenario.long) and (scenario.quick or not options.quick)]


def timing_of(options):
    timing = QUICK if options.quick else FULL
    if options.window:
        timing = Timing(timing.warm_up_s, options.window, timing.held_connections)
    return timing


def list_scenarios():
    rows = [[scenario.name, scenario.title, ", ".join(
        word for word, holds in (("quick", scenario.quick), ("long", scenario.long)) if holds)]
        for scenario in scenarios.ALL]
    width = max(len(row[0]) for row in rows)
    for name, title, note in rows:
        print(f"{name:{width}}  {title}" + (f"  ({note})" if note else ""))


def prepare_machine(options):
    """The bench of this run: programs built, folder made, certificate there."""
    if len(machine.cores()) < 2:
        raise Failed("a comparison needs two cores: one for the proxy, one for load and provider")
    if not options.no_build:
        subprocess.run([ROOT / "tools/install_packages", "compare"], check=True)
        subprocess.run([ROOT / "tools/build", "release", *TARGETS], check=True)
        if options.profiled:
            subprocess.run([ROOT / "tools/build_profiled"], check=True)
    find_programs_of_the_system()
    machine.raise_open_files()
    folder = RESULTS / time.strftime("%Y-%m-%dT%H-%M-%S", time.gmtime())
    (folder / "work").mkdir(parents=True)
    certificate, key = make_certificate(folder / "work")
    load_cores = frozenset(machine.cores()) - {options.proxy_core}
    programs = ROOT / "build/release/bin"
    gateway = (ROOT / "build/profiled/bin" if options.profiled else programs) / "headrace"
    if not gateway.exists():
        raise Failed(f"{gateway.relative_to(ROOT)} is not built: without --no-build it will be")
    return Bench(folder=folder / "work", programs=programs, gateway=gateway,
                 proxy_core=options.proxy_core, load_cores=load_cores, certificate=certificate,
                 key=key, timing=timing_of(options), long=options.long)


def run_scenario(bench, scenario, rounds_wanted, names, failures):
    """{peer: {measure: [value of each round]}}. A peer that fails twice in a row is left out from
    there on, with what it has; whatever else was measured stands."""
    rounds = {}
    with Provider(bench, scenario.situation) as provider:
        prepared = scenario.prepare(bench, scenario, provider) if scenario.prepare else None
        names = list(names)
        for number in range(rounds_wanted):
            for name in list(names):
                progress(f"{scenario.name}: round {number + 1} of {rounds_wanted}, {name}")
                try:
                    measured = one_turn(bench, scenario, peers.ALL[name], provider, prepared)
                except Failed as failure:
                    failures.append(f"{scenario.name}, {name}, round {number + 1}: {failure}")
                    names.remove(name)
                    continue
                for measure, value in measured.items():
                    rounds.setdefault(name, {}).setdefault(measure, []).append(value)
    return rounds


def one_turn(bench, scenario, peer, provider, prepared):
    """What one turn measures. On a machine with other work one may go wrong: then once more."""
    for last in (False, True):
        try:
            with turn(bench, scenario, peer, provider, prepared) as running:
                return scenario.measure(running)
        except Failed:
            if last:
                raise
    raise AssertionError


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def configs_text(bench, work):
    """The configs of the peers of these scenarios as they are for the plain case."""
    place = bench.place(("127.0.0.1", 9000))
    parts = []
    names = dict.fromkeys(name for scenario in work for name in scenario.peers)
    for peer in (peers.ALL[name] for name in names):
        if peer.template:
            text = peer.config_text(Situation(), place, 8000, 8001)
            parts.append(f"--- {peer.name} ({peer.version(bench.programs)}) ---\n{text}")
    return "\n".join(parts)


def method_text(facts, options, bench):
    timing = bench.timing
    return "\n".join([
        f"machine   {facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB",
        f"system    {facts['system']}, kernel {facts['kernel']}, "
        f"congestion control {facts['congestion_control']}",
        f"run       {facts['time']}, revision {facts['revision']}, "
        f"{bench.gateway.relative_to(ROOT)}, load {facts['load_average']:.2f}",
        f"method    proxy on core {bench.proxy_core}, load and provider on "
        f"{sorted(bench.load_cores)}; each turn {timing.warm_up_s:g} s warm-up, "
        f"{timing.window_s:g} s window; median ± half the distance of the quartiles; ratios are "
        "taken within a round",
    ])


def main():
    options = arguments()
    if options.list:
        list_scenarios()
        return 0
    try:
        work = chosen(options)
        bench = prepare_machine(options)
    except (Failed, subprocess.CalledProcessError) as failure:
        print(f"bench/compare: {failure}", file=sys.stderr)
        return 1

    results, failures, interrupted = [], [], False
    with machine.cubic():
        facts = {**machine.facts(), "load_average": machine.load_average()}
        opening = method_text(facts, options, bench)
        configs = configs_text(bench, work)
        print(opening + "\n", flush=True)
        for scenario in work:
            names = [name for name in scenario.peers if not options.peers or name in options.peers]
            default = QUICK_ROUNDS if options.quick else max(FULL_ROUNDS, scenario.rounds_min)
            failed_before = len(failures)
            rounds = {}
            try:
                rounds = run_scenario(bench, scenario, options.rounds or default, names, failures)
            except Failed as failure:
                failures.append(f"{scenario.name}: {failure}")
            except KeyboardInterrupt:
                interrupted = True
            progress("")
            for failure in failures[failed_before:]:
                print(f"could not measure {failure}\n", flush=True)
            if rounds:
                results.append((scenario, rounds))
                print(report.scenario_text(scenario, rounds), flush=True)
            # After each one, so that a long run that is stopped leaves what it has.
            write_results(bench.folder.parent, opening, facts, results, failures, configs)
            if interrupted:
                break

    print(report.summary_text(results))
    print(f"\nresults: {bench.folder.parent.relative_to(ROOT)}/")
    missed = report.missed_gates(results)
    for failure in failures:
        print(f"not measured: {failure.splitlines()[0]}")
    return 1 if interrupted or failures or (options.gates and missed) else 0


def write_results(folder, opening, facts, results, failures, configs):
    text = [opening, "", *(report.scenario_text(*result) for result in results),
            report.summary_text(results), "", *failures, "", configs]
    (folder / "report.txt").write_text("\n".join(text))
    (folder / "results.json").write_text(report.as_json({"machine": facts, "failures": failures},
                                                        results))
    caption = f"{facts['cpu']}, kernel {facts['kernel']}, {facts['time']}, {facts['revision']}"
    (folder / "picture.svg").write_text(picture.draw(results, caption))
