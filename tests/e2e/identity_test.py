"""Who may do what, before real processes: portals, roles, modes, addresses, tokens, context headers
and the audit log."""

import base64
import hashlib
import hmac
import json
import time
import unittest

from accounted_gateway import ctl
from gateway import KEY, Gateway, Response, chat, request
from upstream import CHAT_ANSWER, Upstream

SECRET = "CANARY-token-secret-0123456789abcdef"
CONTEXT_SECRET = "CANARY-context-secret-0123456789"


def key(name):
    return f"hr-CANARY-{name}-0123456789"


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token(secret=SECRET, header=None, **claims):
    text = part(header or {"alg": "HS256"}) + "." + part(
        {"iss": "sso", "exp": int(time.time()) + 300, "sub": "ada", "org": "acme"} | claims
    )
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return text + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


class Portals(Gateway):
    """Customers on the first listener, partners with roles on a Unix socket's neighbour."""

    def config_text(self):
        text = super().config_text()
        text = text.replace("    private_network: true", "    private_network: true\n    context_headers: signed\n"
                            f"    context_secret: {CONTEXT_SECRET}", 1)
        text = text.replace("\nproviders:", f"""
providers:
  - name: playground
    dialect: openai
    url: http://{self.upstream}/playground
    auth: none
    private_network: true
    sandbox: true""", 1)
        text = text.replace("\nroutes:", "\nroutes:\n  - {models: [gpt-4o-mini], targets: [{provider: openai}], json_depth_max: 5}", 1)
        text = text.replace("\nkeys:", "\nkeys:" + "".join(
            f"\n  - {{name: {name}, key: {key(name)}{more}}}"
            for name, more in (
                ("acme", ", tenant: acme, user: ada"),
                ("gone", ", tenant: gone"),
                ("sand", ", tenant: sand"),
                ("trial", ", tenant: trial"),
                ("old", ", tenant: acme, expires_at: 2020-01-01"),
                ("off", ", tenant: acme, suspended: true"),
                ("scoped", ", tenant: acme, scopes: [models]"),
                ("reader", ", tenant: acme, roles: [reader]"),
                ("far", ", tenant: acme, ip_allow: [far]"),
                ("near", ", tenant: acme, ip_allow: [near, far]"),
            )
        ), 1)
        return text + f"""
tenants:
  - {{name: default}}
  - {{name: acme}}
  - {{name: gone, mode: suspended}}
  - {{name: sand, mode: sandbox}}
  - {{name: trial, mode: trial, models: [gpt-4o-mini]}}
users: [{{name: ada, tenant: acme}}, {{name: eve, tenant: acme, suspended: true}}]
roles:
  - {{name: reader, allow: ["GET /v1/models", "GET /v1/models/*"]}}
  - {{name: writer, inherits: [reader], allow: ["POST /v1/chat/**"]}}
ip_lists:
  - {{name: near, networks: [127.0.0.0/8, "::1"]}}
  - {{name: far, networks: [192.0.2.0/24]}}
token_issuers:
  - {{name: sso, issuer: sso, secret: {SECRET}, tenant_claim: org, roles_claim: groups, denied_ids: [bad]}}
audit: {{output: file, path: {self.folder}/audit.log}}
"""

    def audit_lines(self):
        return [json.loads(line) for line in (self.folder / "audit.log").read_text().splitlines()]


