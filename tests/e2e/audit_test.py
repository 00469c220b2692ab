"""The audit log: every decision of the chain in its order, by route, with its rule and why."""

import json
import os
import subprocess
import time
import unittest

from gateway import BIN, Gateway, Response, chat, request
from identity_test import SECRET, key, token
from upstream import CHAT_ANSWER, Upstream, answer


class Audited(Gateway):
    def config_text(self):
        providers = "".join(f"""
  - {{name: {name}, dialect: openai, url: 'http://{self.upstream}/{name}', credential: sk-CANARY-{name}-01234567,
     private_network: true, breaker: {{failures: 0}}}}""" for name in ("bad", "good"))
        text = super().config_text().replace("\nproviders:", "\nproviders:" + providers, 1)
        text = text.replace("\nroutes:", """
routes:
  - name: told
    models: [told]
    audit: true
    targets: [{provider: bad}, {provider: good, priority: 1}]
    retry: {tries: 3, base_ms: 1, max_ms: 2, budget_burst: 100}
    cache: {mode: asked, ttl_ms: 60000, deterministic_only: false}
  - {models: [untold], targets: [{provider: good}]}""", 1)
        return text.replace("\nkeys:", "\nkeys:" + "".join(
            f"\n  - {{name: {name}, key: {key(name)}{more}}}"
            for name, more in (
                ("acme", ", tenant: acme"),
                ("limited", ", tenant: acme, limits: [{name: none-at-all, measure: concurrent, value: 0}]"),
                ("gone", ", tenant: gone"),
                ("other", ", tenant: acme, models: [untold]"),
            )), 1) + f"""
tenants: [{{name: default}}, {{name: acme}}, {{name: gone, mode: suspended}}]
token_issuers: [{{name: sso, issuer: sso, secret: {SECRET}, tenant_claim: org}}]
audit: {{output: file, path: {self.folder}/audit.log}}
"""

    def decisions(self, request_id, seconds=60):
        """Those of one request, once the last one is there."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            lines = [json.loads(line) for line in (self.folder / "audit.log").read_text().splitlines()]
            mine = [line for line in lines if line["request_id"] == request_id]
            if mine and mine[-1].get("last"):
                return mine
            time.sleep(0.02)
        raise AssertionError(f"nothing of {request_id}")


class Audit(unittest.TestCase):
    def setUp(self):
        def script(seen, connection):
            if seen.line.split()[1].startswith("/bad/"):
                connection.sendall(answer(b'{"error":{"message":"no"}}', status="503 Service Unavailable"))
            else:
                connection.sendall(CHAT_ANSWER)

        self.upstream = self.enterContext(Upstream(script))
        self.gateway = self.enterContext(Audited(self.upstream.address))
        self.count = 0

    def ask(self, credential, model="told", headers=(), body=None):
        self.count += 1
        request_id = f"audited-request-{self.count}"
        with self.gateway.connect() as connection:
            connection.sendall(request(body or chat(model=model), key=credential,
                                       headers=[f"X-Request-Id: {request_id}", *headers]))
            return Response(connection).status, request_id

    def expect(self, request_id, *decisions):
        lines = self.gateway.decisions(request_id)
        self.assertEqual([(line["stage"], line["decision"], line["rule"]) for line in lines], list(decisions))
        self.assertEqual([line["step"] for line in lines], list(range(1, len(lines) + 1)))
        self.assertEqual([line.get("last", False) for line in lines], [False] * (len(lines) - 1) + [True])
        times = [line["after_us"] for line in lines]
        self.assertEqual(times, sorted(times))
        return lines

    def test_every_decision_about_a_request_that_passes(self):
        status, request_id = self.ask(key("acme"), headers=("X-Headrace-Cache: on",))
        self.assertEqual(status, 200)
        lines = self.expect(
            request_id,
            ("identify", "passed", "key"), ("guard", "passed", "caller"), ("guard", "passed", "model"),
            ("admit", "passed", "unlimited"), ("cache", "passed", "miss"),
            ("route", "passed", "told"), ("reserve", "passed", "unlimited"), ("upstream", "passed", "overloaded"),
            ("route", "passed", "told"), ("reserve", "passed", "unlimited"), ("upstream", "passed", "answered"))
        self.assertEqual([line["why"] for line in lines if line["stage"] == "upstream"], ["bad", "good"])
        for line in lines:
            self.assertEqual((line["tenant"], line["key"], line["model"], line["route"], line["status"]),
                             ("acme", "acme", "told", "told", 200))
        status, request_id = self.ask(key("acme"), headers=("X-Headrace-Cache: on",))
        self.assertEqual(status, 200)
        self.expect(request_id, ("identify", "passed", "key"), ("guard", "passed", "caller"),
                    ("guard", "passed", "model"), ("admit", "passed", "unlimited"), ("cache", "answered", "hit"))

    def test_the_rule_that_refuses_is_the_last_one(self):
        for credential, model, status, *decisions in (
            (key("nobody"), "told", 401, ("identify", "refused", "unauthenticated")),
            (token(secret="x" * 32), "told", 401, ("identify", "refused", "signature")),
            (key("gone"), "told", 403, ("identify", "passed", "key"), ("guard", "refused", "tenant_suspended")),
            (token(org="gone"), "told", 403,
             ("identify", "passed", "token"), ("guard", "refused", "tenant_suspended")),
            (key("other"), "told", 403, ("identify", "passed", "key"), ("guard", "passed", "caller"),
             ("guard", "refused", "model")),
            (key("limited"), "told", 429, ("identify", "passed", "key"), ("guard", "passed", "caller"),
             ("guard", "passed", "model"), ("admit", "refused", "none-at-all")),
            (key("acme"), "nowhere", 404, ("identify", "passed", "key"), ("guard", "passed", "caller"),
             ("guard", "passed", "model"), ("admit", "passed", "unlimited"), ("cache", "passed", "off"),
             ("route", "refused", "model_not_found")),
        ):
            with self.subTest(decisions[-1]):
                got, request_id = self.ask(credential, model)
                self.assertEqual(got, status)
                lines = self.expect(request_id, *decisions)
                self.assertTrue(lines[-1]["why"])
                self.assertEqual(lines[-1]["status"], status)

    def test_only_routes_that_say_so_and_refusals_are_told_of_and_no_secret(self):
        self.assertEqual(self.ask(key("acme"), "untold")[0], 200)
        self.assertEqual(self.ask(key("acme"), body=b"{nonsense")[0], 400)
        _, last = self.ask(key("gone"))
        self.gateway.decisions(last)
        text = (self.gateway.folder / "audit.log").read_text()
        self.assertEqual({json.loads(line)["request_id"] for line in text.splitlines()},
                         {"audited-request-2", "audited-request-3"})
        self.assertNotIn("CANARY", text)
        self.assertNotIn("CANARY", self.gateway.log.read_text())

    def test_what_a_reader_does_not_take_is_counted_as_the_audit_logs(self):
        with Upstream() as upstream:
            gateway = Audited(upstream.address)
            os.mkfifo(gateway.folder / "audit.log")
            reader = os.open(gateway.folder / "audit.log", os.O_RDONLY | os.O_NONBLOCK)
            with gateway:
                loaded = subprocess.run([BIN / "headrace-load", "--api-key", "nobody-has-this-key", "--expect-status", "401", "--warm-up", "0s",
                                         "--requests", "8000", "--duration", "60s", f"http://127.0.0.1:{gateway.port}"], stdout=subprocess.DEVNULL)
                self.assertEqual(loaded.returncode, 0, "it holds nobody up")
                self.assertGreater(gateway.metric("headrace_audit_log_requests_dropped_total"), 0)
                self.assertEqual(gateway.metric("headrace_access_log_lines_dropped_total"), 0)
            os.close(reader)


if __name__ == "__main__":
    unittest.main()
