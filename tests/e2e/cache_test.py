"""The cache: who is answered from it and who is not, what is kept, streams given again, and a tenant
that never sees another's answer."""

import json
import time
import unittest

from cache_world import ASK, ENTRY_BYTES_MAX, OTHER_KEY, SAME_TENANT_KEY, Caching, CachingGateway
from calm import within
from gateway import KEY, Response, chat, request
from upstream import CHAT, CHAT_ANSWER, FINISH, STREAM_HEAD, USAGE, answer, chunk, delta, event


class Answers(Caching):
    def test_who_wants_a_kept_answer_only_never_reaches_a_provider(self):
        only = ("Cache-Control: only-if-cached",)
        refused = self.ask(headers=only)
        self.expect(refused, "MISS", 0, status=504)
        self.assertEqual(refused.json()["code"], "not_cached")
        self.assertEqual(refused.headers["x-should-retry"], "false")
        self.expect(self.ask(), "MISS", 1)
        self.expect(self.ask(headers=only), "HIT", 1)
        self.expect(self.ask(headers=("Cache-Control: only-if-cached, max-age=0",)), "MISS", 1, status=504)
        self.expect(self.ask(headers=("Cache-Control: only-if-cached, no-store",)), "BYPASS", 1, status=504)
        # On routes without a cache the field is for whoever stands behind.
        self.assertEqual(self.ask(headers=only, model="gpt-4o").status, 200)

    def test_the_second_one_is_answered_from_the_cache(self):
        first = self.ask()
        self.expect(first, "MISS", 1)
        self.assertNotIn("age", first.headers)
        second = self.ask()
        self.expect(second, "HIT", 1)
        self.assertEqual(second.body, first.body)
        self.assertEqual(second.headers["content-type"], "application/json")
        self.assertIn(second.headers["age"], [str(age) for age in range(60)])
        self.assertNotEqual(second.headers["x-request-id"], first.headers["x-request-id"])
        for response in (first, second):
            self.assertEqual(response.headers["cache-control"], "private, no-store")
        one, other = self.gateway.log_lines(2)
        self.assertEqual((one["usage_source"], other["usage_source"]), ("provider", "cache"))
        self.assertEqual((other["tokens_in"], other["tokens_out"]), (11, 7))
        for name, value in (("hits", 1), ("misses", 1), ("fills", 1)):
            self.assertEqual(self.gateway.metric(f"headrace_cache_{name}_total"), value)
        self.assertEqual(self.gateway.metric("headrace_cache_entries"), 1)
        # Tokens count where they were used.
        self.assertEqual(self.gateway.metric("headrace_input_tokens_total"), 11)

    def test_only_who_asks_and_only_where_the_route_says_so(self):
        for headers, members, cache in (
            ((), {}, "BYPASS"),
            (("X-Headrace-Cache: off",), {}, "BYPASS"),
            (("X-Headrace-Cache: maybe",), {}, "BYPASS"),
            (("X-Headrace-Cache: on", "Cache-Control: no-store"), {}, "BYPASS"),
            (ASK, {"temperature": 0.7}, "BYPASS"),
            (ASK, {"model": "gpt-4o"}, None),
        ):
            with self.subTest(headers=headers, members=members):
                asked = self.asked()
                for more in (1, 2):
                    self.expect(self.ask(headers, **members), cache, asked + more)

    def test_a_request_may_ask_by_cache_control(self):
        self.expect(self.ask(("Cache-Control: max-age=100",)), "MISS", 1)
        self.expect(self.ask(("Cache-Control: max-age=100",)), "HIT", 1)
        self.expect(self.ask(("Cache-Control: no-cache, max-age=100",)), "MISS", 2)

    def test_refresh_fetches_a_new_answer_for_all(self):
        self.expect(self.ask(), "MISS", 1)
        newer = dict(CHAT, id="chatcmpl-2")
        self.script = lambda request, connection: connection.sendall(answer(json.dumps(newer).encode()))
        self.expect(self.ask(("X-Headrace-Cache: refresh",)), "MISS", 2)
        hit = self.ask()
        self.expect(hit, "HIT", 2)
        self.assertEqual(json.loads(hit.body)["id"], "chatcmpl-2")
        self.assertEqual(self.gateway.metric("headrace_cache_entries"), 1)

    def test_an_age_that_is_welcome(self):
        self.expect(self.ask(), "MISS", 1)
        time.sleep(2.1)
        self.expect(self.ask((*ASK, "Cache-Control: max-age=30")), "HIT", 1)
        # Who wants a kept one only is told that there is none so young, and nothing is fetched.
        self.expect(self.ask((*ASK, "Cache-Control: only-if-cached, max-age=1")), "MISS", 1, status=504)
        self.expect(self.ask((*ASK, "Cache-Control: max-age=1")), "MISS", 2)
        hit = self.ask()
        self.expect(hit, "HIT", 2)

    def test_who_asks_what_is_told_apart_by_what_counts(self):
        self.expect(self.ask(user="ada", metadata={"run": "1"}), "MISS", 1)
        self.expect(self.ask(user="bob", metadata={"run": "2"}), "HIT", 1)
        self.expect(self.ask((*ASK, "User-Agent: other", "X-Stainless-Lang: js"), user="x", metadata={}), "HIT", 1)
        self.expect(self.ask(user="ada", metadata={"run": "1"}, seed=1), "MISS", 2)
        self.expect(self.ask((*ASK, "OpenAI-Beta: assistants=v2"), user="ada", metadata={}), "MISS", 3)
        self.expect(self.ask(path="/v1/chat/completions?x=1", user="ada", metadata={}), "MISS", 4)
        # The provider is not told of it.
        self.assertEqual(self.upstream.requests[0].all("x-headrace-cache"), [])

    def test_errors_refusals_and_cut_answers_are_not_kept(self):
        def says(**choice):
            return answer(json.dumps(dict(CHAT, choices=[dict(CHAT["choices"][0], **choice)])).encode())

        whole = CHAT_ANSWER
        for name, bytes_, closes in (
            ("error", answer(b'{"error":{"message":"x"}}', status="500 Internal Server Error"), False),
            ("filter", says(finish_reason="content_filter"), False),
            ("length", says(finish_reason="length"), False),
            ("refusal", says(message={"role": "assistant", "content": None, "refusal": "no"}), False),
            ("not json", answer(b"<html>", content_type="text/html"), False),
            ("encoded", answer(b"\x1f\x8b", headers=["Content-Encoding: gzip"]), False),
            ("cut", whole[:-5], True),
        ):
            with self.subTest(name):
                def script(request, connection, bytes_=bytes_, closes=closes):
                    connection.sendall(bytes_)
                    return not closes

                self.script = script
                asked = self.asked()
                for more in (1, 2):
                    response = self.ask(seed=sum(name.encode()))
                    self.assertEqual(response.headers.get("x-cache"), "MISS")
                    self.assertEqual(self.asked(), asked + more)
        self.assertEqual(self.gateway.metric("headrace_cache_entries"), 0)

    def test_the_largest_answer_that_is_kept_and_one_byte_more(self):
        for bytes_, cache in ((ENTRY_BYTES_MAX, "HIT"), (ENTRY_BYTES_MAX + 1, "MISS")):
            body = json.dumps(CHAT).encode()
            body += b" " * (bytes_ - len(body))
            for framing in ("length", "chunked"):
                with self.subTest(bytes_=bytes_, framing=framing):
                    def script(request, connection, framing=framing, body=body):
                        if framing == "length":
                            connection.sendall(answer(body))
                        else:
                            connection.sendall(
                                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\n" + chunk(body[:777]) + chunk(body[777:]) + b"0\r\n\r\n"
                            )

                    self.script = script
                    asked = self.asked()
                    seed = bytes_ * 10 + len(framing)
                    first = self.ask(seed=seed)
                    self.expect(first, "MISS", asked + 1)
                    second = self.ask(seed=seed)
                    self.assertEqual(second.headers["x-cache"], cache)
                    self.assertEqual(second.body, body)

    def test_a_tenant_never_sees_anothers_answer(self):
        self.expect(self.ask(), "MISS", 1)
        self.expect(self.ask(key=OTHER_KEY), "MISS", 2)
        self.expect(self.ask(key=OTHER_KEY), "HIT", 2)
        self.expect(self.ask(), "HIT", 2)
        # Within a tenant, answers are shared.
        self.expect(self.ask(key=SAME_TENANT_KEY), "HIT", 2)

    def test_a_key_that_may_not_ask_gets_no_answer_from_the_cache(self):
        self.expect(self.ask(), "MISS", 1)
        response = self.ask(key="hr-CANARY-nobody-0123456789")
        self.assertEqual(response.status, 401)
        self.assertNotIn("x-cache", response.headers)

    def test_anthropic_keeps_its_shape(self):
        body = json.dumps(
            {"id": "msg_1", "type": "message", "content": [], "stop_reason": "end_turn",
             "usage": {"input_tokens": 3, "output_tokens": 2}}
        ).encode()
        self.script = lambda request, connection: connection.sendall(answer(body))
        for user, cache in (("a", "MISS"), ("b", "HIT")):
            sent = json.dumps({"model": "kept-claude", "max_tokens": 5, "temperature": 0,
                               "metadata": {"user_id": user}, "messages": []}).encode()
            response = self.ask(path="/v1/messages", body=sent)
            self.expect(response, cache, 1)
            self.assertEqual(response.body, body)
        # Another version of the protocol may answer otherwise.
        sent = json.dumps({"model": "kept-claude", "max_tokens": 5, "temperature": 0,
                           "metadata": {"user_id": "a"}, "messages": []}).encode()
        self.expect(self.ask((*ASK, "anthropic-beta: new"), path="/v1/messages", body=sent), "MISS", 2)

    def test_a_reload_keeps_what_is_still_true(self):
        self.expect(self.ask(), "MISS", 1)
        self.gateway.config.write_text(self.gateway.config.read_text() + "\n# nothing that matters\n")
        self.reload(2)
        self.expect(self.ask(), "HIT", 1)
        text = self.gateway.config.read_text().replace(
            "{provider: openai, model: gpt-4o}]\n    cache", "{provider: openai, model: gpt-5}]\n    cache"
        )
        self.gateway.config.write_text(text)
        self.reload(3)
        self.expect(self.ask(), "MISS", 2)

    def reload(self, generation):
        self.gateway.signal(1)
        self.gateway.wait_for_metric("headrace_config_generation", lambda value: value == generation)
        # Every shard takes it over between two turns.
        time.sleep(0.2)