class Identity(unittest.TestCase):
    def setUp(self):
        def script(seen, connection):
            self.seen.append(seen)
            connection.sendall(CHAT_ANSWER)
            return True

        self.seen = []
        self.upstream = self.enterContext(Upstream(script))
        self.gateway = self.enterContext(Portals(self.upstream.address))

    def ask(self, data):
        with self.gateway.connect() as connection:
            connection.sendall(data)
            return Response(connection)

    def chat(self, credential, model="gpt-4o", headers=()):
        return self.ask(request(chat(model=model), key=credential, headers=headers))

    def test_state_scopes_roles_and_addresses_refuse(self):
        for name, status, code in (
            ("acme", 200, None),
            ("gone", 403, "permission_denied"),
            ("trial", 403, "permission_denied"),
            ("old", 401, "unauthenticated"),
            ("off", 401, "unauthenticated"),
            ("scoped", 403, "permission_denied"),
            ("reader", 403, "permission_denied"),
            ("far", 403, "permission_denied"),
            ("near", 200, None),
            ("nobody", 401, "unauthenticated"),
        ):
            with self.subTest(name):
                answer = self.chat(key(name))
                self.assertEqual(answer.status, status)
                if code:
                    self.assertEqual(json.loads(answer.body)["code"], code)

    def test_a_sandbox_gets_everything_that_its_tenant_asks_for(self):
        self.assertEqual(self.chat(key("sand"), model="gpt-4o").status, 200)
        self.assertEqual(self.chat(key("sand"), model="whatever-1").status, 200)
        self.assertEqual(
            [seen.line for seen in self.seen], ["POST /playground/chat/completions HTTP/1.1"] * 2
        )

    def test_what_came_through_a_sandbox_is_said_to(self):
        """Also where a sandbox is all that there is: it has a route without a model of its own."""
        gateway = Gateway(self.upstream.address)
        folder = gateway.folder / "journal"
        provider = f"""
  - {{name: playground, dialect: openai, url: "http://{self.upstream.address}/playground", auth: none, private_network: true, sandbox: true}}"""
        text = (gateway.config_text().split("\nproviders:")[0] + f"""
providers:{provider}
tenants: [{{name: sand, mode: sandbox}}]
keys: [{{name: sand, key: {key("sand")}, tenant: sand}}]
answers: {{route: true}}
journal: {{directory: {folder}}}
""")
        gateway.config_text = lambda: text
        with gateway:
            with gateway.connect() as connection:
                connection.sendall(request(chat("anything"), key=key("sand")))
                answer = Response(connection)
            self.assertEqual((answer.status, answer.headers["x-headrace-route"]), (200, "sandbox"))
            deadline = time.monotonic() + 60
            while not (rows := ctl("records", "--journal", folder, "-o", "json")) and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertEqual(json.loads(rows)["route"], "sandbox")

    def test_tokens_are_believed_by_their_signature_only(self):
        for credential, status in (
            (token(), 200),
            (token(groups=["writer"]), 200),
            (token(groups=["reader"]), 403),
            (token(sub="eve"), 403),
            (token(org="gone"), 403),
            (token(org="nowhere"), 401),
            (token(secret="x" * 32), 401),
            (token(header={"alg": "none"}), 401),
            (token(header={"alg": "HS256", "jku": "http://127.0.0.1/"}), 401),
            (token(exp=int(time.time()) - 100), 401),
            (token(exp=int(time.time()) + 10**7), 401),
            (token(jti="bad"), 401),
            (token(iss="other"), 401),
            ("eyJ" + "A" * 9000 + "..", 401),
        ):
            answer = self.chat(credential)
            self.assertEqual(answer.status, status, answer.body)
            again = self.chat(credential)
            self.assertEqual(again.status, status)

    def test_the_provider_is_told_who_asks_and_clients_cannot_say_so(self):
        answer = self.chat(
            key("acme"), headers=("X-Headrace-Tenant: evil", "x-headrace-roles: admin", "X-HEADRACE-Anything: 1")
        )
        self.assertEqual(answer.status, 200)
        seen = self.seen[-1]
        self.assertEqual(seen.all("x-headrace-tenant"), ["acme"])
        self.assertEqual(seen.all("x-headrace-user"), ["ada"])
        self.assertEqual(seen.all("x-headrace-roles"), [])
        self.assertEqual(seen.all("x-headrace-anything"), [])
        (timestamp,) = seen.all("x-headrace-timestamp")
        (request_id,) = seen.all("x-request-id")
        text = "\n".join(["v1", timestamp, request_id, "acme", "", "ada", "", ""])
        signature = hmac.new(CONTEXT_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        self.assertEqual(seen.all("x-headrace-signature"), ["v1=" + signature])

    def test_refusals_are_audited_without_secrets(self):
        self.chat(key("gone"))
        self.chat(token(secret="x" * 32))
        self.chat(key("acme"))
        deadline = time.monotonic() + 60
        while len(lines := self.gateway.audit_lines()) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual([line["rule"] for line in lines], ["key", "tenant_suspended", "signature"])
        self.assertEqual(lines[1]["tenant"], "gone")
        self.assertNotIn("CANARY", (self.gateway.folder / "audit.log").read_text())
        self.assertNotIn("CANARY", self.gateway.log.read_text())

    def test_a_body_is_as_deep_as_its_route_allows(self):
        for depth, status in ((5, 200), (6, 400)):
            nested = json.loads("[" * (depth - 1) + "]" * (depth - 1))
            body = chat(model="gpt-4o-mini", metadata_of_ours=nested)
            answer = self.ask(request(body, key=key("acme")))
            self.assertEqual(answer.status, status, answer.body)
            # Other routes take what the gateway takes.
            self.assertEqual(self.ask(request(chat(other=nested), key=key("acme"))).status, 200)
        refused = answer.json()
        self.assertEqual(refused["code"], "invalid_body")
        self.assertIn(f"at byte {body.index(b'[' * 5) + 4}", refused["detail"])

    def test_the_first_key_still_works(self):
        self.assertEqual(self.chat(KEY).status, 200)


if __name__ == "__main__":
    unittest.main()
