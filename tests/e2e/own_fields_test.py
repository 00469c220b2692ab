"""Everything that the gateway may say of itself in an answer, all at once and as long as it gets:
wherever the answer comes from, its head has room for it."""

import hashlib
import json
import time
import unittest

from gateway import KEY, Gateway, Response, chat, request
from upstream import CHAT, CHAT_ANSWER, STREAM_HEAD, Upstream, answer, chunk, event

TOKEN = "debug-CANARY-0123456789"
MODEL = "m" * 250
PAGE = "https://" + "p" * 180 + ".test"
HEADERS = (
    f"X-Headrace-Debug: {TOKEN}",
    "X-Headrace-Cache: on",
    "X-Request-Id: " + "r" * 64,
    "Accept-Language: fr",
    f"Origin: {PAGE}",
)


class Talkative(Gateway):
    def config_text(self):
        text = super().config_text()
        text = text.replace("\nroutes:", f"""
routes:
  - models: [{MODEL}]
    targets: [{{provider: openai}}]
    cache: {{mode: asked}}
    comment_interval_ms: 100
    retry: {{tries: 1}}
""", 1)
        long = "n" * 60
        return text.replace("    passthrough: true\n", f"""    passthrough: true
    limits:
      - {{measure: requests, per: month, value: 70000000000000, name: {long}-one}}
      - {{measure: tokens, per: month, value: 70000000000000, name: {long}-two}}
    budgets:
      - {{per: month, micro_usd: 100, action: soft, warn_percent: [1], name: {long}-too}}
""", 1)


class OwnFields(unittest.TestCase):
    def setUp(self):
        self.script = lambda request, connection: connection.sendall(CHAT_ANSWER)
        self.upstream = self.enterContext(Upstream(lambda *args: self.script(*args)))
        self.gateway = self.enterContext(Talkative(self.upstream.address, listener=f"    cors_origins: ['{PAGE}']\n", extra=f"""
answers: {{provider: true, route: true, attempts: true, debug_sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}}}
prices:
  - {{provider: openai, models: ["*"], input_micro_usd: 1000000000, output_micro_usd: 1000000000}}
"""))

    def ask(self, **members):
        with self.gateway.connect() as connection:
            connection.sendall(request(chat(**{"model": MODEL, "temperature": 0, **members}), headers=HEADERS))
            return Response(connection)

    def expect_all_said(self, response, provider=True):
        self.assertEqual(response.headers["x-request-id"], "r" * 64)
        self.assertEqual(response.headers["access-control-allow-origin"], PAGE)
        self.assertIn("x-ratelimit-remaining", response.headers)
        self.assertIn("ratelimit-policy", response.headers)
        self.assertIn("stages_us", json.loads(response.headers["x-headrace-explain"]))
        if provider:
            self.assertIn("x-ratelimit-remaining-tokens", response.headers)
            self.assertEqual(response.headers["x-headrace-route"], MODEL)

    def test_a_providers_answer_and_one_from_the_cache(self):
        for cache in ("MISS", "HIT", "HIT"):
            response = self.ask()
            self.assertEqual((response.status, response.headers["x-cache"]), (200, cache))
            self.assertEqual(response.json(), CHAT)
            self.expect_all_said(response, provider=cache == "MISS")

    def test_a_refusal(self):
        response = self.ask(max_tokens=-1)
        self.assertEqual(response.status, 400)
        self.assertIn("stages_us", json.loads(response.headers["x-headrace-explain"]))

    def test_a_stream_that_is_begun_before_its_provider_says_anything(self):
        def slow(request, connection):
            time.sleep(0.35)
            connection.sendall(STREAM_HEAD + chunk(event(b"[DONE]")) + b"0\r\n\r\n")

        self.script = slow
        response = self.ask(stream=True)
        self.assertEqual((response.status, response.whole), (200, True))
        self.assertTrue(response.body.startswith(b": keep-alive\n\n"), response.body)
        self.assertEqual(response.headers["cache-control"], "private, no-store")
        self.expect_all_said(response)

    def test_a_providers_failure(self):
        self.script = lambda request, connection: connection.sendall(answer(b"{}", status="500 Sorry"))
        response = self.ask()
        self.assertEqual(response.status, 500)
        self.expect_all_said(response)


if __name__ == "__main__":
    unittest.main()
