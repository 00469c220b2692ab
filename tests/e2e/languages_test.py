"""What the gateway says is said in the client's language, in every dialect's shape."""

import json
import unittest

from gateway import Gateway, Response, chat, request
from upstream import Upstream

UNKNOWN_KEY = {
    "en": "The API key is not known.",
    "de": "Der API-Schlüssel ist nicht bekannt.",
    "fr": "La clé d'API n'est pas connue.",
    "es": "La clave de API no es conocida.",
}
NOBODY = "hr-CANARY-nobody-0123456789"


class FrenchTenant(Gateway):
    def config_text(self):
        text = super().config_text().replace("\n  - name: test\n", "\n  - name: test\n    tenant: acme\n")
        return text + "tenants: [{name: acme, language: fr}]\n"


class TenantsLanguage(unittest.TestCase):
    def test_it_is_spoken_to_those_who_ask_for_none(self):
        with Upstream() as upstream, FrenchTenant(upstream.address) as gateway, gateway.connect() as connection:
            for ranges, language in (("ja", "fr"), ("*", "fr"), ("de", "de"), ("fr;q=0, *", "en")):
                connection.sendall(request(chat(model="nothing"), headers=[f"Accept-Language: {ranges}"]))
                self.assertEqual(Response(connection).headers["content-language"], language, ranges)
            connection.sendall(request(chat(model="nothing")))
            self.assertEqual(Response(connection).headers["content-language"], "fr")


class Languages(unittest.TestCase):
    def setUp(self):
        self.upstream = self.enterContext(Upstream())
        self.gateway = self.enterContext(Gateway(self.upstream.address))
        self.connection = self.enterContext(self.gateway.connect())

    def ask(self, message):
        self.connection.sendall(message)
        return Response(self.connection)

    def refused(self, path="/v1/chat/completions", headers=(), body=None):
        with self.gateway.connect() as connection:
            connection.sendall(request(body or chat(), path=path, key=NOBODY, headers=headers))
            return Response(connection)

    def assertSpeaks(self, language, answer):
        self.assertEqual(answer.status, 401)
        self.assertEqual(answer.headers["content-language"], language)
        self.assertEqual(answer.headers["vary"], "Accept-Language")
        body = answer.json()
        self.assertEqual(body["detail"], UNKNOWN_KEY[language])
        self.assertEqual(body["error"]["message"], UNKNOWN_KEY[language])
        self.assertEqual(body["code"], "unauthenticated")
        return body

    def test_accept_language_chooses_by_quality(self):
        for ranges, language in (
            ("de", "de"),
            ("fr-CA, en;q=0.5", "fr"),
            ("ja, es;q=0.2, de;q=0.1", "es"),
            ("en;q=0, *", "de"),
            ("*", "en"),
            ("ja", "en"),
            (";;nonsense,,", "en"),
        ):
            with self.subTest(ranges=ranges):
                self.assertSpeaks(language, self.refused(headers=[f"Accept-Language: {ranges}"]))
        self.assertSpeaks("en", self.refused())

    def test_lang_goes_before_accept_language(self):
        header = ["Accept-Language: fr"]
        self.assertSpeaks("es", self.refused("/v1/chat/completions?lang=es", header))
        self.assertSpeaks("de", self.refused("/v1/chat/completions?x=1&lang=de-AT", header))
        self.assertSpeaks("fr", self.refused("/v1/chat/completions?lang=tlh", header))

    def test_every_dialect_has_it(self):
        german = ["Accept-Language: de"]
        anthropic = chat(model="claude-x", max_tokens=1)
        for path, body in (
            ("/v1/chat/completions", chat()),
            ("/v1/messages", anthropic),
            ("/v1beta/models/gemini-x:generateContent", b"{}"),
        ):
            with self.subTest(path=path):
                body = self.assertSpeaks("de", self.refused(path, german, body))
                self.assertEqual(body["title"], "Der API-Schlüssel fehlt oder ist nicht gültig")

    def test_a_refusal_long_after_the_head_has_it_too(self):
        answer = self.ask(request(b'{"model":"nothing"}', headers=["Accept-Language: fr"]))
        self.assertEqual((answer.status, answer.headers["content-language"]), (404, "fr"))
        self.assertEqual(answer.json()["detail"], "Ce modèle n'existe pas ici.")
        answer = self.ask(request(b'{"model":5}', headers=["Accept-Language: es"]))
        self.assertEqual(answer.json()["detail"], "model: debe ser una cadena (en el byte 9)")

    def test_lang_does_not_go_upstream(self):
        for query, passed in (
            ("?lang=de", ""),
            ("?a=1&lang=de&b=2", "?a=1&b=2"),
            ("?LANG=de&%6cang=de&language=de", "?language=de"),
        ):
            with self.subTest(query=query):
                answer = self.ask(request(chat(), path="/v1/chat/completions" + query))
                self.assertEqual(answer.status, 200)
                self.assertNotIn("content-language", answer.headers)
                self.assertEqual(self.upstream.requests[-1].line, f"POST /v1/chat/completions{passed} HTTP/1.1")

    def test_a_moments_shortage_says_when_to_come_back(self):
        self.upstream.script = lambda _, connection: False
        answer = self.ask(request(chat(), headers=["Accept-Language: de"]))
        self.assertEqual(answer.status, 502)
        self.assertEqual(answer.json()["title"], "Der Anbieter hat versagt")
        self.assertNotIn("retry-after", answer.headers)

    def test_a_head_that_cannot_be_read_is_answered_in_english(self):
        self.connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAccept-Language: de\r\nBad Name: x\r\n\r\n")
        answer = Response(self.connection)
        self.assertEqual((answer.status, answer.headers["content-language"]), (400, "en"))
        self.assertEqual(json.loads(answer.body)["title"], "The request is not valid")

    def test_a_stream_that_breaks_ends_in_the_clients_language(self):
        def break_off(_, connection):
            event = b'data: {"a":1}\n\n'
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                + b"%x\r\n%s\r\n" % (len(event), event)
            )
            return False

        self.upstream.script = break_off
        answer = self.ask(request(chat(stream=True), headers=["Accept-Language: de"]))
        self.assertIn("Der Anbieter brach mitten in seiner Antwort ab.", answer.body.decode())


if __name__ == "__main__":
    unittest.main()
