"""Answers from the cache, by the official SDKs: whole or streamed, they read what they read before.
Skipped where no registry is reachable."""

import unittest

from gateway import Gateway
from sdk_world import NODE, PYTHON, SdkTest, answered, caller_of, dialect_of, failure
from upstream import Upstream

CALLERS = [f"JavaScript-{sdk}" for sdk in NODE] + [f"Python-{sdk}" for sdk in PYTHON]


def key(caller):
    return f"hr-CANARY-{caller}-0123456789"


class Caching(Gateway):
    def config_text(self):
        cache = "    cache: {mode: always, ttl_ms: 60000, deterministic_only: false}\n"
        keys = "".join(f"\n  - {{name: {each}, key: {key(each)}, tenant: {each}}}" for each in CALLERS)
        return (super().config_text().replace("    targets: [", cache + "    targets: [")
                .replace("\nkeys:", "\nkeys:" + keys, 1))


class CacheSdk(SdkTest):
    together = True
    asked = {
        # A failure first: it must not be what is kept.
        "failed": [{"key": key("CALLER")}] * 2,
        "whole": [{"key": key("CALLER")}] * 2,
        "streamed": [{"key": key("CALLER"), "stream": True}] * 2,
        "refused": [{"key": key("CALLER"), "headers": {"X-Headrace-Cache": "off"}}] * 2,
    }

    @classmethod
    def world(cls):
        cls.asked_for = []

        def script(seen, connection):
            caller = caller_of(seen)
            failed = caller[0] == "failed" and caller not in cls.asked_for
            cls.asked_for.append(caller)
            connection.sendall(failure(dialect_of(seen), "500 Internal Server Error") if failed else answered(seen))

        upstream = cls.enterClassContext(Upstream(script))
        return cls.enterClassContext(Caching(upstream.address))

    def test_a_failure_is_raised_and_not_kept(self):
        for sdk, caller, (failed, served) in self.each("failed"):
            self.assert_error(failed, sdk, "InternalServerError", 500)
            self.assertEqual(served.get("text"), "hello", served)
            self.assertEqual(self.asked_for.count(("failed", caller)), 2)

    def test_a_hit_reads_as_the_answer_that_was_kept(self):
        for label in ("whole", "streamed"):
            for sdk, caller, (first, second) in self.each(label):
                self.assertEqual((first.get("text"), second.get("text")), ("hello", "hello"), second)
                self.assertEqual(second["pieces"], first["pieces"])
                self.assertEqual(self.asked_for.count((label, caller)), 1)
                if label == "streamed":
                    self.assertGreater(len(second["pieces"]), 1)
                if second["headers"]:  # google-genai shows none of a stream's
                    self.assertEqual(first["headers"]["x-cache"], "MISS")
                    self.assertEqual(second["headers"]["x-cache"], "HIT")
                    self.assertTrue(second["headers"]["age"].isdigit())

    def test_who_refuses_the_cache_is_not_answered_from_it(self):
        for _, caller, told in self.each("refused"):
            self.assertEqual([each.get("text") for each in told], ["hello"] * 2, told)
            self.assertEqual(self.asked_for.count(("refused", caller)), 2)


if __name__ == "__main__":
    unittest.main()
