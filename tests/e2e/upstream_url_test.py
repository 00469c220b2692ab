"""The URL that a provider is asked by: what a config adds and removes, a credential that stands in it, and
the provider's own name of a model in its path."""

import unittest

from gateway import KEY, PROVIDER_KEY, Gateway, Response, chat, request
from upstream import Upstream

GEMINI = b'{"contents":[]}'


class Renaming(Gateway):
    """Its clients know the one model of Gemini by another name."""

    def config_text(self):
        return super().config_text().replace("\nkeys:", """
  - {models: [quick], targets: [{provider: gemini, model: gemini-2.5-flash}]}
keys:""", 1)


class WithCredential(Gateway):
    """Its providers' credential is this one."""

    def __init__(self, upstream, credential, **more):
        self.credential = credential
        super().__init__(upstream, **more)

    def config_text(self):
        return super().config_text().replace(f"credential: {PROVIDER_KEY}", f'credential: "{self.credential}"')


class UpstreamUrls(unittest.TestCase):
    def setUp(self):
        self.upstream = self.enterContext(Upstream())

    def ask(self, gateway, data):
        """The request line that the provider saw."""
        with gateway.connect() as connection:
            connection.sendall(data)
            self.assertEqual(Response(connection).status, 200)
        return self.upstream.requests[-1].line

    def test_parameters_are_added_as_they_are_written_and_removed_however_they_are_written(self):
        provider = '    query_add: {api-version: "2024%2F06", mode: "a,b@c"}\n    query_remove: [beta]\n'
        with Gateway(self.upstream.address, provider=provider) as gateway:
            for asked, told in (("", "?api-version=2024%2F06&mode=a,b@c"),
                                ("?keep=a%20b&alpha", "?keep=a%20b&alpha&api-version=2024%2F06&mode=a,b@c"),
                                ("?beta=1&b%65ta=2&beta&betas=3", "?betas=3&api-version=2024%2F06&mode=a,b@c")):
                with self.subTest(asked=asked):
                    line = self.ask(gateway, request(chat(), path="/v1/chat/completions" + asked))
                    self.assertEqual(line, f"POST /v1/chat/completions{told} HTTP/1.1")

    def test_a_credential_in_the_url_stands_there_alone_and_in_no_log(self):
        provider = "    auth: query\n    auth_name: code\n    query_add: {a: b}\n"
        with WithCredential(self.upstream.address, "CANARY%2Fcode!1", provider=provider) as gateway:
            line = self.ask(gateway, request(chat(), path="/v1/chat/completions?x=y"))
            self.assertEqual(line, "POST /v1/chat/completions?x=y&code=CANARY%2Fcode!1&a=b HTTP/1.1")
            for name in ("authorization", "x-api-key", "api-key", "code"):
                self.assertEqual(self.upstream.requests[-1].all(name), [], name)
            gateway.log_lines(1)
            for told in (gateway.access_log.read_text(), gateway.log.read_text(), gateway.admin("/metrics").decode()):
                self.assertNotIn("CANARY", told)

    def test_a_clients_own_key_is_escaped_where_it_stands_in_the_url(self):
        provider = "    auth: query\n    auth_name: code\n    own_keys: required\n"
        with Gateway(self.upstream.address, provider=provider) as gateway:
            headers = [f"X-Headrace-Key: {KEY}", "x-api-key: CANARY/own+key=1&admin=1"]
            line = self.ask(gateway, request(chat(), key=None, headers=headers))
            self.assertEqual(line, "POST /v1/chat/completions?code=CANARY%2Fown%2Bkey%3D1%26admin%3D1 HTTP/1.1")
            self.assertNotIn(PROVIDER_KEY.encode(), self.upstream.requests[-1].head)
            gateway.log_lines(1)
            self.assertNotIn("CANARY", gateway.access_log.read_text())

    def test_a_model_in_the_path_has_the_name_that_its_provider_knows(self):
        with Renaming(self.upstream.address) as gateway:
            for method, query in (("generateContent", ""), ("streamGenerateContent", "?alt=sse"), ("countTokens", "")):
                with self.subTest(method=method):
                    line = self.ask(gateway, request(GEMINI, path=f"/v1beta/models/quick:{method}{query}"))
                    self.assertEqual(line, f"POST /v1beta/models/gemini-2.5-flash:{method}{query} HTTP/1.1")
            line = self.ask(gateway, request(GEMINI, path="/v1beta/models/gemini-pro:generateContent"))
            self.assertEqual(line, "POST /v1beta/models/gemini-pro:generateContent HTTP/1.1")


class ManyModels(Gateway):
    NAMES = [f"gpt-4o-{number:03}-{'x' * 100}" for number in range(400)]

    def config_text(self):
        routes = "".join(f"\n  - {{models: [{', '.join(self.NAMES[at : at + 50])}], targets: [{{provider: openai}}]}}"
                         for at in range(0, len(self.NAMES), 50))
        return super().config_text().replace("\nkeys:", f"{routes}\nkeys:", 1)


class ModelsLists(unittest.TestCase):
    def test_a_list_that_no_head_has_room_for_is_told_whole(self):
        with ManyModels("127.0.0.1:1") as gateway, gateway.connect() as connection:
            connection.sendall(request(method="GET", path="/v1/models"))
            answer = Response(connection)
            self.assertEqual(answer.status, 200)
            self.assertGreater(len(answer.body), 65536)
            told = [model["id"] for model in answer.json()["data"]]
            self.assertEqual(sorted(told), sorted([*ManyModels.NAMES, "gpt-4o", "smart", "renamed"]))


if __name__ == "__main__":
    unittest.main()
