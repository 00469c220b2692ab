"""A running stream that has used up what its request may have: every choice of it ends, under the
stream's own names, in every form that a stream can have."""

import json
import unittest

from gateway import Gateway, Response, chat, request
from mock import Mock
from upstream import STREAM_HEAD, Upstream, event, unheeding_stream

LIMITED = "hr-CANARY-limited-0123456789"


class Limited(Gateway):
    """A hard limit, so that each request has a cap: 20 tokens for each answer."""

    def config_text(self):
        key = f"\n  - {{name: limited, key: {LIMITED}, limits: [{{measure: tokens, per: day, value: 1000000}}]}}"
        return super().config_text().replace("\nkeys:", "\nkeys:" + key, 1) + "\nquota: {output_tokens_default: 20}\n"


def gemini(**config):
    return json.dumps({"contents": [{"parts": [{"text": "hi"}]}], "generationConfig": config}).encode()


STREAM = "/v1beta/models/gemini-x:streamGenerateContent"


def ends_of(chunks):
    """Which choices of a chat have ended, and why, in their order."""
    return [(choice["index"], choice["finish_reason"]) for each in chunks for choice in each["choices"]
            if choice["finish_reason"]]


class Cut(unittest.TestCase):
    def ask(self, gateway, body, path="/v1/chat/completions", headers=()):
        with gateway.connect() as connection:
            connection.sendall(request(body, key=LIMITED, path=path, headers=headers))
            answer = Response(connection)
        self.assertEqual((answer.status, answer.whole), (200, True))
        return answer

    def assertOneName(self, chunks, *names):
        for name in names:
            self.assertEqual(len({chunk[name] for chunk in chunks}), 1, (name, chunks[0], chunks[-1]))

    def assertCuts(self, gateway, count):
        self.assertEqual(gateway.metric("headrace_answers_cut_total"), count)
        gateway.wait_for_metric("headrace_upstream_connections", lambda value: value == 0)


class OfAProviderThatIgnoresItsCap(Cut):
    def setUp(self):
        mock = self.enterContext(Mock("--output-cap", "ignored", "--answer-tokens", "2000"))
        self.gateway = self.enterContext(Limited(mock.address))

    def test_every_choice_of_a_chat_ends_under_the_streams_own_names(self):
        body = chat(stream=True, n=3, stream_options={"include_usage": True})
        answer = self.ask(self.gateway, body)
        chunks = answer.events()
        self.assertOneName(chunks, "id", "model", "created", "object")
        self.assertTrue(chunks[0]["id"].startswith("chatcmpl-"))
        self.assertEqual(ends_of(chunks), [(0, "length"), (1, "length"), (2, "length")])
        self.assertEqual((chunks[-1]["choices"], chunks[-1]["usage"]["completion_tokens"] > 60), ([], True))
        self.assertTrue(answer.body.endswith(b"data: [DONE]\n\n"))
        self.assertCuts(self.gateway, 1)

    def test_responses_fail_under_their_own_names(self):
        body = json.dumps({"model": "gpt-4o", "input": "hi", "stream": True}).encode()
        events = self.ask(self.gateway, body, "/v1/responses").events()
        self.assertEqual((events[0]["type"], events[-1]["type"]), ("response.created", "response.failed"))
        self.assertOneName([events[0]["response"], events[-1]["response"]], "id", "model", "created_at")
        self.assertEqual(events[-1]["sequence_number"], events[-2]["sequence_number"] + 1)

    def test_geminis_candidates_end_in_both_forms(self):
        whole_events = self.ask(self.gateway, gemini(candidateCount=2), STREAM + "?alt=sse").events()
        whole_array = json.loads(self.ask(self.gateway, gemini(candidateCount=2), STREAM).body)
        in_pieces = json.loads(self.ask(self.gateway, gemini(candidateCount=2), STREAM,
                                        headers=["x-mock-split: 37"]).body)
        for chunks in (whole_events, whole_array, in_pieces):
            self.assertGreater(len(chunks), 40)
            self.assertOneName(chunks, "modelVersion", "responseId")
            self.assertEqual(chunks[-1]["candidates"], [{"finishReason": "MAX_TOKENS", "index": 0},
                                                        {"finishReason": "MAX_TOKENS", "index": 1}])
        self.assertCuts(self.gateway, 3)
        # One that keeps to its cap goes on as it came.
        short = self.ask(self.gateway, gemini(), STREAM, headers=["x-mock-answer-tokens: 5"])
        chunks = json.loads(short.body)
        self.assertEqual((len(chunks), chunks[-1]["candidates"][0]["finishReason"]), (5, "STOP"))
        self.assertEqual(self.gateway.metric("headrace_answers_cut_total"), 3)


class OfAScriptedProvider(Cut):
    def stream(self, events, head=STREAM_HEAD):
        upstream = self.enterContext(Upstream(unheeding_stream(events, head=head)))
        return self.enterContext(Limited(upstream.address))

    def test_a_choice_that_has_ended_does_not_end_again(self):
        def piece(index, finish=None, **names):
            return event({**names, "choices": [{"index": index, "delta": {"content": "x"}, "finish_reason": finish}]})

        names = {"id": "c-7", "model": "gpt-4o-x", "created": 17}
        gateway = self.stream([piece(0, **names), piece(1, **names), piece(2, **names), piece(1, "stop", **names),
                               *[piece(0, **names), piece(2, **names)] * 1000])
        chunks = self.ask(gateway, chat(stream=True, n=3)).events()
        self.assertEqual(ends_of(chunks), [(1, "stop"), (0, "length"), (2, "length")])
        self.assertOneName(chunks, *names)

    def test_names_that_a_stream_never_gave_are_the_requests(self):
        gateway = self.stream([event({"id": "", "choices": [{"delta": {"content": "x"}}]})] * 1000)
        answer = self.ask(gateway, chat(stream=True))
        last = answer.events()[-1]
        self.assertEqual((last["id"], last["model"]), (answer.headers["x-request-id"], "gpt-4o"))
        self.assertGreater(last["created"], 1_700_000_000)

    def test_an_array_is_never_cut_amid_an_element(self):
        large = json.dumps({"candidates": [{"content": {"parts": [{"text": "y" * 9000}]}, "index": 0}]}).encode()
        pieces = [large[at:at + 5000] for at in range(0, len(large), 5000)]
        pieces[0] = b"," + pieces[0]
        head = STREAM_HEAD.replace(b"text/event-stream", b"application/json; charset=UTF-8")
        gateway = self.stream([b"[" + large, *pieces * 1000], head)
        chunks = json.loads(self.ask(gateway, gemini(), STREAM).body)
        self.assertEqual({len(each["candidates"][0].get("content", {"parts": [{"text": ""}]})["parts"][0]["text"])
                          for each in chunks[:-1]}, {9000})
        self.assertEqual(chunks[-1]["candidates"], [{"finishReason": "MAX_TOKENS", "index": 0}])
        self.assertCuts(gateway, 1)


if __name__ == "__main__":
    unittest.main()
