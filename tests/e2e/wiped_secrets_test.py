"""What is read of keys and secrets stands in memory where it is used, and nowhere else."""

import array
import base64
import itertools
import json
import os
import pathlib
import re
import secrets
import tempfile
import unittest

from gateway import PROVIDER_KEY, Gateway
from tls_test import certificate
from upstream import Upstream

PROVIDERS = 3  # of the gateway of these tests


PAGE = os.sysconf("SC_PAGE_SIZE")
PAGE_IS_THERE = 0b11 << 62  # in memory, or swapped out: proc(5), pagemap


def memory_of(process):
    """All that the process can write to and has touched, by runs of pages."""
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/pagemap", "rb", 0) as pages, \
            open(f"/proc/{process}/mem", "rb", 0) as memory:
        for line in maps:
            begin, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            if not rights.startswith("rw") or "[v" in line:
                continue
            first = int(begin, 16) // PAGE
            entries = array.array("Q", os.pread(pages.fileno(), (int(end, 16) // PAGE - first) * 8, first * 8))
            for there, run in itertools.groupby(range(len(entries)), lambda page: entries[page] & PAGE_IS_THERE != 0):
                if there:
                    run = list(run)
                    yield os.pread(memory.fileno(), len(run) * PAGE, (first + run[0]) * PAGE)


class SecretGateway(Gateway):
    """Its credential stands in a file."""

    def __init__(self, credential, *arguments, **named):
        super().__init__(*arguments, **named)
        self.credential_file = credential

    def config_text(self):
        return super().config_text().replace(f"credential: {PROVIDER_KEY}", f'credential: "${{file:{self.credential_file}}}"')


class WipedSecrets(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="headrace-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def count(self, gateway, secret):
        return sum(pages.count(secret.encode()) for pages in memory_of(gateway.process.pid))

    def test_secrets_are_where_they_are_used_alone(self):
        credential, ticket, field, hmac, proof = ("CANARY" + secrets.token_hex(24) for _ in range(5))
        k = base64.urlsafe_b64encode(secrets.token_bytes(48)).decode()
        jwks = json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "kid": "a", "k": k}]})
        chain, key = certificate(self.folder, "gateway", ["gateway.test"])
        tickets = self.file("tickets", f"{ticket}\n{secrets.token_hex(24)}\n")
        listener = f"    tls: true\n    certificates: [{{certificate_file: {chain}, key_file: {key}}}]\n    ticket_key_file: {tickets}\n"
        provider = f"""    headers_add: {{X-Canary: "${{file:{self.file("field", field)}}} {"and what makes a longer text of it" * 4}"}}
    egress_proxy: "http://127.0.0.1:9"
    egress_proxy_credential: "${{file:{self.file("proof", "user:" + proof)}}}"
"""
        issuers = f"""token_issuers:
  - {{name: a, issuer: "https://a", audiences: [a], tenant: default, keys_file: {self.file("jwks", jwks)}}}
  - {{name: b, issuer: "https://b", audiences: [b], tenant: default, secret: "${{file:{self.file("hmac", hmac)}}}"}}
"""
        line = pathlib.Path(key).read_text().splitlines()[1]
        with Upstream() as upstream, SecretGateway(self.file("credential", credential), upstream.address, listener=listener,
                                                   provider=provider, extra=issuers) as gateway:
            for secret, times in ((credential, PROVIDERS), (field, PROVIDERS), (hmac, 1), (proof, 0), (ticket, 0), (k, 0), (line, 0)):
                self.assertEqual(self.count(gateway, secret), times, secret)


if __name__ == "__main__":
    unittest.main()
