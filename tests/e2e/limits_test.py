"""Limits, budgets and credits, by real processes: every refusal in every dialect, what clients are
told of their limits, caps that are written into requests, and that what was not used comes back."""

import json
import threading
import time
import unittest

from gateway import Response, chat, request
from limited_gateway import KEYS, Limited
from upstream import CHAT, CHAT_ANSWER, Upstream, answer, unheeding_stream

MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 11, "output_tokens": 7},
}
GEMINI = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18},
}


class LimitsTest(unittest.TestCase):
    def setUp(self):
        self.delay = threading.Event()
        self.delay.set()
        self.chat_answer = CHAT_ANSWER

        def script(seen, connection):
            self.delay.wait(120)
            path = seen.line.split()[1]
            if path.startswith("/v1/messages"):
                connection.sendall(answer(json.dumps(MESSAGE).encode()))
            elif "generateContent" in path:
                connection.sendall(answer(json.dumps(GEMINI).encode()))
            else:
                connection.sendall(self.chat_answer)
            return True

        self.upstream = self.enterContext(Upstream(script))
        self.gateway = self.enterContext(Limited(self.upstream.address))

    def ask(self, name, body=None, **how):
        with self.gateway.connect() as connection:
            body = chat(max_tokens=10) if body is None else body
            connection.sendall(request(body, key=KEYS[name], **how))
            return Response(connection)

    def chat_body(self, **members):
        return chat(**members)

    # --- refusals --------------------------------------------------------------------------------

    def test_requests_beyond_a_limit_are_answered_429(self):
        for left in (1, 0):
            response = self.ask("minute")
            self.assertEqual(response.status, 200)
            self.assertEqual(response.headers.get("x-ratelimit-limit"), "2")
            self.assertEqual(response.headers.get("x-ratelimit-remaining"), str(left))
            self.assertEqual(response.headers.get("x-ratelimit-remaining-requests"), str(left))
        refused = self.ask("minute")
        self.assertEqual(refused.status, 429)
        self.assertEqual(refused.headers.get("x-ratelimit-remaining"), "0")
        self.assertRegex(refused.headers.get("ratelimit-policy"), r'^"requests_per_minute";q=2;w=60$')
        self.assertRegex(refused.headers.get("ratelimit"), r'^"requests_per_minute";r=0;t=\d+$')
        self.assertIn(int(refused.headers.get("retry-after")), range(55, 63))
        self.assertIn(int(refused.headers.get("retry-after-ms")), range(55_000, 63_000))
        body = refused.json()
        self.assertEqual(body["code"], "rate_limited")
        self.assertEqual(body["limit"], "requests_per_minute")
        self.assertEqual(body["scope"], "key")
        self.assertEqual(body["error"]["code"], "rate_limit_exceeded")
        self.assertEqual(len(self.upstream.requests), 2)
        self.assertEqual(self.gateway.metric("headrace_refused_by_request_limit_total"), 1)

    def test_a_refusal_has_the_shape_of_each_dialect(self):
        self.assertEqual(self.ask("day").status, 200)
        openai = self.ask("day")
        self.assertEqual(openai.status, 429)
        self.assertEqual(openai.json()["error"]["type"], "rate_limit_error")
        self.assertRegex(openai.headers.get("x-ratelimit-reset-requests"), r"^(\d+h)?(\d+m)?\d+s$")
        message = json.dumps({"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}).encode()
        anthropic = self.ask("day", message, path="/v1/messages")
        self.assertEqual(anthropic.status, 429)
        self.assertEqual(anthropic.json()["error"]["type"], "rate_limit_error")
        self.assertEqual(anthropic.headers.get("anthropic-ratelimit-requests-limit"), "1")
        self.assertRegex(anthropic.headers.get("anthropic-ratelimit-requests-reset"), r"^\d{4}-\d\d-\d\dT00:00:00Z$")
        gemini = self.ask("day", b'{"contents":[{"parts":[{"text":"hi"}]}]}', path="/v1beta/models/gemini-x:generateContent")
        self.assertEqual(gemini.status, 429)
        error = gemini.json()["error"]
        self.assertEqual(error["status"], "RESOURCE_EXHAUSTED")
        self.assertRegex(error["details"][0]["retryDelay"], r"^\d+\.\d{3}s$")

    def test_a_prompt_larger_than_a_limit_is_never_served(self):
        refused = self.ask("small", chat(messages=[{"role": "user", "content": "word " * 300}]))
        self.assertEqual(refused.status, 429)
        self.assertEqual(refused.json()["limit"], "tokens_per_minute")
        self.assertIsNone(refused.headers.get("retry-after"))
        self.assertEqual(self.gateway.metric("headrace_refused_by_token_limit_total"), 1)

    def test_a_budget_is_answered_402_when_it_is_used_up(self):
        statuses = []
        for _ in range(400):
            response = self.ask("money", chat(max_tokens=200))
            statuses.append(response.status)
            if response.status != 200:
                break
        self.assertEqual(statuses[-1], 402)
        # 11 tokens in and 7 out are 25 micro-USD: nothing beyond the budget was spent.
        served = len(statuses) - 1
        self.assertLessEqual(served * 25, 3000)
        self.assertGreaterEqual(served * 25, 2600)
        refusal = response.json()
        self.assertEqual(refusal["code"], "budget_exhausted")
        self.assertEqual(refusal["limit"], "budget_per_month")
        self.assertEqual(refusal["error"]["code"], "insufficient_quota")
        self.assertIsNone(response.headers.get("retry-after"))
        self.assertGreaterEqual(self.gateway.metric("headrace_budget_warnings_total"), 1)
        self.assertRegex(response.headers.get("x-headrace-warning"), r"^budget_per_month 50%$")

    def test_credits_are_a_balance(self):
        served = 0
        while self.ask("credit").status == 200:
            served += 1
        self.assertLessEqual(served * 25, 1000)
        self.assertGreaterEqual(served * 25, 900)
        refused = self.ask("credit", headers=["Accept-Language: de"])
        self.assertEqual(refused.status, 402)
        self.assertEqual(refused.json()["limit"], "credits")
        self.assertNotEqual(refused.json()["detail"], self.ask("credit").json()["detail"])

    def test_costs_without_a_bound_are_refused_under_a_hard_budget(self):
        searching = self.ask("money", chat(tools=[{"type": "web_search"}]))
        self.assertEqual(searching.status, 402)
        unpriced = self.ask("unpriced", chat(model="unpriced"))
        self.assertEqual(unpriced.status, 402)
        self.assertEqual(self.upstream.requests, [])
        self.assertEqual(self.gateway.metric("headrace_refused_unbounded_total"), 2)

    def hold_one(self, connection):
        """A request that its provider has, and does not answer before it may."""
        self.delay.clear()
        connection.sendall(request(chat(), key=KEYS["concurrent"]))
        deadline = time.monotonic() + 60
        while not self.upstream.requests:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_one_request_at_a_time(self):
        with self.gateway.connect() as first:
            self.hold_one(first)
            refused = self.ask("concurrent")
            self.assertEqual(refused.status, 429)
            self.assertEqual(refused.json()["limit"], "concurrent")
            self.delay.set()
            self.assertEqual(Response(first).status, 200)
        self.assertEqual(self.ask("concurrent").status, 200)

    def test_a_client_that_leaves_gives_its_place_back(self):
        with self.gateway.connect() as first:
            self.hold_one(first)
        self.gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value <= 1)
        self.delay.set()
        deadline = time.monotonic() + 60
        while self.ask("concurrent").status != 200:
            self.assertLess(time.monotonic(), deadline)

    def test_soft_limits_let_pass_and_count(self):
        for _ in range(3):
            self.assertEqual(self.ask("soft").status, 200)
        self.assertGreaterEqual(self.gateway.metric("headrace_soft_limits_exceeded_total"), 1)

    def test_a_limit_of_a_model_counts_that_model_only(self):
        message = json.dumps({"model": "claude-x", "max_tokens": 9, "messages": []}).encode()
        self.assertEqual(self.ask("per_model", message, path="/v1/messages").status, 200)
        self.assertEqual(self.ask("per_model", message, path="/v1/messages").status, 429)
        self.assertEqual(self.ask("per_model").status, 200)

    def test_endpoints_have_weights(self):
        self.assertEqual(self.ask("weighted", b"{}", path="/v1/workflows/7/execute").status, 200)
        refused = self.ask("weighted", b"{}", path="/v1/workflows/7/execute")
        self.assertEqual(refused.status, 429)
        self.assertEqual(self.ask("weighted").headers.get("x-ratelimit-remaining"), "9")

    def test_plans_say_models_and_limits(self):
        for _ in range(3):
            self.assertEqual(self.ask("planned").status, 200)
        self.assertEqual(self.ask("planned").status, 429)
        self.assertEqual(self.ask("planned", chat(model="smart")).status, 403)

    def test_who_bypasses_limits_has_none(self):
        for _ in range(3):
            response = self.ask("bypass")
            self.assertEqual(response.status, 200)
            self.assertIsNone(response.headers.get("x-ratelimit-limit"))

    # --- what is reserved ------------------------------------------------------------------------

    def test_what_was_not_used_comes_back(self):
        # A thousand tokens a minute: each request may use 400, and uses 18.
        for used in range(1, 11):
            response = self.ask("tokens", chat(max_tokens=400))
            self.assertEqual(response.status, 200, used)
        read = self.ask("tokens", b"", method="GET", path="/v1/headrace/limits").json()
        self.assertEqual(read["limits"][0]["remaining"], 1000 - 180)

    def test_what_was_used_beyond_it_is_a_debt(self):
        usage = {"prompt_tokens": 11, "completion_tokens": 1200, "total_tokens": 1211}
        self.chat_answer = answer(json.dumps({**CHAT, "usage": usage}).encode())
        self.assertEqual(self.ask("tokens").status, 200)
        self.assertEqual(self.ask("tokens").status, 429, "of a thousand tokens a minute nothing is left")
        self.assertEqual(len(self.upstream.requests), 1)
        self.assertEqual(self.gateway.metric("headrace_reserve_overrun_total"), 1)
        self.assertGreater(self.gateway.metric("headrace_reserve_overrun_tokens_total"), 1000)
        read = self.ask("tokens", b"", method="GET", path="/v1/headrace/usage").json()
        self.assertEqual(read["limits"][0]["used"], 1211)

    def test_failed_requests_use_no_tokens(self):
        self.upstream.script = lambda seen, connection: connection.sendall(
            answer(b'{"error":{"message":"no"}}', status="400 Bad Request"))
        self.assertEqual(self.ask("large").status, 400)
        read = self.ask("large", b"", method="GET", path="/v1/headrace/usage").json()
        self.assertEqual(read["limits"][0]["used"], 0)

    def test_a_cap_is_written_where_the_client_sent_none_or_one_too_high(self):
        self.assertEqual(self.ask("large", chat()).status, 200)
        self.assertEqual(self.upstream.requests[-1].json()["max_completion_tokens"], 4096)
        self.assertEqual(self.ask("tokens", chat(max_tokens=50_000)).status, 200)
        written = self.upstream.requests[-1].json()
        self.assertNotIn("max_completion_tokens", written)
        self.assertLess(written["max_tokens"], 1000)
        self.assertGreater(written["max_tokens"], 800)
        self.assertEqual(self.ask("large", chat(max_tokens=5)).status, 200)
        self.assertEqual(self.upstream.requests[-1].json()["max_tokens"], 5)
        message = json.dumps({"model": "claude-x", "max_tokens": 90_000, "messages": []}).encode()
        self.assertEqual(self.ask("tokens", message, path="/v1/messages").status, 200)
        self.assertLess(self.upstream.requests[-1].json()["max_tokens"], 1000)
        responses = json.dumps({"model": "gpt-4o", "input": "hi"}).encode()
        self.ask("large", responses, path="/v1/responses")
        self.assertEqual(self.upstream.requests[-1].json()["max_output_tokens"], 4096)
        gemini = b'{"contents":[{"parts":[{"text":"hi"}]}]}'
        self.ask("large", gemini, path="/v1beta/models/gemini-x:generateContent")
        self.assertEqual(self.upstream.requests[-1].json()["generationConfig"], {"maxOutputTokens": 4096})
        self.assertGreaterEqual(self.gateway.metric("headrace_output_caps_written_total"), 5)

    def test_the_target_that_counts_the_most_is_reserved_for(self):
        # It may go to either of them; of an image one counts 20,000 tokens, the other 4,096.
        picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.test/b.png"}}]}]
        self.assertEqual(self.ask("images", chat(max_tokens=10, messages=picture)).status, 200)
        refused = self.ask("images", chat("pictures", max_tokens=10, messages=picture))
        self.assertEqual((refused.status, refused.json()["limit"]), (429, "tokens_per_minute"))
        self.assertEqual(self.ask("large", chat("pictures", max_tokens=10, messages=picture)).status, 200)

    def test_two_answers_reserve_twice(self):
        self.assertEqual(self.ask("tokens", chat(max_tokens=50_000, n=2)).status, 200)
        self.assertLess(self.upstream.requests[-1].json()["max_tokens"], 500)

    def test_each_prompt_of_a_list_reserves_its_own_answer(self):
        prompts = json.dumps({"model": "gpt-4o", "prompt": ["one", "two", "three"], "max_tokens": 50_000}).encode()
        self.assertEqual(self.ask("tokens", prompts, path="/v1/completions").status, 200)
        self.assertLess(self.upstream.requests[-1].json()["max_tokens"], 334)

    def test_a_model_that_is_to_think_longer_than_is_left_is_not_asked(self):
        body = {"model": "claude-x", "max_tokens": 8000, "messages": [{"role": "user", "content": "x"}]}
        thinking = {"type": "enabled", "budget_tokens": 2000}
        refused = self.ask("tokens", json.dumps({**body, "thinking": thinking}).encode(), path="/v1/messages")
        self.assertEqual((refused.status, refused.json()["limit"]), (429, "tokens_per_minute"))
        self.assertEqual(self.ask("tokens", json.dumps(body).encode(), path="/v1/messages").status, 200)
        self.assertLess(self.upstream.requests[-1].json()["max_tokens"], 1000)

    # --- the second line -------------------------------------------------------------------------

    def stream(self, events, pause=0.0005):
        self.upstream.script = unheeding_stream(events, pause)

    def test_a_stream_beyond_its_reservation_is_cut_as_each_dialect_ends(self):
        def data(value, event=None):
            return (f"event: {event}\n" if event else "").encode() + b"data: " + json.dumps(value).encode() + b"\n\n"

        delta = data({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o",
                      "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}]})
        self.stream([delta] * 1000)
        cut = self.ask("large", chat(stream=True, max_tokens=20))
        self.assertEqual(cut.status, 200)
        events = cut.events()
        self.assertEqual(events[-1]["choices"][0]["finish_reason"], "length")
        self.assertTrue(cut.body.endswith(b"data: [DONE]\n\n"))
        self.assertLess(len(events), 500)

        delta = data({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}, "content_block_delta")
        block = data({"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}}, "content_block_start")
        self.stream([block, *[delta] * 1000])
        message = json.dumps({"model": "claude-x", "max_tokens": 20, "stream": True, "messages": []}).encode()
        cut = self.ask("large", message, path="/v1/messages")
        named = [line[7:] for line in cut.body.decode().split("\n") if line.startswith("event: ")]
        self.assertEqual(named[-3:], ["content_block_stop", "message_delta", "message_stop"])
        self.assertIn(b'"stop_reason":"max_tokens"', cut.body)
        self.assertTrue(cut.body.endswith(b'data: {"type":"message_stop"}\n\n'))

        delta = data({"type": "response.output_text.delta", "sequence_number": 3, "delta": "x"}, "response.output_text.delta")
        self.stream([delta] * 1000)
        responses = json.dumps({"model": "gpt-4o", "input": "hi", "stream": True, "max_output_tokens": 20}).encode()
        cut = self.ask("large", responses, path="/v1/responses")
        last = cut.body.decode().strip().split("\n\n")[-1].split("\n")
        self.assertEqual(last[0], "event: response.failed")
        self.assertEqual(json.loads(last[1][6:])["response"]["error"]["code"], "budget_exhausted")

        delta = data({"candidates": [{"content": {"parts": [{"text": "x"}]}, "index": 0}]})
        self.stream([delta] * 1000)
        cut = self.ask("large", b'{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":20}}',
                       path="/v1beta/models/gemini-x:streamGenerateContent?alt=sse")
        self.assertIn(b'"finishReason":"MAX_TOKENS"', cut.body)
        self.assertEqual(self.gateway.metric("headrace_answers_cut_total"), 4)
        self.gateway.wait_for_metric("headrace_upstream_connections", lambda value: value == 0)

    def test_a_stream_whose_events_are_large_is_cut_by_what_its_provider_says(self):
        def event(tokens):
            usage = {"promptTokenCount": 3, "candidatesTokenCount": tokens, "totalTokenCount": 3 + tokens}
            text = {"candidates": [{"content": {"parts": [{"text": "x" * 8 * tokens}]}, "index": 0}], "usageMetadata": usage}
            return b"data: " + json.dumps(text).encode() + b"\n\n"

        def ask():
            return self.ask("large", b'{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":50}}',
                            path="/v1beta/models/gemini-x:streamGenerateContent?alt=sse").body

        cuts = self.gateway.metric("headrace_answers_cut_total")
        self.stream([event(20 * number) for number in range(1, 100)], pause=0.01)
        passed = ask().count(b"data: ")
        self.assertGreaterEqual(passed, 4)  # 20, 40, 60 of 50, and the end
        self.assertLess(passed, 50)         # what had come when the gateway looked goes with it
        self.assertEqual(self.gateway.metric("headrace_answers_cut_total"), cuts + 1)
        # Its last word is its own, and an answer that says nothing is cut by its bytes.
        last = event(60).replace(b'"index": 0', b'"index": 0, "finishReason": "STOP"')
        self.stream([event(20), last, b""])
        self.assertIn(b'"finishReason": "STOP"', ask())
        large = b'data: {"candidates":[{"content":{"parts":[{"text":"' + b"y" * 4000 + b'"}]},"index":0}]}\n\n'
        self.stream([large] * 100)
        self.assertLess(ask().count(b"yyyy"), 4 * 1000 * 5)
        self.assertEqual(self.gateway.metric("headrace_answers_cut_total"), cuts + 2)

    # --- what a client is told -------------------------------------------------------------------

    def test_what_a_request_only_reserved_counts_as_left(self):
        def left(response):
            self.assertEqual(response.status, 200)
            self.assertEqual(response.headers.get("x-ratelimit-limit-tokens"), "1000")
            return int(response.headers.get("x-ratelimit-remaining-tokens"))

        # Without a cap it reserves all that is left; it used 18, which stand in its answer.
        self.assertEqual(left(self.ask("tokens", chat())), 982)
        self.assertEqual(left(self.ask("tokens", chat(max_tokens=50_000))), 964)
        self.assertEqual(left(self.ask("tokens", chat(max_tokens=10))), 946)
        # What a stream will use nobody knows yet: its prompt alone is counted.
        self.stream([b'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n', b"data: [DONE]\n\n"])
        stream = left(self.ask("tokens", chat(stream=True)))
        self.assertGreater(stream, 900)
        self.assertLess(stream, 946)

    def test_a_providers_own_limits_are_not_told(self):
        self.upstream.script = lambda seen, connection: connection.sendall(
            answer(json.dumps(CHAT).encode(), headers=["x-ratelimit-limit-requests: 10000", "RateLimit: x",
                                                       "anthropic-ratelimit-tokens-limit: 5", "x-other: 1"]))
        response = self.ask("open")
        self.assertIsNone(response.headers.get("x-ratelimit-limit-requests"))
        self.assertIsNone(response.headers.get("ratelimit"))
        self.assertIsNone(response.headers.get("anthropic-ratelimit-tokens-limit"))
        self.assertEqual(response.headers.get("x-other"), "1")
        limited = self.ask("minute")
        self.assertEqual(limited.headers.get("x-ratelimit-limit-requests"), "2")

    def test_a_client_reads_its_limits_and_their_use(self):
        self.assertEqual(self.ask("minute").status, 200)
        limits = self.ask("minute", b"", method="GET", path="/v1/headrace/limits").json()["limits"]
        self.assertEqual(
            {key: limits[0][key] for key in ("name", "scope", "measure", "per", "limit", "remaining", "hard")},
            {"name": "requests_per_minute", "scope": "key", "measure": "requests", "per": "minute", "limit": 2,
             "remaining": 1, "hard": True})
        usage = self.ask("minute", b"", method="GET", path="/v1/headrace/usage").json()["limits"]
        self.assertEqual(usage[0]["used"], 1)
        self.assertEqual(self.ask("open", b"", method="GET", path="/v1/headrace/limits").json(), {"limits": []})
        with self.gateway.connect() as connection:
            connection.sendall(request(b"", method="GET", path="/v1/headrace/limits", key="hr-nobody-0123456789"))
            self.assertEqual(Response(connection).status, 401)

    def test_limits_outlive_a_reload(self):
        self.assertEqual(self.ask("minute").status, 200)
        self.gateway.config.write_text(self.gateway.config.read_text().replace(
            "measure: requests, per: minute, value: 2}", "measure: requests, per: minute, value: 1}"))
        self.gateway.signal(1)
        self.gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
        self.assertEqual(self.ask("minute").status, 429)


if __name__ == "__main__":
    unittest.main()
