"""What is wrong with a request itself, by the official SDKs, whole and streamed: each refusal is their own
error class, raised before anything is read, and is not tried again. Who may not ask, what is used up and
what providers do wrong stand in the other tests of SDKs. Skipped where no registry is reachable."""

import unittest

from gateway import KEY, Gateway
from sdk_world import MODELS, SdkTest, answered
from upstream import Upstream

BAD_REQUEST = ("BadRequestError", 400)
# Not every SDK has a class of its own for these.
TOO_LARGE = ("APIError", 413)
UNAVAILABLE = ("InternalServerError", 504)

# By the name of a model: the option of its route that its requests break, and how they are refused.
ROUTES = {
    "too-deep": ("json_depth_max: 1", BAD_REQUEST, "invalid_body"),
    "too-large": ("body_bytes_max: 20", TOO_LARGE, "body_too_large"),
    "not-kept": ("cache: {mode: asked, deterministic_only: false}", UNAVAILABLE, "not_cached"),
}
ONLY_KEPT = {"Cache-Control": "only-if-cached"}


class World(Gateway):
    def config_text(self):
        routes = "".join(f"\n  - {{models: [{model}], targets: [{{provider: {dialect}}}], {option}}}"
                         for model, (option, _, _) in ROUTES.items() for dialect in MODELS)
        return super().config_text().replace("\nroutes:", "\nroutes:" + routes, 1)


class RefusalsSdk(SdkTest):
    asked = {model: [{"key": KEY, "model": model, "retries": 2, "headers": ONLY_KEPT, "stream": stream}
                     for stream in (False, True)] for model in ROUTES}

    @classmethod
    def world(cls):
        cls.upstream = cls.enterClassContext(Upstream(lambda seen, connection: connection.sendall(answered(seen))))
        return cls.enterClassContext(World(cls.upstream.address))

    def test_each_is_the_sdks_own_error(self):
        for model, (_, (error, status), _) in ROUTES.items():
            for sdk, _, both in self.each(model):
                for told in both:
                    self.assert_error(told, sdk, error, status)
                    self.assertTrue(told["message"])
                    self.assertEqual(told["pieces"], [])
                    if sdk != "gemini":  # which shows no fields of what failed
                        self.assertTrue(told["headers"]["x-request-id"])

    def test_none_is_tried_again_or_reaches_a_provider(self):
        calls = sum(len(told) for told in self.told.values())
        lines = self.gateway.log_lines(calls)
        self.assertEqual(len(lines), calls)
        self.assertEqual(self.upstream.requests, [])
        self.assertEqual({line["code"] for line in lines}, {code for _, _, code in ROUTES.values()})


if __name__ == "__main__":
    unittest.main()
