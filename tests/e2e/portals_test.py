"""One process, several portals: what each listener's policy set takes, serves, offers and leaves out,
and callers who show nothing."""

import json
import signal
import socket
import unittest

from gateway import Gateway, Response, chat, request, reserve_port
from identity_test import SECRET, key, token
from upstream import CHAT_ANSWER, Upstream

PORTALS = ("everybody", "customers", "partners", "demo")
REASONS = {401: "unauthenticated", 403: "permission_denied", 404: "path_not_found", 503: "draining"}


class Portals(Gateway):
    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.ports = {"everybody": self.port}
        for name in PORTALS[1:]:
            self.reserved.append(reserve_port())
            self.ports[name] = self.reserved[-1].getsockname()[1]
        self.gone = set()  # portals that a reload takes away

    def config_text(self):
        listeners = "".join(
            f"\n  - {{address: '127.0.0.1:{self.ports[name]}', policy_set: {name}{more}}}"
            for name, more in (("customers", ""), ("partners", ", ip_allow: [near]"), ("demo", ""))
            if name not in self.gone)
        cache = "    cache: {mode: always, ttl_ms: 60000, deterministic_only: false}\n"
        text = super().config_text().replace("\nadmin:", listeners + "\nadmin:", 1)
        text = text.replace("    targets: [{provider: openai}]", cache + "    targets: [{provider: openai}]", 1)
        return text.replace("\nkeys:", "\nkeys:" + "".join(
            f"\n  - {{name: {name}, key: {key(name)}{more}}}"
            for name, more in (
                ("acme", ", tenant: acme"),
                ("other", ", tenant: other"),
                ("reads", ", tenant: acme, roles: [reader]"),
                ("writes", ", tenant: acme, roles: [writer]"),
                ("leads", ", tenant: acme, roles: [lead]"),
                ("owns", ", tenant: acme, roles: [owner]"),
            )), 1) + f"""
tenants: [{{name: default}}, {{name: acme}}, {{name: other}}, {{name: guests}}]
ip_lists: [{{name: near, networks: [127.0.0.0/8]}}]
roles:
  - {{name: reader, allow: ["GET /v1/models", "GET /v1/models/*"]}}
  - {{name: writer, inherits: [reader], allow: ["POST /v1/chat/**"]}}
  - {{name: lead, inherits: [writer]}}
  - {{name: owner, allow: ["*"]}}
policy_sets:
  - {{name: customers, role_use: ignored, allow: ["POST /v1/chat/completions"], tenants: [acme]}}
  - {{name: partners, role_use: required, roles: [writer, owner], skip: [cache]}}
  - {{name: demo, api_keys: false, tokens: false,
     anonymous: {{tenant: guests, models: [renamed], scopes: [chat]}}}}
token_issuers: [{{name: sso, issuer: sso, secret: {SECRET}, tenant_claim: org, roles_claim: groups}}]
"""


