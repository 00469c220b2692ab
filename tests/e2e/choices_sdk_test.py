"""Requests for several choices through the official OpenAI SDKs, whole, streamed, and streamed beyond what
their caller may have: each choice ends, and no SDK finds fault. Skipped where no registry is reachable."""

import unittest

from cut_test import LIMITED, Limited
from mock import Mock
from sdk_world import SdkTest
from upstream import STREAM_HEAD, Upstream, chunk, event

TWO = {"key": LIMITED, "members": {"n": 2}}
SHORT = {**TWO, "headers": {"x-mock-answer-tokens": "5"}}


def ends(told):
    """By choice; the SDKs gather streams themselves, and refuse one with a choice that has no end."""
    return {index: end for index, end, _ in told["choices"]}


class ChoicesSdk(SdkTest):
    together = True
    callers = ("openai",)
    asked = {
        "short": [SHORT, {**SHORT, "gathered": True}, {**SHORT, "stream": True}],
        "endless": [{**TWO, "gathered": True}, {**TWO, "stream": True}],
    }

    @classmethod
    def world(cls):
        mock = cls.enterClassContext(Mock("--output-cap", "ignored", "--answer-tokens", "2000"))
        return cls.enterClassContext(Limited(mock.address))

    def test_each_choice_comes_whole_and_streamed(self):
        for _, caller, (whole, gathered, streamed) in self.each("short"):
            for told in (whole, gathered, streamed):
                self.assertNotIn("error", told, (caller, told))
            self.assertEqual((ends(whole), ends(gathered)), ({0: "stop", 1: "stop"},) * 2, caller)
            self.assertEqual(streamed["end"], "stop")
            for told in (whole, gathered):
                for _, _, text in told["choices"]:
                    self.assertTrue(text, (caller, told))
            self.assertTrue(streamed["text"], caller)

    def test_each_choice_of_a_stream_that_is_cut_has_reached_its_cap(self):
        for _, caller, (gathered, streamed) in self.each("endless"):
            for told in (gathered, streamed):
                self.assertNotIn("error", told, (caller, told))
            self.assertEqual(ends(gathered), {0: "length", 1: "length"}, caller)
            self.assertEqual(streamed["end"], "length")
        self.assertEqual(self.gateway.metric("headrace_answers_cut_total"), 2 * len(self.each("endless")))
        self.gateway.wait_for_metric("headrace_upstream_connections", lambda value: value == 0)


class UnevenChoicesSdk(SdkTest):
    together = True
    callers = ("openai",)
    asked = {"uneven": [{**TWO, "gathered": True}]}

    @classmethod
    def world(cls):
        def piece(index, **more):
            choice = {"index": index, "delta": {"role": "assistant", "content": "x"}, "finish_reason": None, **more}
            return chunk(event({"id": "c-7", "object": "chat.completion.chunk", "created": 17, "model": "gpt-4o",
                                "choices": [choice]}))

        def script(seen, connection):
            connection.sendall(STREAM_HEAD + piece(0) + piece(1) + piece(1, finish_reason="stop") + piece(0) * 2000)
            connection.recv(1)  # until it is cut
            return False

        upstream = cls.enterClassContext(Upstream(script))
        return cls.enterClassContext(Limited(upstream.address))

    def test_a_choice_that_had_ended_before_the_cut_ended_by_itself(self):
        for _, caller, (told,) in self.each("uneven"):
            self.assertNotIn("error", told, (caller, told))
            self.assertEqual(ends(told), {0: "length", 1: "stop"}, caller)
            texts = {index: text for index, _, text in told["choices"]}
            self.assertEqual(texts[1], "xx", caller)
            self.assertTrue(20 <= len(texts[0]) < 1000, (caller, len(texts[0])))


if __name__ == "__main__":
    unittest.main()
