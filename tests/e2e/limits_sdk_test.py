"""The official SDKs against the gateway's limits: they raise their own errors and wait as they are
told. Skipped where no registry is reachable."""

import unittest
from datetime import datetime

from gateway import Gateway
from sdk_world import NODE, PYTHON, SdkTest, answered
from upstream import Upstream

LIMITS = {
    "minute": "limits: [{measure: requests, per: minute, value: 1}]",
    "seconds": "limits: [{measure: requests, per: minute, value: 15, burst: 1, window: bucket}]",
    "hour": "limits: [{measure: requests, per: hour, value: 1}]",
    "large": "limits: [{measure: input_tokens, per: hour, value: 1}]",
    "broke": "credits: [{micro_usd: 0}]",
    "nothing": "limits: [{measure: concurrent, value: 0}]",
}
CALLERS = [f"JavaScript-{sdk}" for sdk in NODE] + [f"Python-{sdk}" for sdk in PYTHON]


def key(limit, caller):
    return f"hr-CANARY-{limit}-{caller}-0123456789"


class Limited(Gateway):
    def config_text(self):
        keys = "".join(f"\n  - {{name: {limit}-{caller}, key: {key(limit, caller)}, {text}}}"
                       for limit, text in LIMITS.items() for caller in CALLERS)
        prices = "".join(f"\n  - {{provider: {sdk}, models: ['*'], input_micro_usd: 1000000, output_micro_usd: 2000000}}"
                         for sdk in PYTHON)
        return super().config_text().replace("\nkeys:", "\nkeys:" + keys) + f"\nprices:{prices}\n"


class LimitsSdk(SdkTest):
    together = True
    asked = {
        "minute": [{"key": key("minute", "CALLER")}] * 2,
        "seconds": [{"key": key("seconds", "CALLER"), "retries": 2}] * 2,
        "hour": [{"key": key("hour", "CALLER"), "retries": 3}] * 2,
        "large": [{"key": key("large", "CALLER"), "retries": 3}],
        "broke": [{"key": key("broke", "CALLER"), "retries": 3}],
        "nothing": [{"key": key("nothing", "CALLER")}],
    }

    @classmethod
    def world(cls):
        upstream = cls.enterClassContext(Upstream(lambda seen, connection: connection.sendall(answered(seen))))
        return cls.enterClassContext(Limited(upstream.address))

    def test_a_spent_limit_is_a_rate_limit_error_with_its_hints(self):
        for sdk, _, (served, told) in self.each("minute"):
            self.assertEqual(served.get("text"), "hello", served)
            self.assert_error(told, sdk, "RateLimitError", 429)
            if sdk == "gemini":
                self.assertEqual(told["code"], "RESOURCE_EXHAUSTED")
                delay = next(each["retryDelay"] for each in told["details"]["error"]["details"]
                             if each["@type"].endswith("RetryInfo"))
                self.assertTrue(50 < float(delay.removesuffix("s")) <= 62, delay)
                continue
            wait_ms = int(told["headers"]["retry-after-ms"])
            self.assertTrue(50_000 < wait_ms <= 62_000, wait_ms)
            if sdk == "openai":
                self.assertEqual(told["code"], "rate_limit_exceeded")
                self.assertEqual(told["headers"]["x-ratelimit-remaining-requests"], "0")
            else:
                self.assertEqual(told["headers"]["anthropic-ratelimit-requests-remaining"], "0")
                datetime.fromisoformat(told["headers"]["anthropic-ratelimit-requests-reset"])

    def test_who_waits_as_told_is_served(self):
        for sdk, _, (first, second) in self.each("seconds"):
            self.assertEqual(first.get("text"), "hello", first)
            if sdk == "gemini":  # it does not wait by itself
                self.assert_error(second, sdk, "RateLimitError", 429)
                continue
            self.assertEqual(second.get("text"), "hello", second)
            self.assertTrue(500 < second["took_ms"] < 30_000, second["took_ms"])

    def test_who_would_come_too_early_however_late_does_not_come_again(self):
        """The SDKs wait for a minute at most: told of more, they would come again at once."""
        keys = [line.get("key") for line in self.gateway.log_lines(1)]
        for label, calls in (("hour", 2), ("large", 1)):
            for sdk, caller, told in self.each(label):
                self.assert_error(told[-1], sdk, "RateLimitError", 429)
                self.assertEqual(keys.count(f"{label}-{caller}"), calls)
                if sdk != "gemini":
                    self.assertEqual(told[-1]["headers"]["x-should-retry"], "false")
                    self.assertEqual("retry-after" in told[-1]["headers"], label == "hour")

    def test_an_empty_budget_is_no_rate_limit_error_and_not_tried_again(self):
        keys = [line.get("key") for line in self.gateway.log_lines(1)]
        for sdk, caller, (told,) in self.each("broke"):
            self.assert_error(told, sdk, "APIError", 402)
            self.assertNotIn("RateLimitError", told["error"])
            self.assertEqual(keys.count(f"broke-{caller}"), 1)

    def test_one_too_many_at_a_time_is_a_rate_limit_error(self):
        for sdk, _, (told,) in self.each("nothing"):
            self.assert_error(told, sdk, "RateLimitError", 429)


if __name__ == "__main__":
    unittest.main()
