"""Days, months and prices by the calendar, in real processes: they begin at midnight where the tenant
is, and what a client is told of them is true."""

import datetime
import json
import math
import pathlib
import tempfile
import time
import unittest
import zoneinfo

from gateway import Gateway, Response, chat, request
from governed_faults_test import FAKETIME
from upstream import Upstream

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Pacific/Chatham", "Pacific/Honolulu")


def key(name):
    return f"hr-CANARY-{name.replace('/', '-')}-0123456789"


def beginning(zone, moment, months):
    """The next day or month of a zone after `moment`, in seconds since 1970."""
    local = datetime.datetime.fromtimestamp(moment, zoneinfo.ZoneInfo(zone))
    day = local.date()
    if months:
        day = (day.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
    else:
        day += datetime.timedelta(days=1)
    return datetime.datetime.combine(day, datetime.time(), local.tzinfo).timestamp()


class Calendars(Gateway):
    """A tenant in each zone, one of them by the day and one by the month."""

    prices = ""

    def config_text(self):
        scopes = [(f"{zone}-{per}", zone, per) for zone in ZONES for per in ("day", "month")]
        tenants = "".join(f"\n  - {{name: {name}, time_zone: {zone}, limits: [{{measure: requests, per: {per}, value: 1}}]}}"
                          for name, zone, per in scopes)
        keys = "".join(f"\n  - {{name: {name}, key: {key(name)}, tenant: {name}}}" for name, _, _ in scopes)
        return super().config_text().replace("\nkeys:", "\nkeys:" + keys) + f"""
answers: {{cost: true}}
tenants:
  - name: default{tenants}
{self.prices}
"""

    def ask(self, name):
        with self.connect() as connection:
            connection.sendall(request(chat(), key=key(name)))
            return Response(connection)


class Calendar(unittest.TestCase):
    def test_a_client_is_told_when_the_next_day_or_month_begins_where_its_tenant_is(self):
        with Upstream() as upstream, Calendars(upstream.address) as gateway:
            for zone in ZONES:
                for per in ("day", "month"):
                    with self.subTest(zone, per=per):
                        self.assertEqual(gateway.ask(f"{zone}-{per}").status, 200)
                        before = time.time()
                        refused = gateway.ask(f"{zone}-{per}")
                        after = time.time()
                        self.assertEqual(refused.status, 429)
                        waits = [beginning(zone, moment, per == "month") - moment for moment in (before, after)]
                        told = int(refused.headers["retry-after-ms"]) / 1000
                        self.assertTrue(waits[1] - 1 <= told <= waits[0] + 1, (told, waits))
                        self.assertEqual(int(refused.headers["retry-after"]), math.ceil(told))
                        self.assertEqual(json.loads(refused.body)["limit"], f"requests_per_{per}")

    @unittest.skipIf(FAKETIME is None, "the package faketime is not installed")
    def test_at_midnight_a_day_and_a_price_begin_and_days_elsewhere_go_on(self):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        days = [today + datetime.timedelta(days=number) for number in (-1, 1)]
        midnight = datetime.datetime.combine(days[1], datetime.time(), datetime.timezone.utc).timestamp()
        gateway = Calendars("")
        # 11 tokens of input, 7 of output.
        gateway.prices = "prices:" + "".join(
            f"\n  - {{provider: openai, models: ['*'], from: {day}, input_micro_usd: {rate}, output_micro_usd: {rate}}}"
            for day, rate in zip(["2020-01-01", *days], (1_000_000, 2_000_000, 3_000_000)))
        clock = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "clock"

        def set_clock(before_midnight):
            """To so many seconds before midnight, at once and whole for whoever reads it."""
            other = clock.with_suffix(".new")
            other.write_text(f"{int(midnight - time.time()) - before_midnight:+d}s")
            other.replace(clock)

        set_clock(50)  # less than the minute by which a clock may be set
        gateway.environment = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock),
                               "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}
        with Upstream() as upstream:
            gateway.upstream = upstream.address
            with gateway:
                first = gateway.ask("UTC-day")
                self.assertEqual((first.status, first.headers["x-headrace-cost"]), (200, "36"))
                self.assertEqual(gateway.ask("Asia/Kolkata-day").status, 200)
                refused = gateway.ask("UTC-day")
                self.assertEqual(refused.status, 429)
                told = int(refused.headers["retry-after-ms"])
                self.assertTrue(0 < told <= 52_000, told)
                set_clock(-1)
                deadline = time.monotonic() + 60
                while (again := gateway.ask("UTC-day")).status == 429 and time.monotonic() < deadline:
                    time.sleep(0.02)  # it looks at the clock now and then
                self.assertEqual((again.status, again.headers["x-headrace-cost"]), (200, "54"))
                self.assertEqual(gateway.ask("UTC-day").status, 429)
                self.assertEqual(gateway.ask("Asia/Kolkata-day").status, 429, "it is the same day there")


if __name__ == "__main__":
    unittest.main()
