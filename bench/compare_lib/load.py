"""headrace-load before a proxy: set up by a situation, run beside us, its report read at the end."""

import dataclasses
import json
import time

from compare_lib import requests
from compare_lib.processes import Failed, Process

# Until the program has read its files and opened its connections.
START_S = 0.05


@dataclasses.dataclass(frozen=True)
class LoadReport:
    """What the load saw in its own measured time. Times in microseconds."""

    requests: int               # answered as they should be, in all of the load's time
    errors: int
    first_error: str
    requests_s: float
    gap_mean_us: float | None   # between the events of a stream
    p50_us: float
    p90_us: float
    p99_us: float
    delay_p50_us: float | None
    delay_p90_us: float | None
    delay_p99_us: float | None


def read_report(text):
    step = json.loads(text)["targets"][0]["steps"][0]
    latency, delay = step["latency_us"], step.get("event_delay_us", {})
    return LoadReport(
        requests=step["succeeded"], errors=step["failed"], first_error=", ".join(step["failures"]),
        requests_s=step["requests_per_second"], gap_mean_us=step["gap_us"].get("mean"),
        p50_us=latency.get("p50", 0), p90_us=latency.get("p90", 0), p99_us=latency.get("p99", 0),
        delay_p50_us=delay.get("p50"), delay_p90_us=delay.get("p90"), delay_p99_us=delay.get("p99"))


class Load(Process):
    """rate: requests a second, else as many as `connections` carry."""

    def __init__(self, bench, situation, address, name, warm_up_s, seconds, connections=None,
                 rate=None):
        self._warm_up_s = warm_up_s
        self._seconds = seconds
        if situation.stream:
            # What a stream sends counts where the stream began: in a warm-up it would be lost.
            warm_up_s, seconds = 0, warm_up_s + seconds
        self._report = bench.folder / f"{name}.load.json"
        self._report.unlink(missing_ok=True)
        body = bench.folder / "body.json"
        body.write_bytes(requests.chat_body(situation.prompt_bytes, situation.stream))
        path = requests.OPAQUE_PATH if situation.opaque else requests.CHAT_PATH
        scheme = "https" if situation.tls else "http"
        command = [
            bench.programs / "headrace-load", f"{scheme}://{address[0]}:{address[1]}{path}",
            "--quiet", "--json", self._report, "--errors-max", "1", "--api-key", requests.KEY,
            "--warm-up", f"{warm_up_s}s", "--duration", f"{seconds}s", "--body", body,
            "--connections", str(connections or situation.connections)]
        for header in requests.SDK_HEADERS.items():
            command += ["--header", ": ".join(header)]
        if situation.refused:
            command += ["--expect-status", "429"]
        if rate:
            command += ["--rate", f"{rate:.0f}"]
        if situation.new_connections:
            command += ["--new-connections"]
        if situation.tls:
            command += ["--ca", bench.certificate]
        super().__init__(command, bench.load_cores, bench.folder / f"{name}.load.log")

    def wait_for_warm_up(self):
        time.sleep(START_S + self._warm_up_s)
        if not self.alive():
            raise Failed(f"the load ended early\n{self.last_words()}")

    def finish(self):
        self.wait(self._warm_up_s + self._seconds + 20)
        if not self._report.exists():
            raise Failed(f"the load gave no report\n{self.last_words()}")
        return read_report(self._report.read_text())