class Streams(Caching):
    EVENTS = [delta("a"), delta("b" * 3000), FINISH, USAGE, b"[DONE]"]

    def send_stream(self, events, end=b"0\r\n\r\n", one_byte=False):
        data = STREAM_HEAD + b"".join(chunk(event(each)) for each in events) + end

        def script(request, connection):
            step = 1 if one_byte else len(data)
            for i in range(0, len(data), step):
                connection.sendall(data[i : i + step])
            return end != b""

        self.script = script

    def test_a_stream_comes_again_as_a_stream_byte_for_byte(self):
        stripped = b"".join(event(each) for each in self.EVENTS if each is not USAGE)
        for one_byte in (False, True):
            self.send_stream(self.EVENTS, one_byte=one_byte)
            first = self.ask(stream=True, seed=int(one_byte))
            second = self.ask(stream=True, seed=int(one_byte))
            self.expect(first, "MISS", 1 + one_byte)
            self.expect(second, "HIT", 1 + one_byte)
            self.assertEqual(first.body, stripped)
            self.assertEqual(second.body, stripped)
            self.assertEqual(second.headers["content-type"], "text/event-stream")

    def test_who_asked_for_usage_and_who_did_not_are_two(self):
        self.send_stream(self.EVENTS)
        self.expect(self.ask(stream=True), "MISS", 1)
        with_usage = {"stream_options": {"include_usage": True}}
        self.expect(self.ask(stream=True, **with_usage), "MISS", 2)
        hit = self.ask(stream=True, **with_usage)
        self.expect(hit, "HIT", 2)
        self.assertEqual(hit.body, b"".join(event(each) for each in self.EVENTS))

    def test_streams_that_broke_or_failed_are_not_kept(self):
        for name, events, end in (
            ("cut", self.EVENTS[:2], b""),
            ("no finish", [delta("a"), b"[DONE]"], b"0\r\n\r\n"),
            ("error", [delta("a"), {"error": {"message": "x"}}], b"0\r\n\r\n"),
            ("length", [dict(FINISH, choices=[{"index": 0, "delta": {}, "finish_reason": "length"}]), b"[DONE]"], b"0\r\n\r\n"),
        ):
            with self.subTest(name):
                self.send_stream(events, end)
                asked = self.asked()
                for more in (1, 2):
                    self.ask(stream=True, seed=len(name))
                    self.assertEqual(self.asked(), asked + more)
        self.assertEqual(self.gateway.metric("headrace_cache_entries"), 0)


