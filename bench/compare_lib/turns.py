"""One peer's turn in one round: it is started afresh, warmed up, measured and stopped."""

import contextlib
import dataclasses
import time

from compare_lib import accounting
from compare_lib.load import Load
from compare_lib.peer import Place
from compare_lib.processes import Failed

# A peer that opens upstream connections instead of using the open ones measures something else.
REQUESTS_PER_CONNECTION_MIN = 50


@dataclasses.dataclass(frozen=True)
class Timing:
    """How long a measurement takes."""

    warm_up_s: float
    window_s: float
    held_connections: int   # for memory per connection


@dataclasses.dataclass(frozen=True)
class Bench:
    """What stays the same for the whole run."""

    folder: object          # pathlib.Path: configs, logs and bodies of this run
    programs: object        # pathlib.Path: build/release/bin
    gateway: object         # pathlib.Path: the headrace to measure
    proxy_core: int
    load_cores: frozenset
    certificate: object
    key: object
    timing: Timing
    long: bool = False

    def place(self, provider_address):
        return Place(self.folder, self.programs, self.gateway, self.proxy_core, provider_address,
                     self.certificate, self.key)


@dataclasses.dataclass(frozen=True)
class Window:
    """What happened between two looks at the proxy and the provider."""

    seconds: float
    cpu: accounting.CpuSample
    requests: int
    connections: int   # that the provider accepted

    def cpu_us(self, count):
        if not count:
            raise Failed("nothing was answered")
        return self.cpu.nanos / 1000 / count

    @property
    def core_share(self):
        return self.cpu.nanos / 1e9 / self.seconds


class Turn:
    """What a scenario's measure may use while one peer runs."""

    def __init__(self, bench, scenario, peer, proxy, provider, prepared):
        self.bench = bench
        self.scenario = scenario
        self.situation = scenario.situation
        self.peer = peer
        self.proxy = proxy          # None where the load goes to the provider directly
        self.provider = provider
        self.prepared = prepared    # what the scenario's prepare() gave
        self._served_before = provider.served().requests

    @property
    def address(self):
        return self.proxy.address if self.proxy else self.provider.address

    def look(self):
        """CPU and counters at (nearly) one moment: the counters' way takes time under load."""
        began = time.monotonic()
        cpu = accounting.cpu(self.proxy.pid) if self.proxy else accounting.CpuSample(0, 0, 0)
        return began, cpu, self.provider.served()

    def window(self, seconds):
        """Lets `seconds` pass and says what happened in them."""
        start, cpu, served = self.look()
        time.sleep(seconds)
        end, cpu_after, served_after = self.look()
        return Window(end - start, cpu_after - cpu, served_after.requests - served.requests,
                      served_after.connections - served.connections)

    def under_load(self, **options):
        """The window in the middle of a load, and what the load itself reports."""
        timing = self.bench.timing
        load = Load(self.bench, self.situation, self.address,
                    warm_up_s=timing.warm_up_s, seconds=timing.window_s + 0.2,
                    name=f"{self.scenario.name}-{self.peer.name}", **options)
        with load:
            load.wait_for_warm_up()
            window = self.window(timing.window_s)
            report = load.finish()
        if report.errors:
            raise Failed(f"{report.errors} requests failed: {report.first_error}")
        return window, report

    def served(self):
        """Requests that the provider has had in this turn."""
        return self.provider.served().requests - self._served_before

    def check_work(self, count):
        """The peer must have done with each of `count` requests what it was set up for."""
        if self.proxy:
            self.peer.check_work(self.proxy, count)

    def check_reuse(self, window):
        """Upstream connections must have been used again and again."""
        if window.connections * REQUESTS_PER_CONNECTION_MIN > window.requests:
            raise Failed(f"opened {window.connections} upstream connections for "
                         f"{window.requests} requests")


@contextlib.contextmanager
def turn(bench, scenario, peer, provider, prepared):
    place = bench.place(provider.address)
    if peer.direct:
        yield Turn(bench, scenario, peer, None, provider, prepared)
        return
    with peer.start(scenario.situation, place) as proxy:
        proxy.wait_until_listening()
        yield Turn(bench, scenario, peer, proxy, provider, prepared)
        if not proxy.alive():
            raise Failed(f"{peer.name} ended under load\n{proxy.last_words()}")
