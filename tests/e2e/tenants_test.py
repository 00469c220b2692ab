"""What belongs to one tenant alone is not there for the others: no answer tells it apart from what
does not exist."""

import unittest

from gateway import KEY, PROVIDER_KEY, Gateway, Response, chat, request
from upstream import CHAT_ANSWER, Upstream

ACME_KEY = "hr-CANARY-acme-0123456789"
OTHER_KEY = "hr-CANARY-other-0123456789"
OWN_CREDENTIAL = "sk-CANARY-acme-account-0123456789"


class Tenants(Gateway):
    """Two tenants; an account that belongs to one of them, reached by a route and by a rule."""

    def config_text(self):
        text = super().config_text()
        for section, more in (
            (
                "providers:",
                f"""
  - name: acme
    dialect: openai
    url: http://{self.upstream}/v1
    credential: {OWN_CREDENTIAL}
    private_network: true
    exclusive: true
    tenant: acme""",
            ),
            (
                "routes:",
                """
  - models: [acme-tuned]
    targets: [{provider: acme}]
  - models: [shared-name]
    targets: [{provider: acme, priority: 1}, {provider: openai, model: gpt-4o, priority: 2}]""",
            ),
            (
                "keys:",
                f"""
  - {{name: acme, key: {ACME_KEY}, tenant: acme, passthrough: true}}
  - {{name: other, key: {OTHER_KEY}, tenant: other, passthrough: true}}""",
            ),
        ):
            assert text.count("\n" + section) == 1, section
            text = text.replace("\n" + section, "\n" + section + more)
        return (
            text
            + """
passthrough:
  - {path: /v1/files, methods: [GET, POST], provider: acme}
  - {path: "/v1/audio/**", methods: [POST], provider: acme}
  - {path: /v1/audio/speech, methods: [POST], provider: openai}
"""
        )


class ExclusiveAccounts(unittest.TestCase):
    def setUp(self):
        def script(seen, connection):
            self.credentials.append(seen.all("authorization"))
            connection.sendall(CHAT_ANSWER)
            return True

        self.credentials = []
        self.upstream = self.enterContext(Upstream(script))
        self.gateway = self.enterContext(Tenants(self.upstream.address))

    def ask(self, data):
        with self.gateway.connect() as connection:
            connection.sendall(data)
            return Response(connection)

    def test_a_route_of_another_tenants_account_is_like_one_that_does_not_exist(self):
        foreign = self.ask(request(chat(model="acme-tuned"), key=OTHER_KEY))
        unknown = self.ask(request(chat(model="no-such-one"), key=OTHER_KEY))
        self.assertEqual(foreign.status, 404)
        self.assertEqual(unknown.status, 404)

        def without_request_id(response):
            shape = response.json()
            for member in ("instance", "request_id", "requestId"):
                shape.pop(member, None)
                shape.get("error", {}).pop(member, None)
            return shape

        self.assertEqual(without_request_id(foreign), without_request_id(unknown))
        self.assertEqual(self.credentials, [])
        self.assertEqual(self.ask(request(chat(model="acme-tuned"), key=ACME_KEY)).status, 200)
        self.assertEqual(self.credentials, [[f"Bearer {OWN_CREDENTIAL}"]])

    def test_who_owns_the_account_chooses_within_it(self):
        project = ["OpenAI-Project: proj-1"]
        for key, expected in ((ACME_KEY, ["proj-1"]), (OTHER_KEY, [])):
            self.assertEqual(self.ask(request(chat(model="shared-name"), key=key, headers=project)).status, 200)
            self.assertEqual(self.upstream.requests[-1].all("OpenAI-Project"), expected)

    def test_a_route_skips_the_targets_of_others(self):
        self.assertEqual(self.ask(request(chat(model="shared-name"), key=OTHER_KEY)).status, 200)
        self.assertEqual(self.ask(request(chat(model="shared-name"), key=ACME_KEY)).status, 200)
        self.assertEqual(self.credentials, [[f"Bearer {PROVIDER_KEY}"], [f"Bearer {OWN_CREDENTIAL}"]])

    def test_passthrough_to_another_tenants_account_is_like_a_path_that_does_not_exist(self):
        for method, body in (("GET", None), ("POST", b"{}")):
            foreign = self.ask(request(body, method=method, path="/v1/files", key=OTHER_KEY))
            self.assertEqual(foreign.status, 404, method)
        self.assertEqual(self.ask(request(b"{}", path="/v1/audio/x", key=OTHER_KEY)).status, 404)
        self.assertEqual(self.credentials, [])
        self.assertEqual(self.ask(request(b"{}", path="/v1/files", key=ACME_KEY)).status, 200)
        self.assertEqual(self.credentials, [[f"Bearer {OWN_CREDENTIAL}"]])

    def test_a_rule_of_others_does_not_hide_one_for_all(self):
        self.assertEqual(self.ask(request(b"{}", path="/v1/audio/speech", key=OTHER_KEY)).status, 200)
        self.assertEqual(self.ask(request(b"{}", path="/v1/audio/speech", key=ACME_KEY)).status, 200)
        self.assertEqual(self.credentials, [[f"Bearer {PROVIDER_KEY}"], [f"Bearer {OWN_CREDENTIAL}"]])

    def test_models_of_others_are_not_listed(self):
        def names(key):
            listed = self.ask(request(method="GET", path="/v1/models", key=key)).json()
            return {model["id"] for model in listed["data"]}

        self.assertIn("acme-tuned", names(ACME_KEY))
        self.assertNotIn("acme-tuned", names(OTHER_KEY))
        self.assertIn("shared-name", names(OTHER_KEY))
        for key, status in ((ACME_KEY, 200), (OTHER_KEY, 404)):
            got = self.ask(request(method="GET", path="/v1/models/acme-tuned", key=key))
            self.assertEqual(got.status, status)


class Planned(Gateway):
    """A tenant that has a plan, and one of its keys another one."""

    def config_text(self):
        text = super().config_text()
        text = text.replace("    private_network: true", "    private_network: true\n    context_headers: plain", 1)
        text = text.replace("\nkeys:", f"""
keys:
  - {{name: acme, key: {ACME_KEY}, tenant: acme}}
  - {{name: other, key: {OTHER_KEY}, tenant: acme, plan: large}}""", 1)
        return text + """
tenants: [{name: default}, {name: acme, plan: small}]
plans: [{name: small}, {name: large}]
"""


class Plans(unittest.TestCase):
    def test_a_provider_is_told_of_the_nearest_plan(self):
        with Upstream() as upstream, Planned(upstream.address) as gateway:
            for key, plan in ((ACME_KEY, ["small"]), (OTHER_KEY, ["large"]), (KEY, [])):
                with gateway.connect() as connection:
                    connection.sendall(request(chat(), key=key))
                    self.assertEqual(Response(connection).status, 200)
                self.assertEqual(upstream.requests[-1].all("X-Headrace-Plan"), plan)


if __name__ == "__main__":
    unittest.main()