class Expiry(Caching):
    class gateway_class(CachingGateway):
        route_cache = "mode: always, ttl_ms: 700"

    def test_an_answer_is_given_until_its_time_is_over(self):
        def fetch_and_give():
            asked = self.asked()
            self.expect(self.ask(headers=()), "MISS", asked + 1)
            self.expect(self.ask(headers=()), "HIT", asked + 1)

        for _ in range(2):
            within(0.7, fetch_and_give, lambda: time.sleep(0.8 if self.asked() else 0) or ())


class SlowReader(Caching):
    """The reader of an answer that is long gone from the cache still gets every byte of it."""

    class gateway_class(CachingGateway):
        route_cache = "mode: always, entry_bytes_max: 256KiB"

        def config_text(self):
            return super().config_text() + "\ncache:\n  memory_bytes_max: 1MiB\n"

    def test_a_slow_reader_of_an_evicted_answer(self):
        def script(request, connection):
            filler = request.json()["seed"] % 251
            body = json.dumps(dict(CHAT, filler=chr(97 + filler % 26) * 190_000)).encode()
            connection.sendall(answer(body))

        self.script = script
        first = self.ask(headers=(), seed=0)
        self.assertEqual(first.headers["x-cache"], "MISS")
        slow = self.gateway.connect()
        self.addCleanup(slow.close)
        # Many times in a row on one connection: more than all socket buffers take.
        asked = request(chat(model="kept", temperature=0, seed=0), key=KEY)
        count = 60
        slow.sendall(asked * count)
        self.gateway.wait_for_metric("headrace_cache_hits_total", lambda value: value >= 5)
        for seed in range(1, 30):
            self.ask(headers=(), seed=seed)
        self.assertGreater(self.gateway.metric("headrace_cache_evictions_total"), 5)
        rest = b""
        hits = 0
        for _ in range(count):
            response = Response(slow, rest)
            rest = response.rest
            self.assertEqual(response.body, first.body)
            hits += response.headers["x-cache"] == "HIT"
        self.assertGreater(hits, 5)


if __name__ == "__main__":
    unittest.main()
