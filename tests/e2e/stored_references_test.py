"""What lies in a provider's account and is named in a body: refused in each dialect's own shape where
tenants share the account, passed on untouched where it belongs to one, or to the client."""

import contextlib
import json
import threading
import unittest

from gateway import KEY, Gateway, Response, chat, request
from upstream import EarlyUpstream, Upstream

OWN_KEY = "sk-CANARY-own-0123456789"
GENERATE = "/v1beta/models/gemini-x:generateContent"
FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc"
SCHEMA = {"type": "object", "properties": {"file_id": {"type": "string"}, "container": {"type": "string"}}}


def user(part, **members):
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": [{"type": "text", "text": "Read it."}, part]}], **members}


def claude(part, **members):
    return {**user(part, **members), "model": "claude-x", "max_tokens": 5}


def responses(**members):
    return {"model": "gpt-4o", "input": "Read it.", **members}


def gemini(part, **members):
    return {"contents": [{"role": "user", "parts": [{"text": "Read it."}, part]}], **members}


NAMED = (
    ("/v1/chat/completions", user({"type": "file", "file": {"file_id": "file-1"}})),
    ("/v1/responses", responses(input=[{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}])),
    ("/v1/responses", responses(input=[{"type": "item_reference", "id": "msg_1"}])),
    ("/v1/responses", responses(input=[{"type": "reasoning", "id": "rs_1", "summary": []}])),
    ("/v1/responses", responses(tools=[{"type": "file_search", "vector_store_ids": ["vs_1"]}])),
    ("/v1/responses", responses(tools=[{"type": "code_interpreter", "container": "cntr_1"}])),
    ("/v1/messages", claude({"type": "document", "source": {"type": "file", "file_id": "file_1"}})),
    ("/v1/messages", claude({"type": "container_upload", "file_id": "file_1"})),
    (GENERATE, gemini({"fileData": {"mimeType": "application/pdf", "fileUri": FILE}})),
    (GENERATE, gemini({"file_data": {"mime_type": "application/pdf", "file_uri": "files/abc"}})),
)
NOT_NAMED = (
    ("/v1/chat/completions", user({"type": "text", "text": '{"file": {"file_id": "file-1"}}'}, tools=[{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}])),
    ("/v1/responses", responses(tools=[{"type": "function", "name": "f", "parameters": SCHEMA}, {"type": "code_interpreter", "container": {"type": "auto"}}])),
    ("/v1/responses", responses(input=[{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}])),
    ("/v1/messages", claude({"type": "tool_use", "id": "t", "name": "f", "input": {"file_id": "x", "source": {"file_id": "x"}}}, tools=[{"name": "f", "input_schema": SCHEMA}])),
    (GENERATE, gemini({"fileData": {"mimeType": "video/mp4", "fileUri": "https://www.youtube.com/watch?v=9hE5-98ZeCg"}})),
    (GENERATE, gemini({"functionCall": {"name": "f", "args": {"fileData": {"fileUri": FILE}}}})),
)
FORM = b"multipart/form-data; boundary="
FILE_PART = '; filename="a.bin"\r\nContent-Type: application/octet-stream'


def form(*fields, boundary="b"):
    """Of one field, or of several: (name, content, what else is said of it)."""
    if isinstance(fields[0], str):
        fields = (fields,)
    text = b""
    for name, content, *more in fields:
        text += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{"".join(more)}\r\n\r\n'.encode()
        text += (content if isinstance(content, bytes) else content.encode()) + b"\r\n"
    return text + f"--{boundary}--\r\n".encode()


PASSTHROUGH = """passthrough:
  - {path: "/v1/images/*", provider: openai}
  - {path: "/v1/audio/*", provider: openai}
  - {path: /v1/responses/compact, provider: openai}
  - {path: "/custom/**", provider: openai}
"""
PASSED = (
    ("/v1/images/edits", {"model": "gpt-image-1", "prompt": "p", "images": [{"file_id": "file-1"}]}),
    ("/v1/audio/speech", {"model": "tts", "input": "hi", "voice": {"id": "voice_1"}}),
    ("/v1/responses/compact", {"model": "gpt-4o", "previous_response_id": "resp_1"}),
    ("/v1/responses/compact", responses(input=[{"type": "item_reference", "id": "msg_1"}])),
    ("/custom/responses", responses(store=True)),
    *((f"/custom{path.replace(':', '/')}", body) for path, body in NAMED),
)
PASSED_ON = (
    ("/v1/images/edits", {"model": "gpt-image-1", "prompt": "file_id", "background": "transparent", "images": [{"image_url": "data:x"}]}),
    ("/v1/audio/speech", {"model": "tts", "input": "hi", "voice": "alloy"}),
    *((f"/custom{path.replace(':', '/')}", body) for path, body in NOT_NAMED),
)


