"""What the gateway answers by itself: refusals in the dialect's shape, and the lists of models."""

import unittest

from forwarding_world import Forwarded
from gateway import KEY, Gateway, Response, chat, request


class OwnAnswers(Forwarded):
    def test_bodies_that_could_be_read_in_two_ways_are_refused_with_the_place(self):
        deep = b'{"model":"gpt-4o","x":' + b"[" * 100_000
        for what, body in {
            "not JSON": b'{"model":',
            "trailing": chat() + b"x",
            "two models": b'{"model":"gpt-4o","model":"other"}',
            "two models, one escaped": b'{"model":"gpt-4o","mod\\u0065l":"other"}',
            "deep": deep,
            "not an object": b"[1]",
            "invalid UTF-8": b'{"model":"gpt-4o","x":"\xff"}',
            "a number for a flag": b'{"model":"gpt-4o","stream":1}',
            "a negative cap": b'{"model":"gpt-4o","max_tokens":-1}',
            "a huge cap": b'{"model":"gpt-4o","max_tokens":9223372036854775808}',
            "an infinite cap": b'{"model":"gpt-4o","max_tokens":1e400}',
            "empty": b"",
        }.items():
            with self.subTest(what=what):
                response = self.ask(request(body))
                self.assertEqual(response.status, 400, response.body)
                self.assertEqual(response.json()["error"]["type"], "invalid_request_error")
        self.assertEqual(self.upstream.requests, [])

    def test_a_member_that_is_wrong_is_named_in_every_dialect(self):
        for path, body in (
            ("/v1/chat/completions", b'{"model":5}'),
            ("/v1/messages", b'{"max_tokens":1,"model":5}'),
            ("/v1/messages", b'{"model":"claude-x","model":"claude-y"}'),
        ):
            with self.subTest(path=path):
                refusal = self.ask(request(body, path=path))
                self.assertEqual(refusal.status, 400)
                self.assertRegex(refusal.json()["error"]["message"], r"^model: .* \(at byte \d+\)$")

    def test_refusals_have_the_shape_of_their_dialect(self):
        unknown = request(chat(model="nothing"))
        self.assertEqual(self.ask(unknown).json()["error"]["code"], "model_not_found")
        anthropic = self.ask(request(chat(model="nothing", max_tokens=1), path="/v1/messages")).json()
        self.assertEqual((anthropic["type"], anthropic["error"]["type"]), ("error", "not_found_error"))
        gemini = self.ask(request(b"{}", path="/v1beta/models/nothing:generateContent")).json()
        self.assertEqual(gemini["error"]["status"], "NOT_FOUND")
        self.assertEqual((anthropic["status"], gemini.get("status")), (404, None))
        for body in (anthropic, gemini):
            self.assertEqual(body["code"], "model_not_found")
            self.assertTrue(body["request_id"])

    def test_405_says_what_is_taken(self):
        for method, path, taken in (("DELETE", "/v1/chat/completions", "POST"), ("PUT", "/v1/models", "GET, HEAD"),
                                    ("POST", "/v1/headrace/limits", "GET, HEAD"), ("TRACE", "/v1/models", "GET, HEAD, POST"),
                                    ("CONNECT", "gateway.test:80", "GET, HEAD, POST")):
            refused = self.ask(request(None, method=method, path=path))
            self.assertEqual((refused.status, refused.headers.get("allow")), (405, taken), method)

    def test_401_says_what_is_wanted(self):
        told = self.ask(request(chat(), key=None))
        self.assertEqual((told.status, told.headers["www-authenticate"]), (401, 'Bearer realm="headrace"'))

    def test_the_gateway_says_404_for_unknown_paths_and_401_without_a_key(self):
        self.assertEqual(self.ask(request(chat(), path="/nothing")).status, 404)
        self.assertEqual(self.ask(request(chat(), key=None)).status, 401)
        self.assertEqual(self.ask(request(chat(), key="hr-unknown-0123456789")).status, 401)

    def test_models_are_listed_in_each_dialects_shape(self):
        openai = self.ask(request(None, method="GET", path="/v1/models")).json()
        self.assertEqual({model["id"] for model in openai["data"]}, {"gpt-4o", "smart", "renamed"})
        anthropic = self.ask(request(None, method="GET", path="/v1/models", headers=["anthropic-version: 2023-06-01"])).json()
        self.assertIn("has_more", anthropic)
        gemini = self.ask(request(None, method="GET", path="/v1beta/models")).json()
        self.assertIn("models", gemini)
        # Google's SDK asks at OpenAI's paths: it is known by its field.
        goog = [f"x-goog-api-key: {KEY}"]
        names = self.ask(request(None, method="GET", path="/v1/models", key=None, headers=goog)).json()
        self.assertEqual(names, gemini)
        one = self.ask(request(None, method="GET", path="/v1/models/gemini-x", key=None, headers=goog)).json()
        self.assertEqual(one["name"], "models/gemini-x")
        self.assertEqual(self.ask(request(None, method="GET", path="/v1/models/gpt-4o", key=None, headers=goog)).status, 404)

    def test_a_model_that_a_key_may_not_use_is_not_there(self):
        key = "hr-CANARY-some-0123456789"
        gateway = Gateway(self.upstream.address)
        text = gateway.config_text().replace("\nkeys:", f"\nkeys:\n  - {{name: some, key: {key}, models: [gpt-4o]}}", 1)
        gateway.config_text = lambda: text
        with gateway, gateway.connect() as connection:
            def get(path):
                return self.ask(request(None, method="GET", path=path, key=key), connection)

            self.assertEqual([model["id"] for model in get("/v1/models").json()["data"]], ["gpt-4o"])
            self.assertEqual(get("/v1/models/gpt-4o").json()["id"], "gpt-4o")
            refused = get("/v1/models/smart")
            self.assertEqual((refused.status, refused.json()["code"]), (404, "model_not_found"))

    def test_paths_of_several_dialects_are_refused_as_the_client_speaks(self):
        for path in ("/v1/files", "/v1/nothing"):
            for headers, form in ((["anthropic-version: 2023-06-01"], "anthropic"), ([f"x-goog-api-key: {KEY}"], "gemini"), ([], "openai")):
                body = self.ask(request(None, method="GET", path=path, headers=headers)).json()
                self.assertEqual(body["type"] == "error", form == "anthropic", (path, form))
                self.assertEqual("status" in body["error"], form == "gemini", (path, form))

    def test_a_moderation_needs_no_model_where_the_usual_one_is_served(self):
        body = b'{"input":"x"}'
        self.assertEqual(self.ask(request(body, path="/v1/moderations")).json()["code"], "model_missing")
        gateway = Gateway(self.upstream.address)
        text = gateway.config_text().replace("[gpt-4o, smart]", "[gpt-4o, smart, omni-moderation-latest]")
        gateway.config_text = lambda: text
        with gateway, gateway.connect() as connection:
            connection.sendall(request(body, path="/v1/moderations"))
            self.assertEqual(Response(connection).status, 200)
            self.assertEqual(self.upstream.requests[-1].body, body)
            self.assertEqual(gateway.log_lines(1)[0]["model"], "omni-moderation-latest")

    def test_the_log_counts_the_bytes_of_what_the_gateway_says_itself(self):
        with Gateway(self.upstream.address) as gateway:
            bodies = []
            for head in (request(None, method="GET", path="/v1/models"), request(chat(model="nothing")),
                         request(None, method="HEAD", path="/v1/models")):
                with gateway.connect() as connection:
                    connection.sendall(head)
                    bodies.append(Response(connection, head_request=head.startswith(b"HEAD")).body)
            lines = gateway.log_lines(3)
        self.assertEqual([line["bytes_out"] for line in lines], [len(body) for body in bodies])
        self.assertEqual([bool(body) for body in bodies], [True, True, False])


if __name__ == "__main__":
    unittest.main()