class Portal(unittest.TestCase):
    def setUp(self):
        self.upstream = self.enterContext(Upstream(lambda seen, connection: connection.sendall(CHAT_ANSWER)))
        self.gateway = self.enterContext(Portals(self.upstream.address))

    def connect(self, portal):
        connection = socket.create_connection(("127.0.0.1", self.gateway.ports[portal]), timeout=60)
        self.addCleanup(connection.close)
        return connection

    def ask(self, portal, credential, model="gpt-4o", path="/v1/chat/completions", method="POST"):
        connection = self.connect(portal)
        body = chat(model=model) if method == "POST" else None
        connection.sendall(request(body, method=method, path=path, key=credential))
        return Response(connection)

    def expect(self, answer, status):
        self.assertEqual(answer.status, status, answer.body)
        if status >= 400:
            self.assertEqual(answer.json()["code"], REASONS[status])

    def test_each_portal_is_for_its_own_callers(self):
        for portal, credential, status in (
            ("everybody", key("acme"), 200), ("everybody", key("other"), 200), ("everybody", token(), 200),
            ("everybody", key("reads"), 403), ("everybody", None, 401),
            ("customers", key("acme"), 200), ("customers", token(), 200),
            ("customers", key("reads"), 200),  # roles are ignored
            ("customers", key("other"), 403), ("customers", token(org="other"), 403), ("customers", None, 401),
            ("partners", key("acme"), 403), ("partners", key("reads"), 403),
            ("partners", key("writes"), 200), ("partners", key("leads"), 200), ("partners", key("owns"), 200),
            ("partners", token(groups=["writer"]), 200), ("partners", token(groups=["reader"]), 403),
            ("demo", key("owns"), 401), ("demo", token(), 401), ("demo", key("nobody"), 401),
        ):
            with self.subTest(portal, credential=credential):
                self.expect(self.ask(portal, credential), status)

    def test_a_role_is_all_that_it_inherits(self):
        for portal, who, path, status in (
            ("everybody", "leads", "/v1/models", 200), ("everybody", "leads", "/v1/models/gpt-4o", 200),
            ("everybody", "writes", "/v1/models", 200), ("partners", "writes", "/v1/models", 200),
            ("everybody", "reads", "/v1/models", 200), ("partners", "owns", "/v1/models", 200),
        ):
            with self.subTest(portal, who=who, path=path):
                self.assertEqual(self.ask(portal, key(who), path=path, method="GET").status, status)
        self.expect(self.ask("everybody", key("leads")), 200)
        self.expect(self.ask("everybody", key("leads"), path="/v1/embeddings"), 403)

    def test_what_a_portal_does_not_offer_is_not_there(self):
        self.expect(self.ask("customers", key("acme"), path="/v1/models", method="GET"), 404)
        self.expect(self.ask("customers", key("acme"), path="/v1/embeddings"), 404)

    def test_a_stage_that_is_left_out_is_not_run(self):
        for portal, headers in (("customers", ("MISS", "HIT")), ("partners", (None, None))):
            before = len(self.upstream.requests)
            seen = tuple(self.ask(portal, key("writes")).headers.get("x-cache") for _ in range(2))
            self.assertEqual(seen, headers, portal)
            self.assertEqual(len(self.upstream.requests) - before, 1 if headers[0] else 2)

    def test_who_shows_nothing_may_do_what_the_portal_says(self):
        self.expect(self.ask("demo", None, model="renamed"), 200)
        self.expect(self.ask("demo", None, model="gpt-4o"), 403)
        self.expect(self.ask("demo", None, model="renamed", path="/v1/embeddings"), 403)
        lines = self.gateway.log_lines(1)
        self.assertEqual(lines[0]["tenant"], "guests")
        self.assertNotIn("key", lines[0])

    def test_who_is_connected_when_a_portal_goes_is_told_that_it_has_gone(self):
        kept = {name: self.connect(name) for name in ("customers", "partners")}
        for name, connection in kept.items():
            connection.sendall(request(chat(), key=key("writes")))
            self.assertEqual(Response(connection).status, 200, name)
        self.gateway.gone = {"partners"}
        self.gateway.config.write_text(self.gateway.config_text())
        generation = self.gateway.metric("headrace_config_generation")
        self.gateway.signal(signal.SIGHUP)
        self.gateway.wait_for_metric("headrace_config_generation", lambda value: value > generation)
        kept["customers"].sendall(request(chat(), key=key("writes")))
        self.assertEqual(Response(kept["customers"]).status, 200)
        # An idle connection of a listener that has gone is closed; one that gets a word in is told.
        kept["partners"].settimeout(60)
        try:
            kept["partners"].sendall(request(chat(), key=key("writes")))
            answer = Response(kept["partners"])
        except OSError:
            return
        if answer.status:
            self.expect(answer, 503)
            self.assertIn("no longer served", json.loads(answer.body)["detail"])


if __name__ == "__main__":
    unittest.main()
