"""Providers that fail, by the official SDKs: one call gets past a failure; what cannot be got past is
their own error class, and they wait as they are told. Skipped where no registry is reachable."""

import json
import unittest

from gateway import KEY, Gateway, reserve_port
from sdk_world import PYTHON, SdkTest, answered, caller_of, dialect_of, failure, stream_events
from upstream import STREAM_HEAD, Upstream, chunk, reset

OPEN_MS = 2000
PATIENCE_MS = 700
KEY_HINT = "sk-CANARY-hint"


def path_of(dialect):
    return "/v1" if dialect == "openai" else ""


class Failing(Gateway):
    """Each model is a way to fail, the same in every dialect: `upstream` fails as its model says,
    `sound` never."""

    def __init__(self, upstream, sound, nobody, **arguments):
        super().__init__(upstream, **arguments)
        self.sound, self.nobody = sound, nobody

    def config_text(self):
        providers, routes = "", ""
        for dialect in PYTHON:
            for name, address, more in (
                    ("first", self.upstream, "breaker: {failures: 0}"),
                    ("sound", self.sound, "breaker: {failures: 0}"),
                    ("breaks", self.upstream, f"breaker: {{failures: 1, open_ms: {OPEN_MS}, successes: 1}}"),
                    ("refuses", self.upstream, "breaker: {failures: 0}"),
                    ("silent", self.upstream, "breaker: {failures: 0}\n    first_byte_timeout_ms: 700"),
                    ("gone", self.nobody, "breaker: {failures: 0}")):
                providers += f"""
  - name: {dialect}-{name}
    dialect: {dialect}
    url: http://{address}{path_of(dialect)}
    credential: sk-CANARY-provider-0123456789
    private_network: true
    {more}"""
            for model, targets, tries in (
                    ("fails-over", "first, sound", 3), ("fails", "first", 3), ("asks-for-patience", "first", 1),
                    ("is-silent", "silent", 1), ("breaks-off", "first", 1), ("trips", "breaks", 1), ("gone", "gone", 1),
                    ("refuses-our-key", "refuses", 3)):
                list_of_targets = ", ".join(f"{{provider: {dialect}-{name}, priority: {priority}}}"
                                            for priority, name in enumerate(targets.split(", ")))
                routes += f"""
  - models: [{model}]
    targets: [{list_of_targets}]
    retry: {{tries: {tries}, base_ms: 20, max_ms: 50, budget_burst: 100, hint_max_ms: 100}}"""
        return f"""
listeners: [{{address: 127.0.0.1:{self.port}}}]
admin: {{address: 127.0.0.1:{self.admin_port}}}
shards: {{count: 1, pin: false}}
access_log: {{output: file, path: {self.access_log}}}
providers:{providers}
routes:{routes}
keys: [{{name: test, key: {KEY}}}]
"""


