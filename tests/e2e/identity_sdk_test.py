"""Who may not, by the official SDKs: each refusal of a caller is their own error class, with the status
and the request's name, and is not tried again. Skipped where no registry is reachable."""

import json
import time
import unittest

from gateway import Gateway
from identity_test import SECRET, key, token
from sdk_world import MODELS, SdkTest, answered, dialect_of, whole_answer
from upstream import Upstream

AUTHENTICATION = ("AuthenticationError", "UNAUTHENTICATED", 401)
PERMISSION = ("PermissionDeniedError", "PERMISSION_DENIED", 403)
NOT_FOUND = ("NotFoundError", "NOT_FOUND", 404)

# Who, how it is refused, and what of it the answer's text says.
REFUSED = {
    "a key that nobody has": ({"key": key("nobody")}, AUTHENTICATION),
    "an expired key": ({"key": key("old")}, AUTHENTICATION),
    "a revoked key": ({"key": key("off")}, AUTHENTICATION),
    "a forged token": ({"key": token(secret="x" * 32)}, AUTHENTICATION),
    "an expired token": ({"key": token(exp=int(time.time()) - 100)}, AUTHENTICATION),
    "a token without an algorithm": ({"key": token(header={"alg": "none"})}, AUTHENTICATION),
    "a suspended tenant": ({"key": key("gone")}, PERMISSION),
    "a token of a suspended user": ({"key": token(sub="eve")}, PERMISSION),
    "a model that the key may not use": ({"key": key("mini")}, PERMISSION),
    "a model that a trial does not have": ({"key": key("trial")}, PERMISSION),
    "a route that the key is not bound to": ({"key": key("bound")}, PERMISSION),
    "an endpoint out of scope": ({"key": key("scoped")}, PERMISSION),
    "a role that may not": ({"key": key("reader")}, PERMISSION),
    "an address that is not allowed": ({"key": key("far")}, PERMISSION),
    "a model that there is not": ({"key": key("acme"), "model": "no-such-model"}, NOT_FOUND),
}


class World(Gateway):
    def config_text(self):
        text = super().config_text()
        sandboxes = "".join(
            f"\n  - {{name: play-{dialect}, dialect: {dialect}, url: 'http://{self.upstream}/play{path}', auth: none,"
            " private_network: true, sandbox: true}"
            for dialect, path in (("openai", "/v1"), ("anthropic", ""), ("gemini", "")))
        text = text.replace("\nproviders:", "\nproviders:" + sandboxes, 1)
        routes = "\n".join(f"  - {{name: bound-{name}, models: [bound-{name}], targets: [{{provider: {name}}}]}}"
                           for name in MODELS)
        text = text.replace("\nroutes:", "\nroutes:\n" + routes, 1)
        return text.replace("\nkeys:", "\nkeys:" + "".join(
            f"\n  - {{name: {name}, key: {key(name)}{more}}}"
            for name, more in (
                ("acme", ", tenant: acme"),
                ("gone", ", tenant: gone"),
                ("sand", ", tenant: sand"),
                ("trial", ", tenant: trial"),
                ("mini", ", tenant: acme, models: [renamed]"),
                ("bound", ", tenant: acme, routes: [bound-openai, bound-anthropic, bound-gemini]"),
                ("old", ", tenant: acme, expires_at: 2020-01-01"),
                ("off", ", tenant: acme, suspended: true"),
                ("scoped", ", tenant: acme, scopes: [models]"),
                ("reader", ", tenant: acme, roles: [reader]"),
                ("far", ", tenant: acme, ip_allow: [far]"),
            )), 1) + f"""
tenants:
  - {{name: default}}
  - {{name: acme}}
  - {{name: gone, mode: suspended}}
  - {{name: sand, mode: sandbox}}
  - {{name: trial, mode: trial, models: [renamed]}}
users: [{{name: ada, tenant: acme}}, {{name: eve, tenant: acme, suspended: true}}]
roles: [{{name: reader, allow: ["GET /v1/models"]}}]
ip_lists: [{{name: far, networks: [192.0.2.0/24]}}]
token_issuers: [{{name: sso, issuer: sso, secret: {SECRET}, tenant_claim: org}}]
"""


class IdentitySdk(SdkTest):
    asked = {name: [{"retries": 2, **call}] for name, (call, _) in REFUSED.items()} | {
        "sandbox": [{"key": key("sand")}, {"key": key("sand"), "model": "anything-1"}],
        "served": [{"key": token()}, {"key": key("acme")}],
    }

    @classmethod
    def world(cls):
        def script(seen, connection):
            if seen.line.split()[1].startswith("/play"):
                connection.sendall(whole_answer(dialect_of(seen), "from the playground"))
            else:
                connection.sendall(answered(seen))

        cls.upstream = cls.enterClassContext(Upstream(script))
        return cls.enterClassContext(World(cls.upstream.address))

    def test_each_refusal_is_the_sdks_own_error(self):
        for name, (_, (error, word, status)) in REFUSED.items():
            for sdk, _, (told,) in self.each(name):
                self.assert_error(told, sdk, error, status)
                if sdk == "gemini":
                    self.assertEqual(told["code"], word)
                else:
                    self.assertTrue(told["headers"]["x-request-id"])
                self.assertNotIn("retry-after", told["headers"])
                self.assertTrue(told["message"])
                self.assertNotIn("CANARY", json.dumps(told))

    def test_who_is_refused_for_good_asks_once_and_no_provider(self):
        calls = sum(len(told) for told in self.told.values())
        lines = self.gateway.log_lines(calls)
        self.assertEqual(len(lines), calls)
        served = {("sandbox", 2), ("served", 2)}
        self.assertEqual(len(self.upstream.requests),
                         sum(count for label, count in served for known, _ in self.told if known == label))

    def test_sandboxes_tokens_and_keys_are_served(self):
        for label, text in (("sandbox", "from the playground"), ("served", "hello")):
            for _, _, told in self.each(label):
                self.assertEqual([each.get("text") for each in told], [text] * 2, told)


if __name__ == "__main__":
    unittest.main()