def nested(times):
    """Results of tools in each other, a stored file in the innermost."""
    block = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
    for _ in range(times):
        block = {"type": "tool_result", "tool_use_id": "t", "content": [block]}
    return claude(block)


class StoredReferences(unittest.TestCase):
    def start(self, **arguments):
        self.upstream = self.enterContext(Upstream())
        self.gateway = self.enterContext(Gateway(self.upstream.address, **arguments))

    def ask(self, path, body, one_byte=False, **arguments):
        data = request(body if isinstance(body, bytes) else json.dumps(body).encode(), path=path, **arguments)
        with self.gateway.connect() as connection:
            for piece in (data[i : i + 1] for i in range(len(data))) if one_byte else (data,):
                connection.sendall(piece)
            return Response(connection)

    def test_in_a_shared_account_they_are_refused_in_each_dialect(self):
        self.start()
        for path, body in NAMED:
            for one_byte in (False, True):
                refused = self.ask(path, body, one_byte)
                told = refused.json()
                self.assertEqual((refused.status, told["code"]), (400, "unsupported"), body)
                self.assertIn("account is shared", told["detail"])
                if path == "/v1/messages":
                    self.assertEqual((told["type"], told["error"]["type"]), ("error", "invalid_request_error"))
                elif path == GENERATE:
                    self.assertEqual((told["error"]["code"], told["error"]["status"]), (400, "INVALID_ARGUMENT"))
                else:
                    self.assertEqual((told["error"]["type"], told["error"]["code"]), ("invalid_request_error", "unsupported"))
        self.assertEqual(self.upstream.requests, [])

    def test_the_answer_says_where_the_body_names_it(self):
        self.start()
        body = json.dumps(NAMED[0][1]).encode()
        self.assertIn(f"at byte {body.index(b'file-1') - 1}", self.ask(NAMED[0][0], body).json()["detail"])

    def test_what_is_too_deep_to_be_seen_is_refused_there_alone(self):
        self.start()
        for times in (3, 4, 20):
            refused = self.ask("/v1/messages", nested(times)).json()
            self.assertEqual(refused["code"], "unsupported", times)
            self.assertEqual("nested too deeply" in refused["detail"], times > 3, refused)
            self.assertIn("account is shared", refused["detail"])
        self.assertEqual(self.upstream.requests, [])
        self.start(provider="    exclusive: true\n")
        self.assertEqual(self.ask("/v1/messages", nested(20)).status, 200)

    def test_what_a_client_fills_as_it_likes_is_no_reference(self):
        self.start()
        for path, body in NOT_NAMED:
            self.assertEqual(self.ask(path, body).status, 200, body)

    def test_in_an_account_of_one_tenant_they_pass_untouched(self):
        self.start(provider="    exclusive: true\n")
        for path, body in NAMED:
            self.assertEqual(self.ask(path, body).status, 200, body)
            self.assertEqual(self.upstream.requests[-1].json(), body)

    def test_in_the_clients_own_account_they_pass(self):
        self.start(provider="    own_keys: optional\n")
        path, body = NAMED[0]
        headers = [f"X-Headrace-Key: {KEY}"]
        self.assertEqual(self.ask(path, body, key=OWN_KEY, headers=headers).status, 200)
        self.assertEqual(self.upstream.requests[-1].all("Authorization"), [f"Bearer {OWN_KEY}"])
        # Whoever repeats the gateway's key brings none.
        self.assertEqual(self.ask(path, body, key=KEY, headers=headers).status, 400)

    def test_what_passes_through_into_a_shared_account_is_looked_through(self):
        self.start(extra=PASSTHROUGH)
        for path, body in PASSED:
            for one_byte in (False, True):
                refused = self.ask(path, body, one_byte)
                self.assertEqual((refused.status, refused.json()["code"]), (400, "unsupported"), body)
                self.assertIn("account is shared", refused.json()["detail"])
        body = json.dumps(PASSED[0][1]).encode()
        self.assertIn(f"at byte {body.index(b'file-1') - 1}", self.ask(PASSED[0][0], body).json()["detail"])
        chunked = request(None, path=PASSED[0][0], headers=["Transfer-Encoding: chunked"]) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        with self.gateway.connect() as connection:
            connection.sendall(chunked)
            self.assertEqual(Response(connection).status, 400)
        self.assertEqual(self.upstream.requests, [])

    def test_what_passes_through_and_names_nothing_arrives_as_it_was_sent(self):
        self.start(extra=PASSTHROUGH)
        for path, body in PASSED_ON:
            data = json.dumps(body, indent=1).encode()
            for one_byte in (False, True):
                self.assertEqual(self.ask(path, data, one_byte).status, 200, body)
                self.assertEqual(self.upstream.requests[-1].body, data)
        large = json.dumps({"model": "m", "prompt": "p" * 300_000}).encode()
        self.assertEqual(self.ask("/v1/images/edits", large).status, 200)
        self.assertEqual(self.upstream.requests[-1].body, large)
        self.assertEqual(self.ask("/v1/images/edits", b"", headers=()).status, 200)

    def test_what_cannot_be_looked_through_does_not_pass_into_a_shared_account(self):
        named = json.dumps(PASSED[0][1]).encode()
        self.start(extra=PASSTHROUGH)
        for body, change, status, code in (
            (b"\x1f\x8b\x08" + named, b"Content-Encoding: gzip\r\nContent-Type: application/json", 415, "unsupported_media"),
            (named, b"Content-Type: application/json; charset=utf-7", 415, "unsupported_media"),
            (named, b"Content-Type: text/plain", 415, "unsupported_media"),
            (b" \n" + named, b"Content-Type: application/x-www-form-urlencoded", 415, "unsupported_media"),
            (named, b"Content-Type: multipart/form-data; boundary=b", 400, "invalid_body"),
            (form("model", "m"), b"Content-Type: multipart/form-data", 415, "unsupported_media"),
            (form("model", "m"), b"Content-Type: multipart/mixed; boundary=b", 415, "unsupported_media"),
            (b"file_id=file-1", b"Content-Type: application/x-www-form-urlencoded", 415, "unsupported_media"),
            (b'{"x":"&file_id=file-1&y="}', b"Content-Type: application/x-www-form-urlencoded; a=json", 415, "unsupported_media"),
            (form("model", "m") + b"x", b"Content-Type: multipart/form-data; boundary=b", 400, "invalid_body"),
            (form("model", "m")[:-6], b"Content-Type: multipart/form-data; boundary=b", 400, "invalid_body"),
            (form("model", "m")[2:], b"Content-Type: multipart/form-data; boundary=b", 400, "invalid_body"),
            (form("image", b"x\n--b\nx", FILE_PART), b"Content-Type: multipart/form-data; boundary=b", 400, "invalid_body"),
            (form("model\\", "m"), b"Content-Type: multipart/form-data; boundary=b", 400, "invalid_body"),
            (named.decode().encode("utf-16"), b"Content-Type: application/octet-stream", 415, "unsupported_media"),
            (named + b"x", b"Content-Type: application/json", 400, "invalid_body"),
            (named[:-1], b"Content-Type: application/vnd.x+json", 400, "invalid_body"),
            (b"name=file-1", b"X-Type: none", 400, "invalid_body"),
        ):
            for one_byte in (False, True):
                with self.subTest(change=change, one_byte=one_byte), self.gateway.connect() as connection:
                    data = request(body, path="/v1/images/edits").replace(b"Content-Type: application/json", change)
                    for piece in (data[i : i + 1] for i in range(len(data))) if one_byte else (data,):
                        try:
                            connection.sendall(piece)
                        except OSError:
                            break
                    refused = Response(connection)
                    self.assertEqual((refused.status, refused.json()["code"]), (status, code))
                    self.assertEqual("account is shared" in refused.json()["detail"], status == 415 or b"multipart" in change)
        self.assertEqual(self.upstream.requests, [])

    def send(self, data, one_byte=False):
        with self.gateway.connect() as connection:
            try:
                for piece in (data[i : i + 1] for i in range(len(data))) if one_byte else (data,):
                    connection.sendall(piece)
            except OSError:
                pass  # answered before it was whole
            return Response(connection)

    def test_forms_and_sound_pass_through_into_a_shared_account(self):
        self.start(extra=PASSTHROUGH)
        sound = b"RIFF" + bytes(range(256)) * 400
        fields = (("model", "m"), ("prompt", "file_id: [x] {y}"), ("file", sound, FILE_PART), ("file_id", ""), ("chunking_strategy", '{"type": "server_vad"}'))
        for body, kind in ((form(*fields), FORM), (form(*fields, boundary="json"), FORM + b"json"), (sound, b"audio/wav"), (b"{}", b"application/octet-stream")):
            if kind == FORM:
                kind += b"b"
            for one_byte in (False, True):
                data = request(body, path="/v1/audio/transcriptions").replace(b"application/json", kind)
                self.assertEqual(self.send(data, one_byte and len(body) < 1_000).status, 200, kind)
                self.assertEqual(self.upstream.requests[-1].body, body)
            data = request(None, path="/v1/audio/x", headers=[f"Content-Type: {kind.decode()}", "Transfer-Encoding: chunked"])
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[at : at + 999]), body[at : at + 999]) for at in range(0, len(body), 999))
            self.assertEqual(self.send(data + chunks + b"0\r\n\r\n").status, 200, kind)
            self.assertEqual(self.upstream.requests[-1].body, body)

    def test_a_form_that_names_something_never_gets_there_whole(self):
        self.start(extra=PASSTHROUGH)
        image = ("image", bytes(range(32, 127)) * 20_000, FILE_PART)
        for field in (
            ("file_id", "file-1"),
            ("images[0][file_id]", "file-1"),
            ("session", '{"type": "realtime", "prompt": {"id": "pmpt_1"}}'),
            ("mask", '{"file_id": "file-1"}', FILE_PART),
            ("store", "true"),
        ):
            for fields in ((field,), (field, image), (image, field), (image, field, ("model", "m"))):
                body = form(*fields)
                data = request(body, path="/v1/images/edits").replace(b"application/json", FORM + b"b")
                refused = self.send(data, len(body) < 1_000)
                told = refused.json()
                self.assertEqual((refused.status, told["code"]), (400, "unsupported"), fields[-1])
                self.assertIn("account is shared", told["detail"])
                self.assertIn(f"at byte {body.index(field[1].encode())}", told["detail"])
        self.assertEqual(self.upstream.requests, [])
        self.gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value <= 1)
        self.start(extra=PASSTHROUGH, provider="    exclusive: true\n")
        self.assertEqual(self.send(data).status, 200)
        self.assertEqual(self.upstream.requests[-1].body, body)

    def test_a_form_that_was_answered_early_is_broken_off_all_the_same(self):
        broken_off = threading.Event()

        def say(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(1000):
                    pass
            broken_off.set()

        body = form(("model", "m"), ("file_id", "file-1"))
        data = request(body, path="/v1/images/edits").replace(b"application/json", FORM + b"b")
        begun = len(data) - len(body) + 20
        with EarlyUpstream(say) as upstream, Gateway(upstream.address, extra=PASSTHROUGH) as gateway:
            with gateway.connect() as connection:
                connection.sendall(data[:begun])
                told = b""
                while not told.endswith(b"12345"):
                    told += connection.recv(1000)
                connection.sendall(data[begun:])
                self.assertTrue(broken_off.wait(60))
                with contextlib.suppress(ConnectionResetError):
                    self.assertEqual(connection.recv(1000), b"")
            gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value <= 1)

    def test_paths_of_stored_objects_are_that_under_any_prefix(self):
        rules = 'passthrough: [{path: "/custom/**", methods: [GET, POST], provider: openai}, {path: "/V1/*", methods: [GET], provider: openai}, {path: "/v1beta/models/*", provider: openai}]'
        stored = ("/custom/openai/v1/files", "/custom/files/f_1/content", "/custom/v1/responses/resp_1", "/custom/Vector-Stores", "/custom/chat/completions", "/V1/BATCHES")
        self.start(extra=rules)
        for path in stored:
            refused = self.ask(path, b"", method="GET")
            self.assertEqual((refused.status, refused.json()["code"]), (404, "path_not_found"), path)
            self.assertIn("stored", refused.json()["detail"].lower(), path)
        self.assertEqual(self.ask("/v1beta/models/g%3AbatchGenerateContent", b"{}").status, 404)
        self.assertEqual(self.upstream.requests, [])
        for path in ("/custom/deployments/d/images/generations", "/custom/v1/responses", "/custom/chat/completions"):
            self.assertEqual(self.ask(path, b"{}").status, 200, path)
        self.start(extra=rules, provider="    exclusive: true\n")
        for path in stored:
            self.assertEqual(self.ask(path, b"", method="GET").status, 200, path)

    def test_what_passes_through_into_an_account_of_ones_own_is_not_looked_through(self):
        body = json.dumps(PASSED[0][1]).encode()
        for provider, key, headers in (
            ("    exclusive: true\n", KEY, []),
            ("    own_keys: optional\n", OWN_KEY, [f"X-Headrace-Key: {KEY}"]),
        ):
            self.start(extra=PASSTHROUGH, provider=provider)
            for sent in (body, b"not JSON", body + b"x"):
                self.assertEqual(self.ask("/v1/images/edits", sent, key=key, headers=headers).status, 200)
                self.assertEqual(self.upstream.requests[-1].body, sent)
            packed = ["Content-Encoding: gzip", *headers]
            self.assertEqual(self.ask("/v1/images/edits", body, key=key, headers=packed).status, 200)

    def test_a_name_in_other_letters_is_refused(self):
        self.start()
        for part in ({"file": {"File_ID": "file-1"}}, {"File": {"file_id": "file-1"}}):
            refused = self.ask("/v1/chat/completions", user(part))
            self.assertEqual((refused.status, refused.json()["code"]), (400, "invalid_body"))
        self.assertEqual(self.ask("/v1/chat/completions", chat()).status, 200)


if __name__ == "__main__":
    unittest.main()
