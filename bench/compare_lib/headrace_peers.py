"""headrace, and the ways in which it is meant to run."""

import http.client
import json
import shutil

from compare_lib import requests
from compare_lib.peer import TEMPLATES, Peer, fill, first_line
from compare_lib.processes import Failed, wait_until


class Headrace(Peer):
    name = "headrace"
    template = "headrace.yaml"
    spin_us = 0
    cache = ""

    def version(self, programs):
        return first_line([programs / "headrace", "-V"])

    def values(self, situation, place):
        tls = fill((TEMPLATES / "headrace_tls.yaml").read_text(), {
            "certificate": place.certificate, "key": place.key}) if situation.tls else ""
        return {"tls": tls, "spin_us": self.spin_us, "model": requests.MODEL, "cache": self.cache,
                "key_rules": "", "governed": "",
                "client_key": requests.KEY, "opaque_path": requests.OPAQUE_PATH}

    def command(self, config, situation, place, port):
        return [place.gateway, "--config", config]


class HeadraceSpin(Headrace):
    """Polls before it sleeps: for latency, where the core is its own."""

    name = "headrace-spin"
    spin_us = 200


class HeadraceCached(Headrace):
    """Answers from its cache."""

    name = "headrace-cached"
    cache = "cache: {mode: always, deterministic_only: false, ttl_ms: 3600000}"

    def check_work(self, proxy, count):
        expect(proxy, "headrace_cache_hits_total", count)


class HeadraceGoverned(Headrace):
    """With all that decides: networks, four limits, a price and usage records on the disk."""

    name = "headrace-governed"
    requests_per_minute = 1_000_000_000

    def values(self, situation, place):
        governed = (TEMPLATES / "headrace_governed.yaml").read_text()
        return {**super().values(situation, place),
                "key_rules": fill((TEMPLATES / "headrace_governed_key.yaml").read_text(),
                                  {"requests_per_minute": self.requests_per_minute}),
                "governed": fill(governed, {"journal": self._journal(place),
                                            "model": requests.MODEL})}

    def start(self, situation, place):
        # What an earlier turn has written would only fill the disk.
        shutil.rmtree(self._journal(place), ignore_errors=True)
        return super().start(situation, place)

    def check_work(self, proxy, count):
        """Each request is counted by every limit, paid for, and has its record on the disk."""
        for limit in limits_used(proxy):
            if limit["used"] < count:
                raise Failed(f"{limit['name']} counts {limit['used']} of {count} requests")
        expect(proxy, "headrace_journal_records_total", count)
        expect(proxy, "headrace_cost_micro_usd_total", count)

    def _journal(self, place):
        return place.folder / f"{self.name}-journal"


class HeadraceRefusing(HeadraceGoverned):
    """The same, where one of the limits lets one request a minute pass."""

    name = "headrace-refusing"
    requests_per_minute = 1

    def check_work(self, proxy, count):
        expect(proxy, "headrace_refused_by_request_limit_total", count)


def expect(proxy, counter, at_least):
    """What the journal does is counted when it is on the disk: a moment later."""
    def reached():
        return metric(proxy, counter) >= at_least
    try:
        wait_until(reached, proxy, seconds=3, pause=0.05)
    except Failed:
        raise Failed(f"{counter} is {metric(proxy, counter)}, not {at_least}") from None


def metric(proxy, name):
    for line in _page(("127.0.0.1", proxy.admin_port), "/metrics").splitlines():
        if line.startswith(f"{name} "):
            return int(line.partition(" ")[2])
    raise Failed(f"headrace does not tell {name}")


def limits_used(proxy):
    """Of the client's key, as it is told itself."""
    return json.loads(_page(proxy.address, "/v1/headrace/usage"))["limits"]


def _page(address, path):
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.request("GET", path, headers={"Authorization": f"Bearer {requests.KEY}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status != 200:
        raise Failed(f"{path} is answered {answer.status}: {text[:200]}")
    return text
