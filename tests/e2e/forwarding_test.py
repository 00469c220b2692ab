"""What reaches the provider, and what comes back: written anew, exactly one credential, nothing of
one side leaks to the other."""

import json
import threading
import unittest

from gateway import KEY, PROVIDER_KEY, Gateway, Response, chat, read_to_end, request
from upstream import CHAT, CHAT_ANSWER, Upstream, answer, chunk, reset


class Forwarding(unittest.TestCase):
    def setUp(self):
        self.script = lambda request, connection: connection.sendall(CHAT_ANSWER)
        self.upstream = Upstream(lambda *args: self.script(*args)).__enter__()
        self.gateway = Gateway(self.upstream.address).__enter__()

    def tearDown(self):
        self.gateway.__exit__(None, None, None)
        self.upstream.__exit__()

    def ask(self, data, connection=None):
        if connection is not None:
            connection.sendall(data)
            return Response(connection)
        with self.gateway.connect() as connection:
            connection.sendall(data)
            return Response(connection)

    def test_the_body_arrives_untouched(self):
        body = json.dumps({"model": "gpt-4o", "unknown": [1e5, None, {"ü": "\U0001f600"}], "messages": []}).encode()
        self.assertEqual(self.ask(request(body)).status, 200)
        self.assertEqual(self.upstream.requests[0].body, body)

    def test_large_bodies_arrive_whole(self):
        for size in (5_000, 70_000, 400_000, 3_000_000):
            body = chat(padding="x" * size)
            with self.subTest(size=size):
                self.assertEqual(self.ask(request(body)).status, 200)
                self.assertEqual(self.upstream.requests[-1].body, body)

    def test_a_chunked_body_arrives_with_a_length(self):
        body = chat(padding="y" * 50_000)
        pieces = b"".join(chunk(body[i : i + 777]) for i in range(0, len(body), 777)) + b"0\r\n\r\n"
        head = request(None, headers=["Transfer-Encoding: chunked", "Content-Type: application/json"])
        self.assertEqual(self.ask(head + pieces).status, 200)
        self.assertEqual(self.upstream.requests[0].body, body)
        self.assertEqual(self.upstream.requests[0].all("content-length"), [str(len(body))])

    def test_a_body_in_single_bytes_arrives_whole(self):
        data = request(chat())
        with self.gateway.connect() as connection:
            for i in range(len(data)):
                connection.sendall(data[i : i + 1])
            self.assertEqual(Response(connection).status, 200)
        self.assertEqual(self.upstream.requests[0].body, chat())

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
        names = {"OpenAI-Organization": "org-theirs", "OpenAI-Project": "proj-theirs", "X-Goog-User-Project": "billed"}
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

    def test_nothing_in_a_body_changes_where_it_is_sent(self):
        evil = {name: "http://169.254.169.254/" for name in ("api_base", "base_url", "endpoint", "host", "url", "api_url")}
        body = chat(**evil, nested={"deep": [evil]})
        self.assertEqual(self.ask(request(body)).status, 200)
        self.assertEqual(self.upstream.requests[0].all("Host"), [self.upstream.address])

    def test_a_model_is_renamed_in_the_body_only_there(self):
        body = b'{"messages":[{"role":"user","content":"\\"model\\":\\"renamed\\""}], "model" : "renamed", "x":{"model":"renamed"}}'
        self.assertEqual(self.ask(request(body)).status, 200)
        self.assertEqual(self.upstream.requests[0].body, body.replace(b'"model" : "renamed"', b'"model" : "gpt-4o"'))

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

    def test_pipelined_requests_are_answered_in_order(self):
        def echo(request, connection):
            connection.sendall(answer(json.dumps({"seen": request.json()["n"]}).encode()))

        self.script = echo
        with self.gateway.connect() as connection:
            connection.sendall(b"".join(request(chat(n=i)) for i in range(20)))
            buffered = b""
            for i in range(20):
                response = Response(connection, buffered)
                buffered = response.rest
                self.assertEqual(response.json()["seen"], i)

    def test_expect_continue_is_answered_before_the_body(self):
        body = chat()
        with self.gateway.connect() as connection:
            head = request(body, headers=["Expect: 100-continue"])[: -len(body)]
            connection.sendall(head)
            self.assertEqual(Response(connection).status, 100)
            connection.sendall(body)
            self.assertEqual(Response(connection).status, 200)

    def test_http_1_0_clients_get_answers_they_understand(self):
        def chunked(request, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(json.dumps(CHAT).encode()) + b"0\r\n\r\n")

        self.script = chunked
        response = self.ask(request(chat(), version="1.0"))
        self.assertEqual(response.json()["usage"]["total_tokens"], 18)
        self.assertNotIn("transfer-encoding", response.headers)

    def test_usage_is_read_by_its_place_only(self):
        self.assertEqual(self.ask(request(chat())).json(), CHAT)
        line = self.gateway.log_lines(1)[0]
        self.assertEqual((line["tokens_in"], line["tokens_out"], line["usage_source"]), (11, 7, "provider"))

    def test_usage_is_read_however_the_type_is_written(self):
        body = json.dumps(CHAT).encode()
        types = ("Application/JSON", "application/json; charset=utf-8", "APPLICATION/JSON ;x=y")
        for kind in types:
            self.script = lambda request, connection: connection.sendall(answer(body, content_type=kind, headers=["Content-Encoding: identity"]))
            self.assertEqual(self.ask(request(chat())).json(), CHAT)
        self.script = lambda request, connection: connection.sendall(answer(body, content_type="application/jsonish"))
        self.ask(request(chat()))
        lines = self.gateway.log_lines(len(types) + 1)
        self.assertEqual([line.get("tokens_in") for line in lines], [11] * len(types) + [None])

    def test_requests_reuse_the_upstream_connection(self):
        with self.gateway.connect() as connection:
            for _ in range(50):
                self.assertEqual(self.ask(request(chat()), connection).status, 200)
        self.assertEqual(self.upstream.connections, 1)

    def test_a_dead_kept_connection_costs_no_request(self):
        def once(request, connection):
            connection.sendall(CHAT_ANSWER)
            return False  # kept by what was said, closed all the same

        self.script = once
        with self.gateway.connect() as connection:
            for _ in range(20):
                self.assertEqual(self.ask(request(chat()), connection).status, 200)

    def test_bytes_behind_an_answer_never_meet_the_next_request(self):
        poison = answer(b'{"stolen":true}')
        self.script = lambda request, connection: connection.sendall(CHAT_ANSWER + poison)
        with self.gateway.connect() as connection:
            for _ in range(10):
                response = self.ask(request(chat()), connection)
                self.assertNotIn(b"stolen", response.body)
                self.assertEqual(response.rest, b"")

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

    def test_an_upstream_that_is_away_gives_502(self):
        self.script = lambda request, connection: reset(connection)
        response = self.ask(request(chat()))
        self.assertEqual(response.status, 502)
        self.assertNotIn(self.upstream.address, response.body.decode())