class ResilienceSdk(SdkTest):
    asked = {
        # First and last: a key that a provider has asked patience for is not shown to it meanwhile.
        "impatient": [{"model": "asks-for-patience"}],
        "fails over": [{"model": "fails-over"}, {"model": "fails-over", "stream": True}],
        "fails": [{"model": "fails", "retries": 3}],
        "gone": [{"model": "gone"}],
        "our key": [{"model": "refuses-our-key", "retries": 3, "stream": stream} for stream in (False, True)],
        "silent": [{"model": "is-silent"}],
        "trips": [{"model": "trips"}, {"model": "trips"}, {"model": "trips", "retries": 4}],
        "breaks off": [{"model": "breaks-off", "stream": True}],
        "patient": [{"model": "asks-for-patience", "retries": 1}],
    }
    for calls in asked.values():
        for call in calls:
            call["key"] = KEY

    @classmethod
    def world(cls):
        cls.asked_for = []
        cls.upstream = cls.enterClassContext(Upstream(cls.answer_badly))
        sound = cls.enterClassContext(Upstream(lambda seen, connection: connection.sendall(answered(seen))))
        held = reserve_port()
        cls.addClassCleanup(held.close)
        nobody = f"127.0.0.1:{held.getsockname()[1]}"
        return cls.enterClassContext(Failing(cls.upstream.address, sound.address, nobody))

    @classmethod
    def answer_badly(cls, seen, connection):
        dialect, caller = dialect_of(seen), caller_of(seen)
        again = caller in cls.asked_for
        cls.asked_for.append(caller)
        label = caller[0]
        if label in ("patient", "trips") and again:
            connection.sendall(answered(seen))
        elif label == "silent":
            connection.recv(1)  # until it is given up
            return False
        elif label == "breaks off":
            connection.sendall(STREAM_HEAD + b"".join(chunk(each) for each in stream_events(dialect)[:3]))
            reset(connection)
            return False
        elif label == "our key":
            status = "400 Bad Request" if dialect == "gemini" else "401 Unauthorized"
            connection.sendall(failure(dialect, status, f"Incorrect API key provided: {KEY_HINT}",
                                       ("WWW-Authenticate: Bearer", "x-should-retry: true"),
                                       details=[{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]))
        elif label in ("patient", "impatient"):
            connection.sendall(failure(dialect, "429 Too Many Requests", headers=(f"retry-after-ms: {PATIENCE_MS}",)))
        else:
            connection.sendall(failure(dialect, "500 Internal Server Error"))
        return True

    def test_one_call_gets_past_a_failing_provider(self):
        for _, caller, told in self.each("fails over"):
            self.assertEqual([each.get("text") for each in told], ["hello"] * 2, told)
            self.assertEqual(self.asked_for.count(("fails over", caller)), 2)

    def test_what_the_gateway_has_tried_the_sdk_does_not_try_again(self):
        for sdk, caller, (told,) in self.each("fails"):
            self.assert_error(told, sdk, "InternalServerError", 500)
            self.assertEqual(self.asked_for.count(("fails", caller)), 3)

    def test_that_our_key_is_refused_is_no_fault_of_the_clients(self):
        for sdk, caller, both in self.each("our key"):
            for told in both:
                self.assert_error(told, sdk, "InternalServerError", 502)
                self.assertNotIn(KEY_HINT, json.dumps(told))
                if sdk != "gemini":  # which comes again only where it is asked to
                    self.assertEqual(told["headers"]["x-should-retry"], "false")
                    self.assertNotIn("www-authenticate", told["headers"])
            self.assertEqual(self.asked_for.count(("our key", caller)), len(both))

    def test_a_provider_that_is_not_there_or_silent_is_a_server_error(self):
        for label, status in (("gone", 502), ("silent", 504)):
            for sdk, _, (told,) in self.each(label):
                self.assert_error(told, sdk, "InternalServerError", status)

    def test_the_providers_hint_is_heeded(self):
        for sdk, _, (told,) in self.each("patient"):
            if sdk == "gemini":  # it does not wait by itself
                self.assert_error(told, sdk, "RateLimitError", 429)
                continue
            self.assertEqual(told.get("text"), "hello", told)
            self.assertGreater(told["took_ms"], PATIENCE_MS * 0.9)
        for sdk, _, (told,) in self.each("impatient"):
            self.assert_error(told, sdk, "RateLimitError", 429)
            if sdk != "gemini":
                self.assertEqual(told["headers"]["retry-after-ms"], str(PATIENCE_MS))

    def test_who_waits_for_an_unavailable_provider_is_served(self):
        for sdk, caller, (failed, refused, served) in self.each("trips"):
            self.assert_error(failed, sdk, "InternalServerError", 500)
            self.assert_error(refused, sdk, "InternalServerError", 503)
            if sdk == "gemini":
                self.assertIn("RetryInfo", json.dumps(refused["details"]))
                continue
            self.assertTrue(0 < int(refused["headers"]["retry-after-ms"]) <= OPEN_MS)
            self.assertEqual(served.get("text"), "hello", served)
            self.assertEqual(self.asked_for.count(("trips", caller)), 2)

    def test_a_stream_that_breaks_is_an_error_of_the_sdk(self):
        for _, _, (told,) in self.each("breaks off"):
            self.assertNotIn("text", told)
            self.assertTrue("".join(told["pieces"]).startswith("hel"), told)
            self.assertIn("APIError", told["error"])


if __name__ == "__main__":
    unittest.main()
