#!/usr/bin/env python3
"""CPU per request of the bare relays against each other and against nginx.

Each contender runs alone on one core, the load (wrk) and the upstream (headrace-respond) on
another. Rounds are short and interleaved, A B C A B C, so that whatever else the machine does falls
on all alike; what is compared is processor time of the contender's processes, not wall time, and
what is reported are medians, and ratios taken within each round.

Usage: measure.py --bin build/release/bin [--rounds 15] [--seconds 1.5] [--connections 64] ...
"""

import argparse
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

NGINX_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_body_buffer_size 1m;
  proxy_buffers 64 16k;
  proxy_buffer_size 16k;
  proxy_busy_buffers_size 512k;
  proxy_max_temp_file_size 0;
  upstream responder {{
    server {upstream};
    keepalive 1024;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} reuseport backlog=4096;
    location / {{
      proxy_pass http://responder;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""

HAPROXY_CONFIG = """
global
  nbthread 1
  maxconn 2048
  tune.bufsize 32768
  tune.pipesize 1048576
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
  {splice}
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  server responder {upstream} pool-max-conn 2048
"""

WRK_SCRIPT = """
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-0123456789abcdef0123456789abcdef0123456789abcdef"
wrk.body = string.rep("x", {body})
"""


def wait_until_open(port):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nobody listens on port {port}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processor_nanos(pid):
    """Processor time of a process and its children, from its own clock (exact, not in ticks)."""
    total = time.clock_gettime_ns((~pid << 3) | 2)
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return total + sum(processor_nanos(int(child)) for child in children)


class Program:
    """A process that says `listening on ADDRESS` when it is ready."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            sys.exit(f"{name} did not start: {line}")
        self.address = line.split()[2]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def nanos(self):
        return processor_nanos(self.process.pid)


class Nginx(Program):
    def __init__(self, name, cpu, upstream, folder):
        self.name = name
        port = free_port()
        config = folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(folder=folder, port=port, upstream=upstream))
        self.address = f"127.0.0.1:{port}"
        self.process = subprocess.Popen(
            ["taskset", "-c", str(cpu), "nginx", "-c", str(config), "-p", str(folder), "-e",
             str(folder / "error.log")]
        )
        wait_until_open(port)


class Haproxy(Program):
    def __init__(self, name, cpu, upstream, folder, splices):
        self.name = name
        port = free_port()
        config = folder / f"{name}.cfg"
        config.write_text(HAPROXY_CONFIG.format(
            port=port, upstream=upstream, splice="option splice-response" if splices else ""))
        self.address = f"127.0.0.1:{port}"
        self.process = subprocess.Popen(
            ["taskset", "-c", str(cpu), "haproxy", "-db", "-q", "-f", str(config)])
        wait_until_open(port)


def load(address, arguments, script):
    command = ["taskset", "-c", str(arguments.load_cpu), "wrk", "-t1", f"-c{arguments.connections}",
               f"-d{arguments.seconds}s", "-s", str(script), f"http://{address}"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        sys.exit(f"the load failed at {address}: {outcome.stderr}{outcome.stdout}")
    text = outcome.stdout
    errors = re.search(r"Socket errors|Non-2xx", text)
    if errors:
        sys.exit(f"the load met errors at {address}:\n{text}")
    return int(re.search(r"(\d+) requests in", text).group(1))


def one_round(contender, arguments, script):
    before = contender.nanos()
    requests = load(contender.address, arguments, script)
    return (contender.nanos() - before) / requests / 1000


def congestion_control(name=None):
    path = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
    before = path.read_text().strip()
    if name:
        try:
            path.write_text(name)
        except OSError:
            print(f"congestion control stays {before}: it may not be changed")
    return before


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--request-bytes", type=int, default=1300, help="length of the body")
    parser.add_argument("--answer-bytes", type=int, default=1000, help="length of the body")
    parser.add_argument("--cpu", type=int, default=0, help="core of the contender")
    parser.add_argument("--load-cpu", type=int, default=1, help="core of load and upstream")
    parser.add_argument("--peers", default="nginx", metavar="LIST",
                        help="of nginx, haproxy, haproxy-splice, with commas between (or none)")
    parser.add_argument("--relay", action="append", default=[], metavar="NAME=PATH",
                        help="a further build of the relay to compare")
    arguments = parser.parse_args()

    os.environ["LC_ALL"] = "C"
    before = congestion_control("cubic")
    programs = []
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            os.chmod(folder, 0o755)
            script = folder / "load.lua"
            script.write_text(WRK_SCRIPT.format(body=arguments.request_bytes))
            upstream = Program("respond", [arguments.bin / "headrace-respond", "--answer-bytes",
                                           str(arguments.answer_bytes), "--cpu",
                                           str(arguments.load_cpu)])
            programs.append(upstream)
            relays = {"by-hand": arguments.bin / "headrace-relay-by-hand",
                      "relay": arguments.bin / "headrace-relay"}
            relays.update(entry.split("=", 1) for entry in arguments.relay)
            contenders = [Program(name, [path, "--upstream", upstream.address, "--cpu",
                                         str(arguments.cpu)]) for name, path in relays.items()]
            programs += contenders
            for peer in filter(None, arguments.peers.replace("none", "").split(",")):
                if peer == "nginx":
                    contenders.append(Nginx(peer, arguments.cpu, upstream.address, folder))
                else:
                    contenders.append(Haproxy(peer, arguments.cpu, upstream.address, folder,
                                              peer == "haproxy-splice"))
                programs.append(contenders[-1])
            report(contenders, arguments, script)
    finally:
        for program in programs:
            program.stop()
        congestion_control(before)


def report(contenders, arguments, script):
    for contender in contenders:
        one_round(contender, arguments, script)  # warms up
    rounds = []
    for number in range(arguments.rounds):
        order = contenders[number % len(contenders):] + contenders[:number % len(contenders)]
        rounds.append({c.name: one_round(c, arguments, script) for c in order})
        print(f"round {number + 1}: " +
              "  ".join(f"{c.name} {rounds[-1][c.name]:.2f}" for c in contenders), flush=True)
    print(f"\n{arguments.connections} connections, {arguments.request_bytes} B request body, "
          f"{arguments.answer_bytes} B answer body, medians of {arguments.rounds} rounds")
    names = [c.name for c in contenders]
    for name in names:
        micros = [r[name] for r in rounds]
        quartiles = statistics.quantiles(micros, n=4) if len(micros) > 1 else micros * 3
        ratios = "  ".join(
            f"/{other} {statistics.median(r[name] / r[other] for r in rounds):.3f}"
            for other in names if other != name)
        print(f"{name:>12}: {statistics.median(micros):7.2f} us of CPU a request "
              f"({quartiles[0]:.2f} .. {quartiles[2]:.2f})   {ratios}")


if __name__ == "__main__":
    main()
