"""Written anew: exactly one credential goes to the provider, nothing of one side leaks to the other, and
nothing that a client says has another request made of its own."""

import json
import unittest

from forwarding_world import Forwarded
from gateway import KEY, PROVIDER_KEY, Gateway, chat, request
from upstream import answer


class ForwardingFields(Forwarded):
    def test_exactly_one_credential_goes_upstream(self):
        for headers in (
            [f"Authorization: Bearer {KEY}"],
            [f"x-api-key: {KEY}"],
            [f"x-goog-api-key: {KEY}"],
            [f"api-key: {KEY}"],
            [f"Authorization: Bearer {KEY}", f"x-api-key: {KEY}"],
        ):
            with self.subTest(headers=headers):
                self.upstream.requests.clear()
                self.assertEqual(self.ask(request(chat(), key=None, headers=headers)).status, 200)
                sent = self.upstream.requests[0]
                self.assertEqual(sent.all("authorization"), [f"Bearer {PROVIDER_KEY}"])
                for name in ("x-api-key", "x-goog-api-key", "api-key", "x-headrace-key"):
                    self.assertEqual(sent.all(name), [])
                self.assertNotIn(KEY.encode(), sent.head + sent.body)

    def test_a_key_in_the_query_is_taken_out(self):
        data = request(b'{"contents":[]}', path=f"/v1beta/models/gemini-pro:generateContent?key={KEY}&alt=json", key=None)
        self.assertEqual(self.ask(data).status, 200)
        sent = self.upstream.requests[0]
        self.assertNotIn(KEY, sent.line)
        self.assertIn("alt=json", sent.line)
        self.assertEqual(sent.all("x-goog-api-key"), [PROVIDER_KEY])

    def test_hop_by_hop_fields_end_here_but_ours_stay(self):
        self.ask(
            request(
                chat(),
                headers=["Connection: keep-alive, X-Secret, Authorization, Content-Length, Host", "X-Secret: 1", "Keep-Alive: 5", "TE: trailers", "Proxy-Connection: x", "X-Kept: 1"],
            )
        )
        sent = self.upstream.requests[0]
        for name in ("X-Secret", "Keep-Alive", "TE", "Proxy-Connection", "Connection"):
            self.assertEqual(sent.all(name), [], name)
        self.assertEqual(sent.all("X-Kept"), ["1"])
        self.assertEqual(sent.all("Authorization"), [f"Bearer {PROVIDER_KEY}"])
        self.assertEqual(len(sent.all("Content-Length")), 1)
        self.assertEqual(sent.all("Host"), [self.upstream.address])
        self.assertEqual(sent.all("Accept-Encoding"), ["identity"])

    def test_cookies_belong_to_neither_side(self):
        self.script = lambda _, connection: connection.sendall(answer(b"{}", headers=["Set-Cookie: __session=shared", "X-Kept: 1"]))
        told = self.ask(request(chat(), headers=["Cookie: sso=CANARY-browser"]))
        self.assertEqual((told.status, told.headers.get("set-cookie"), told.headers["x-kept"]), (200, None, "1"))
        self.assertEqual(self.upstream.requests[-1].all("cookie"), [])

    def test_a_client_neither_chooses_within_the_account_nor_hears_of_it(self):
        names = {"OpenAI-Organization": "org-theirs", "OpenAI-Project": "proj-theirs", "X-Goog-User-Project": "billed",
                 "anthropic-workspace-id": "wrkspc_theirs", "Anthropic-User-Profile-Id": "profile_theirs"}
        about = ["openai-organization: org-ours", "openai-project: proj-ours", "anthropic-organization-id: ours", "openai-version: 1"]
        self.script = lambda _, connection: connection.sendall(answer(b"{}", headers=about))
        told = self.ask(request(chat(), headers=[f"{name}: {value}" for name, value in names.items()]))
        for name in names:
            self.assertEqual(self.upstream.requests[-1].all(name), [], name)
        self.assertEqual(told.headers["openai-version"], "1")
        self.assertNotIn("ours", "".join(told.lines))

    def test_forwarding_fields_of_a_stranger_are_dropped(self):
        self.ask(request(chat(), headers=["X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6",
                                          "X-Forwarded-User: 6.6.6.6", "x-forwarded-prefix: /6.6.6.6"]))
        self.assertNotIn(b"6.6.6.6", self.upstream.requests[0].head)

    def test_no_field_or_parameter_makes_another_request_of_it(self):
        fields = {"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "DELETE", "x-method-override": "DELETE",
                  "X-Original-URL": "/v1/files", "X-Rewrite-URL": "/v1/files"}
        parameters = ("$httpMethod=DELETE", "%24httpmethod=DELETE", "httpMethod=DELETE", "$httpHeaders=x-goog-api-key:a",
                      "$key=another", "access_token=another", "oauth_token=another", "userProject=billed", "%24userProject=billed")
        for path, body in (("/v1/chat/completions", chat()), ("/v1beta/models/gemini-pro:generateContent", b'{"contents":[]}')):
            target = f"{path}?{'&'.join(parameters)}&fields=kept"
            answered = self.ask(request(body, path=target, headers=[": ".join(field) for field in fields.items()]))
            self.assertEqual(answered.status, 200)
            sent = self.upstream.requests[-1]
            self.assertEqual(sent.line.split()[1], f"{path}?fields=kept")
            for name in fields:
                self.assertEqual(sent.all(name), [], name)

    def test_what_a_server_may_read_as_such_a_field_is_withheld_too(self):
        # CGI, WSGI and their like hand on `X_A` and `X-A` as one variable.
        names = ("X_Headrace_Tenant", "x_headrace-roles", "X-Headrace_Signature", "X_Forwarded_User",
                 "X_HTTP_Method_Override", "X_Original_URL", "OpenAI_Organization", "x_headrace_" + "long_" * 30)
        self.ask(request(chat(), headers=[f"{name}: theirs" for name in names] + ["my_field: kept", "X_Other: kept"]))
        sent = self.upstream.requests[0]
        self.assertNotIn(b"theirs", sent.head)
        self.assertEqual((sent.all("my_field"), sent.all("X_Other")), (["kept"], ["kept"]))

    def test_the_address_of_a_clients_page_keeps_its_keys_to_itself(self):
        for page, told in ((f"https://app.test/?key={KEY}", []), ("https://app.test/chat", ["https://app.test/chat"])):
            self.ask(request(chat(), headers=[f"Referer: {page}"]))
            self.assertEqual(self.upstream.requests[-1].all("referer"), told)

    def test_nothing_in_a_body_changes_where_it_is_sent(self):
        evil = {name: "http://169.254.169.254/" for name in ("api_base", "base_url", "endpoint", "host", "url", "api_url")}
        body = chat(**evil, nested={"deep": [evil]})
        self.assertEqual(self.ask(request(body)).status, 200)
        self.assertEqual(self.upstream.requests[0].all("Host"), [self.upstream.address])

    def test_stored_objects_of_a_shared_account_are_refused(self):
        self.assertEqual(self.ask(request(None, method="GET", path="/v1/files")).status, 404)
        for member in ({"store": True}, {"background": True}, {"previous_response_id": "resp_1"}):
            body = json.dumps({"model": "gpt-4o", "input": "x", **member}).encode()
            self.assertEqual(self.ask(request(body, path="/v1/responses")).status, 400, member)
        self.assertEqual(self.ask(request(b'{"model":"gpt-4o","input":"x"}', path="/v1/responses")).status, 200)
        self.assertIs(self.upstream.requests[-1].json()["store"], False)

    def test_a_wide_rule_reaches_no_stored_object_of_a_shared_account(self):
        rule = 'passthrough: [{path: "/v1/**", methods: [GET, POST, DELETE], provider: openai}]'
        with Gateway(self.upstream.address, extra=rule) as gateway, gateway.connect() as connection:
            for method, path in (("GET", "/v1/files"), ("DELETE", "/v1/files/file-1"), ("GET", "/v1/files/file-1/content"),
                                 ("GET", "/v1/responses/resp_1"), ("POST", "/v1/batches"), ("GET", "/v1/vector_stores/vs_1"),
                                 ("GET", "/v1/conversations/conv_1"), ("POST", "/v1/fine_tuning/jobs"), ("GET", "/v1/chat/completions")):
                refused = self.ask(request(None, method=method, path=path), connection)
                self.assertEqual((refused.status, refused.json()["code"]), (404, "path_not_found"), path)
            self.assertEqual(self.upstream.requests, [])
            self.assertEqual(self.ask(request(b"{}", path="/v1/images/generations"), connection).status, 200)


if __name__ == "__main__":
    unittest.main()
