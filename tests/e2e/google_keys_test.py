"""Google calls a key that it does not take a bad request, or a forbidden one: by any way to it, what
it says of ours reaches no client, and everything else does as it is."""

import json
import socket
import threading
import time
import unittest

from gateway import KEY, Gateway, Response, chat, request
from upstream import EarlyUpstream, Upstream, answer, chunk

NATIVE = "/v1beta/models/gemini-x:generateContent"
NATIVE_BODY = b'{"contents":[{"parts":[{"text":"hi"}]}]}'
PASSTHROUGH = """passthrough:
  - path: /v1/audio/y
    methods: [GET, POST]
    provider: gemini
  - path: /v1/audio/x
    methods: [POST]
    provider: openai
"""


def sound(path, length, sent):
    """Nothing that anybody would look through."""
    fields = f"Host: x\r\nAuthorization: Bearer {KEY}\r\nAccept-Encoding: gzip\r\nContent-Type: audio/wav\r\nContent-Length: {length}"
    return f"POST {path} HTTP/1.1\r\n{fields}\r\n\r\n".encode() + b"x" * sent


# By its own API, by its OpenAI-compatible one, and passed through unread to either.
WAYS = {
    "native": request(NATIVE_BODY, path=NATIVE),
    "native, streamed": request(NATIVE_BODY, path=NATIVE.replace(":generate", ":streamGenerate")),
    "compatible": request(chat()),
    "compatible, streamed": request(chat(stream=True)),
    "passed through": sound("/v1/audio/y", 100, 100),
    "passed through, JSON": request(b"{}", path="/v1/audio/y"),
    "passed through, without a body": request(method="GET", path="/v1/audio/y"),
    "passed through, compatible": sound("/v1/audio/x", 100, 100),
}
REFUSALS = (("400 Bad Request", "API_KEY_INVALID"), ("403 Forbidden", "API_KEY_SERVICE_BLOCKED"), ("403 Forbidden", "CONSUMER_SUSPENDED"))


class Google(Gateway):
    """Its provider `openai` is Google too."""

    def config_text(self):
        host = f"http://generativelanguage.googleapis.com/v1\n    addresses: [{{address: '{self.upstream}'}}]\n"
        return super().config_text().replace(f"http://{self.upstream}/v1\n", host)


def body_of(reason, message="no", status=400):
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}]
    debug = {"@type": "type.googleapis.com/google.rpc.DebugInfo", "detail": "sk-CANARY-hint"}
    return json.dumps([{"error": {"code": status, "message": message, "details": details + [debug]}}]).encode()


def refusal(reason, message="no", status="400 Bad Request"):
    return answer(body_of(reason, message, int(status[:3])), status=status)


def in_chunks(body, status, size):
    pieces = b"".join(chunk(body[at : at + size]) for at in range(0, len(body), size))
    return f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + pieces + b"0\r\n\r\n"


