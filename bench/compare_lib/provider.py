"""The mock provider behind the proxies: set up by a situation, asked for what it has served."""

import dataclasses
import http.client
import json

from compare_lib import requests
from compare_lib.processes import Failed, Process, wait_until


@dataclasses.dataclass(frozen=True)
class Served:
    """Counters since the provider's start."""

    requests: int
    connections: int


class Provider(Process):
    def __init__(self, bench, situation):
        super().__init__(
            [bench.programs / "headrace-mock", "--listen", "127.0.0.1:0", *flags(situation)],
            bench.load_cores, bench.folder / "provider.log")
        ready = wait_until(self._ready_line, self)
        host, _, port = ready["listen"].rpartition(":")
        self.address = (host, int(port))
        # Kept open: a look at the counters under load must not wait for a connection.
        self._asking = http.client.HTTPConnection(*self.address, timeout=10)
        if not situation.opaque and not situation.stream:
            self._fit_answer(situation)

    def served(self):
        counters = json.loads(self._ask("GET", "/mock/counters"))
        return Served(counters["requests"], counters["connections_accepted"])

    def _fit_answer(self, situation):
        """The mock is told the bytes of text; what is wanted are those of the whole body."""
        answer = self._ask("POST", requests.CHAT_PATH, requests.chat_body(situation.prompt_bytes))
        text_bytes = 2 * situation.answer_bytes - len(answer)
        if text_bytes < 1:
            raise Failed(f"an answer of {situation.answer_bytes} bytes is too small for the mock")
        self._ask("POST", "/mock/behaviour", json.dumps({"answer-bytes": str(text_bytes)}).encode())

    def _ready_line(self):
        for line in self.log_path.read_text().splitlines(keepends=True):
            if line.startswith("{") and line.endswith("}\n"):
                return json.loads(line)
        return None

    def _ask(self, method, path, body=None):
        try:
            self._asking.request(method, path, body, {"Content-Type": "application/json"})
            answer = self._asking.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"the provider does not answer: {error}\n{self.last_words()}") from error
        if answer.status != 200:
            raise Failed(f"the provider answers {answer.status} to {path}: {text[:200]!r}")
        return text


def flags(situation):
    """The mock's settings for a situation; text bytes are fitted to the whole answer later."""
    given = []
    if situation.opaque:
        given += ["--body-bytes", str(situation.answer_bytes),
                  "--content-type", "application/octet-stream"]
    elif situation.stall:
        # One is opened after the other: what each waits for, all wait for.
        given += ["--gap", "0ms", "--latency", "0ms", "--answer-tokens", str(situation.events),
                  "--stall-at-event", "2"]
    elif situation.stream:
        gap_ms = 1000 / situation.events_per_second
        # Streams that begin together do not stay in step: real ones never are.
        given += ["--gap", f"{gap_ms:g}ms", "--latency", f"uniform:0ms:{gap_ms:g}ms",
                  "--answer-tokens", str(situation.events), "--stamp", "yes"]
    else:
        given += ["--answer-bytes", str(situation.answer_bytes)]
    if situation.latency_ms:
        given += ["--latency", f"{situation.latency_ms}ms"]
    return given