HOSTILE = [
    ("HTTP/0.9", b"hello there\r\n\r\n"),
    ("length and chunked", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    ("a length that overflows", b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\nhello"),
    ("switching protocols", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
    ("no colon", b"HTTP/1.1 200 OK\r\nnothing\r\nContent-Length: 0\r\n\r\n"),
    ("space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"),
    ("a folded line", b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"),
    ("a NUL", b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n"),
    ("a bare CR", b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n"),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    ("an unknown coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx"),
    ("a huge head", b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 900) for i in range(60)) + b"\r\n"),
]


class HostileUpstream(unittest.TestCase):
    def test_answers_that_are_not_http_become_502(self):
        current = [b""]

        def script(request, connection):
            data = current[0]
            if one_byte[0]:
                for i in range(len(data)):
                    connection.sendall(data[i : i + 1])
            else:
                connection.sendall(data)
            return False

        one_byte = [False]
        with Upstream(script) as upstream, Gateway(upstream.address) as gateway:
            for what, data in HOSTILE:
                for one_byte[0] in (False, True) if len(data) < 4000 else (False,):
                    with self.subTest(what=what, one_byte=one_byte[0]), gateway.connect() as connection:
                        current[0] = data
                        connection.sendall(request(chat()))
                        response = Response(connection)
                        self.assertEqual(response.status, 502)
                        self.assertTrue(response.whole)
                        # The client's connection is sound: it goes on.
                        current[0] = CHAT_ANSWER
                        connection.sendall(request(chat()))
                        self.assertEqual(Response(connection).status, 200)

    def test_a_broken_body_stays_visibly_incomplete(self):
        pieces = {
            "too short": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\nhello",
            "chunked, cut": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "a bad chunk": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
        }
        current = [b""]

        def script(request, connection):
            connection.sendall(current[0])
            return False

        with Upstream(script) as upstream, Gateway(upstream.address) as gateway:
            for what, current[0] in pieces.items():
                with self.subTest(what=what), gateway.connect() as connection:
                    connection.sendall(request(chat()))
                    response = Response(connection)
                    self.assertEqual(response.status, 200)
                    self.assertFalse(response.whole)
                    self.assertEqual(response.body[:5], b"hello")


if __name__ == "__main__":
    unittest.main()
