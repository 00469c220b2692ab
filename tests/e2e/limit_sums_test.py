"""What became of all that was reserved of limits: it adds up, also where the process is killed."""

import random
import re
import time
import unittest

from accounted_gateway import Accounted, Load
from gateway import chat
from mock import Mock

MEASURES = ("requests", "input_tokens", "output_tokens", "tokens", "micro_usd", "concurrent")
KINDS = ("reserved", "settled", "refunded", "lapsed")
LIMITS = """
tenants:
  - name: default
    limits:
      - {measure: requests, per: hour, value: 10000000}
      - {measure: requests, per: total, value: 10000000}
      - {measure: tokens, per: second, value: 100000000}
      - {measure: tokens, per: total, value: 100000000000}
      - {measure: input_tokens, per: day, value: 100000000000}
      - {measure: output_tokens, per: minute, value: 1000000000}
      - {measure: micro_usd, per: month, value: 1000000000000}
      - {measure: concurrent, value: 1000}
prices:
  - {provider: openai, models: ["*"], input_micro_usd: 1000000, output_micro_usd: 2000000}
"""


def sums(gateway):
    """By measure and kind."""
    found = {}
    for kind, measure, value in re.findall(r'^headrace_limits_(\w+)_total\{measure="(\w+)"\} (\d+)$',
                                           gateway.admin("/metrics").decode().replace("\r", ""), re.M):
        found[measure, kind] = int(value)
    return found


class LimitSums(unittest.TestCase):
    def expect_sums(self, found):
        self.assertEqual(set(found), {(measure, kind) for measure in MEASURES for kind in KINDS})
        for measure in MEASURES:
            ended = sum(found[measure, kind] for kind in KINDS[1:])
            self.assertEqual(found[measure, "reserved"], ended, f"{measure}: {found}")

    def test_each_request_stands_in_them_once_for_each_of_its_limits(self):
        with Mock("--answer-tokens", "20") as mock, Accounted(mock.address, extra=LIMITS) as gateway:
            for _ in range(10):
                answer = gateway.ask(chat(max_tokens=50))
                self.assertEqual(answer.status, 200)
            usage = answer.json()["usage"]
            gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)
            found = sums(gateway)
            self.expect_sums(found)
            self.assertEqual(found["requests", "settled"], 2 * 10)
            self.assertEqual(found["concurrent", "refunded"], 10)
            self.assertEqual(found["output_tokens", "reserved"], 10 * 50)
            self.assertEqual(found["output_tokens", "settled"], 10 * usage["completion_tokens"])
            self.assertEqual(found["output_tokens", "refunded"], 10 * (50 - usage["completion_tokens"]))
            self.assertEqual(found["input_tokens", "lapsed"], 0)

    def test_what_a_killed_process_had_reserved_has_lapsed(self):
        with Mock("--answer-tokens", "uniform:5:60", "--gap", "2ms", "--latency", "5ms") as mock, \
                Accounted(mock.address, shards=2, extra=LIMITS) as gateway:
            load = Load(gateway, clients=8)
            rng = random.Random(3)
            lapsed = 0
            for _ in range(6):
                time.sleep(rng.uniform(0.1, 0.5))
                gateway.kill()
                gateway.start()
                now = sums(gateway)["input_tokens", "lapsed"]
                self.assertGreaterEqual(now, lapsed)
                lapsed = now
            load.stop()
            gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value == 1)
            found = sums(gateway)
            self.expect_sums(found)
            self.assertGreater(found["input_tokens", "lapsed"], 0)
            self.assertEqual(found["concurrent", "lapsed"], 0)
            self.assertEqual(found["concurrent", "reserved"], found["concurrent", "refunded"])


if __name__ == "__main__":
    unittest.main()