class GoogleKeys(unittest.TestCase):
    def setUp(self):
        self.said = b""

    def begin(self, upstream=Upstream, **arguments):
        self.upstream = self.enterContext(upstream(self.say))
        return self.enterContext(Google(self.upstream.address, extra=PASSTHROUGH, **arguments))

    def say(self, *seen_and_connection):
        connection = seen_and_connection[-1]
        if not isinstance(self.said, list):
            connection.sendall(self.said)
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in self.said:
            connection.sendall(piece)
            time.sleep(0.01)  # so that they are received one by one

    def ask(self, gateway, sent):
        with gateway.connect() as connection:
            connection.sendall(sent)
            return Response(connection)

    def refused(self, gateway):
        return gateway.metric("headrace_provider_keys_refused_total")

    def assertHidesTheRefusal(self, response):
        self.assertEqual((response.status, response.json()["code"]), (502, "upstream_failed"))
        self.assertEqual(response.headers["x-should-retry"], "false")
        self.assertNotIn(b"sk-CANARY-hint", response.body)

    def assertPassesOn(self, response, status, body):
        self.assertEqual((response.status, response.body, response.whole), (status, body, True))

    def test_what_google_says_of_our_key_is_for_us_alone(self):
        gateway = self.begin()
        for status, reason in REFUSALS:
            self.said = refusal(reason, status=status)
            for way, sent in WAYS.items():
                with self.subTest(way, reason=reason):
                    before = self.refused(gateway)
                    self.assertHidesTheRefusal(self.ask(gateway, sent))
                    self.assertEqual(self.refused(gateway), before + 1)
        log = gateway.log.read_text()
        for provider in ("gemini", "openai"):
            self.assertIn(f"provider {provider} does not take our key", log)
        # Else what it says of a key could not be read.
        self.assertEqual({tuple(seen.all("accept-encoding")) for seen in self.upstream.requests}, {("identity",)})

    def test_in_whatever_pieces_it_comes(self):
        gateway = self.begin()
        body = body_of("API_KEY_INVALID")
        whole = refusal("API_KEY_INVALID")
        large = refusal("API_KEY_INVALID", "m" * 20_000)
        for self.said in (
            in_chunks(body, "400 Bad Request", 3),
            [whole[at : at + 40] for at in range(0, len(whole), 40)],
            large,
            [large[:200], large[200:]],
        ):
            for way in ("native", "compatible", "passed through"):
                self.assertHidesTheRefusal(self.ask(gateway, WAYS[way]))

    def test_bad_and_forbidden_requests_are_the_clients(self):
        """Whole, in chunks, broken, and larger than what is waited for."""
        gateway = self.begin()
        bodies = [
            body_of("FIELD_INVALID"),
            body_of("IAM_PERMISSION_DENIED"),
            body_of("FIELD_INVALID", "m" * 20_000),
            body_of("FIELD_INVALID", "m" * 300_000),
            body_of("API_KEY_INVALID")[3:],
            b"API_KEY_INVALID",
            b"",
        ]
        for status in ("400 Bad Request", "403 Forbidden"):
            for way, sent in WAYS.items():
                for body in bodies:
                    with self.subTest(way, status=status, body=body[:80], bytes=len(body)):
                        self.said = answer(body, status=status)
                        self.assertPassesOn(self.ask(gateway, sent), int(status[:3]), body)
                        self.said = in_chunks(body, status, 4_000)
                        self.assertPassesOn(self.ask(gateway, sent), int(status[:3]), body)
        self.assertEqual(self.refused(gateway), 0)

    def test_other_statuses_and_other_providers_are_not_judged_so(self):
        gateway = self.begin()
        self.said = refusal("API_KEY_INVALID", status="404 Not Found")
        for sent in WAYS.values():
            self.assertEqual(self.ask(gateway, sent).status, 404)
        with Upstream(self.say) as upstream, Gateway(upstream.address, extra=PASSTHROUGH) as elsewhere:
            self.said = refusal("API_KEY_INVALID")
            for way in ("compatible", "passed through, compatible"):
                self.assertEqual(self.ask(elsewhere, WAYS[way]).status, 400)
            self.assertEqual(upstream.requests[-1].all("accept-encoding"), ["gzip"])
            self.assertEqual(self.refused(elsewhere), 0)

    def test_what_google_says_of_the_clients_key_is_the_clients(self):
        gateway = self.begin(provider="    own_keys: optional\n")
        self.said = refusal("API_KEY_INVALID")
        for body, path in ((NATIVE_BODY, NATIVE), (chat(), "/v1/chat/completions")):
            sent = request(body, path=path, key="sk-CANARY-own-0123456789", headers=[f"X-Headrace-Key: {KEY}"])
            self.assertPassesOn(self.ask(gateway, sent), 400, body_of("API_KEY_INVALID"))
        self.assertEqual(self.refused(gateway), 0)

    def test_google_may_say_it_before_it_has_heard_everything(self):
        judged = threading.Event()

        def say(connection):
            connection.sendall(self.said)
            judged.wait(60)

        self.say = say
        gateway = self.begin(EarlyUpstream)
        large = "x" * 20_000_000  # more than what the way there holds
        ways = {
            "native": request(json.dumps({"contents": [{"parts": [{"text": large}]}]}).encode(), path=NATIVE),
            "compatible": request(chat(padding=large)),
            "passed through": sound("/v1/audio/y", 1_000_000, 1),
        }
        for way, sent in ways.items():
            with self.subTest(way):
                self.said = refusal("API_KEY_INVALID")
                self.assertHidesTheRefusal(self.ask(gateway, sent))
                self.said = refusal("FIELD_INVALID", status="403 Forbidden")
                self.assertPassesOn(self.ask(gateway, sent), 403, body_of("FIELD_INVALID", status=403))
        self.assertEqual(self.refused(gateway), len(ways))
        judged.set()
        gateway.wait_for_metric("headrace_requests_in_flight", lambda value: value <= 1)  # this one


if __name__ == "__main__":
    unittest.main()
