"""A stream that goes on beyond what its caller may have is cut, and the official SDKs read it as an
answer that has reached its cap. Skipped where no registry is reachable."""

import unittest

from gateway import Gateway
from sdk_world import NODE, PYTHON, SdkTest, dialect_of, stream_events
from upstream import Upstream, unheeding_stream

CALLERS = [f"JavaScript-{sdk}" for sdk in NODE] + [f"Python-{sdk}" for sdk in PYTHON]
ENDS = {"openai": "length", "anthropic": "max_tokens", "gemini": "MAX_TOKENS"}


def key(caller):
    return f"hr-CANARY-{caller}-0123456789"


class Limited(Gateway):
    def config_text(self):
        keys = "".join(f"\n  - {{name: {each}, key: {key(each)}, limits: [{{measure: tokens, per: day, value: 1000000}}]}}"
                       for each in CALLERS)
        return super().config_text().replace("\nkeys:", "\nkeys:" + keys, 1) + "\nquota: {output_tokens_default: 20}\n"


class CutSdk(SdkTest):
    together = True
    asked = {"endless": [{"key": key("CALLER"), "stream": True}]}

    @classmethod
    def world(cls):
        def script(seen, connection):
            events = stream_events(dialect_of(seen), ("x",) * 1000)
            # Google's would say with every event that it is the last one.
            endless = [each.replace(b'"finishReason": "STOP", ', b"") for each in events]
            return unheeding_stream(endless, pause=0.0005)(seen, connection)

        upstream = cls.enterClassContext(Upstream(script))
        return cls.enterClassContext(Limited(upstream.address))

    def test_it_reads_as_an_answer_that_has_reached_its_cap(self):
        for sdk, caller, (told,) in self.each("endless"):
            self.assertNotIn("error", told, (caller, told))
            self.assertEqual(told["end"], ENDS[sdk], caller)
            self.assertRegex(told["text"], "^x+$")
            self.assertTrue(20 <= len(told["text"]) < 500, (caller, len(told["text"])))
        self.assertEqual(self.gateway.metric("headrace_answers_cut_total"), len(self.told))
        self.gateway.wait_for_metric("headrace_upstream_connections", lambda value: value == 0)


if __name__ == "__main__":
    unittest.main()
